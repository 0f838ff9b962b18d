/** Loudness and true peak of programmes, by ITU-R BS.1770-4 (the measures that EBU R 128 asks for). */

import { type Biquad, filterInPlace } from "./biquad.ts";

const BLOCK_SECONDS = 0.4;
/** Blocks overlap by 75 %. */
const STEPS_PER_BLOCK = 4;
/** LUFS below which a block is silence. */
const ABSOLUTE_GATE = -70;
/** LU under the mean of what is not silence. */
const RELATIVE_GATE = -10;
/** The offset that makes a 997 Hz tone of 0 dBFS in one channel read −3.01 LUFS. */
const OFFSET = -0.691;

/**
 * The pre-filter: a head's shelf, then a high-pass. The standard gives coefficients for 48 kHz; these are the analogue
 * prototypes behind them (as worked out in libebur128), which give the same curve at every rate.
 */
function kWeighting(sampleRate: number): readonly [Biquad, Biquad] {
  const shelf = prototype(1681.974450955533, 0.7071752369554196, sampleRate);
  const high = 10 ** (3.999843853973347 / 20);
  const band = high ** 0.4996667741545416;
  const pass = prototype(38.13547087602444, 0.5003270373238773, sampleRate);
  return [
    {
      b0: (high + (band * shelf.k) / shelf.q + shelf.k ** 2) / shelf.a0,
      b1: (2 * (shelf.k ** 2 - high)) / shelf.a0,
      b2: (high - (band * shelf.k) / shelf.q + shelf.k ** 2) / shelf.a0,
      a1: shelf.a1,
      a2: shelf.a2,
    },
    { b0: 1, b1: -2, b2: 1, a1: pass.a1, a2: pass.a2 },
  ];
}

function prototype(hz: number, q: number, sampleRate: number) {
  const k = Math.tan((Math.PI * hz) / sampleRate);
  const a0 = 1 + k / q + k ** 2;
  return { k, q, a0, a1: (2 * (k ** 2 - 1)) / a0, a2: (1 - k / q + k ** 2) / a0 };
}

/** Mean power of each 400 ms block, all channels summed with weight 1. A shorter sound is one block of its own length. */
function blockPowers(channels: readonly Float32Array[], sampleRate: number): Float64Array {
  const length = channels[0]?.length ?? 0;
  const step = Math.round((BLOCK_SECONDS * sampleRate) / STEPS_PER_BLOCK);
  const steps = Math.floor(length / step);
  const energy = new Float64Array(Math.max(steps, 1));
  const [shelf, pass] = kWeighting(sampleRate);
  for (const channel of channels) {
    const weighted = channel.slice();
    filterInPlace(weighted, shelf);
    filterInPlace(weighted, pass);
    for (let s = 0; s < energy.length; s++) {
      let sum = 0;
      const end = steps === 0 ? length : (s + 1) * step;
      for (let n = s * step; n < end; n++) sum += (weighted[n] as number) ** 2;
      energy[s] = (energy[s] as number) + sum;
    }
  }
  if (steps < STEPS_PER_BLOCK) {
    const total = energy.reduce((sum, value) => sum + value, 0);
    return Float64Array.of(total / Math.max(steps === 0 ? length : steps * step, 1));
  }
  const powers = new Float64Array(steps - STEPS_PER_BLOCK + 1);
  for (let block = 0; block < powers.length; block++) {
    let sum = 0;
    for (let s = 0; s < STEPS_PER_BLOCK; s++) sum += energy[block + s] as number;
    powers[block] = sum / (STEPS_PER_BLOCK * step);
  }
  return powers;
}

function toLufs(power: number): number {
  return OFFSET + 10 * Math.log10(power);
}

function meanAbove(powers: Float64Array, lufs: number): number {
  let sum = 0;
  let count = 0;
  for (const power of powers) {
    if (toLufs(power) <= lufs) continue;
    sum += power;
    count++;
  }
  return count === 0 ? 0 : sum / count;
}

/**
 * Integrated (gated) loudness.
 * @param channels mono or stereo; all of one length. Surround weights are not applied.
 * @returns LUFS; −Infinity for silence. A sound under 400 ms is measured as one block.
 */
export function integratedLoudness(channels: readonly Float32Array[], sampleRate: number): number {
  const powers = blockPowers(channels, sampleRate);
  const ungated = meanAbove(powers, ABSOLUTE_GATE);
  if (ungated === 0) return Number.NEGATIVE_INFINITY;
  return toLufs(meanAbove(powers, toLufs(ungated) + RELATIVE_GATE));
}
