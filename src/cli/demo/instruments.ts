/** Small synthesisers, one note each. All times are seconds; what comes back fades to silence by itself. */

/** Numbers of −1…1 without a pattern, the same every time. */
export function noiseSource(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

function rendered(sampleRate: number, seconds: number, value: (t: number, n: number) => number): Float32Array {
  return Float32Array.from({ length: Math.round(sampleRate * seconds) }, (_, n) => value(n / sampleRate, n));
}

/** An electric piano: a tine by frequency modulation, brighter where it is struck. Chowning, *JAES* 21(7), 1973. */
export function electricPiano(sampleRate: number, hz: number, seconds: number): Float32Array {
  return rendered(sampleRate, seconds + 0.3, (t) => {
    const release = t < seconds ? 1 : Math.exp(-(t - seconds) * 18);
    const body = Math.sin(2 * Math.PI * hz * t + 1.1 * Math.exp(-3 * t) * Math.sin(2 * Math.PI * hz * t));
    const tine = Math.sin(2 * Math.PI * hz * t + 0.6 * Math.exp(-12 * t) * Math.sin(2 * Math.PI * 14 * hz * t));
    return Math.min(1, t * 400) * release * Math.exp(-1.1 * t) * (0.7 * body + 0.3 * tine);
  });
}

/** A plucked string: noise that runs round a loop and loses its edge. Karplus and Strong, *Computer Music J.* 7(2), 1983. */
export function pluck(sampleRate: number, hz: number, seconds: number, noise: () => number): Float32Array {
  const period = sampleRate / hz - 0.5;
  const whole = Math.floor(period);
  // The rest of the period by an all-pass, so that the string is in tune.
  const rest = (1 - (period - whole)) / (1 + (period - whole));
  const line = Float32Array.from({ length: whole }, noise);
  // A pick in the middle of the string is softer than white noise.
  for (let n = 1; n < whole; n++) line[n] = 0.5 * ((line[n] as number) + (line[n - 1] as number));
  const loss = 10 ** (-3 / (hz * 1.6));
  let at = 0;
  let last = 0;
  let through = 0;
  let before = 0;
  return rendered(sampleRate, seconds, (t) => {
    const x = line[at] as number;
    const soft = 0.5 * (x + last) * loss;
    last = x;
    through = rest * (soft - through) + before;
    before = soft;
    line[at] = through;
    at = (at + 1) % whole;
    return x * Math.min(1, (seconds - t) * 60);
  });
}

/** A round bass: a few harmonics that close with time. */
export function bass(sampleRate: number, hz: number, seconds: number): Float32Array {
  return rendered(sampleRate, seconds, (t) => {
    let value = 0;
    for (let k = 1; k <= 6; k++) value += (Math.sin(2 * Math.PI * k * hz * t) / k) * Math.exp(-(k - 1) * (0.5 + 5 * t));
    return value * Math.min(1, t * 250) * Math.exp(-1.2 * t) * Math.min(1, (seconds - t) * 40);
  });
}

/** A bass drum: a sine that falls. */
export function kick(sampleRate: number): Float32Array {
  return rendered(sampleRate, 0.35, (t) => {
    const phase = 48 * t + (110 / 32) * (1 - Math.exp(-32 * t));
    return Math.sin(2 * Math.PI * phase) * Math.exp(-9 * t) + 0.35 * Math.exp(-900 * t);
  });
}

/** A snare drum: two modes of a skin and the noise of its wires. */
export function snare(sampleRate: number, noise: () => number): Float32Array {
  let last = 0;
  return rendered(sampleRate, 0.25, (t) => {
    const x = noise();
    const bright = x - 0.6 * last;
    last = x;
    const skin = Math.sin(2 * Math.PI * 185 * t) + 0.6 * Math.sin(2 * Math.PI * 330 * t);
    return 0.45 * skin * Math.exp(-26 * t) + 0.5 * bright * Math.exp(-20 * t);
  });
}

/** A hi-hat: noise with only its top left. */
export function hat(sampleRate: number, decay: number, noise: () => number): Float32Array {
  let one = 0;
  let two = 0;
  return rendered(sampleRate, 4 / decay, (t) => {
    const x = noise();
    const value = x - 2 * one + two;
    two = one;
    one = x;
    return 0.25 * value * Math.exp(-decay * t);
  });
}
