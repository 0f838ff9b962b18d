/** What is done to the sound of a voice after espeak-ng: colour, softness, breath. */

import { filterInPlace, highPass, highShelf, lowPass, lowShelf, peaking } from "../../../signal/biquad.ts";
import type { Timbre } from "./voices.ts";

/** Hz below which no voice has anything to say; it takes the constant part off too. */
const LOW_CUT = 65;
const TILT_LOW = 500;
const TILT_HIGH = 2_000;
/** dB under which breath is not worth making. */
const NO_BREATH = -70;
/** Delays of the all-pass chain in ms: mutually prime in samples at common rates, too short to be heard as echoes. */
const DIFFUSION_MS = [0.7, 1.3, 2.3];
/** Feedback of the chain at full softness. */
const MOST_DIFFUSION = 0.55;

/** Applies a timbre in place. */
export function applyTimbre(samples: Float32Array, sampleRate: number, timbre: Timbre): void {
  filterInPlace(samples, highPass(LOW_CUT, sampleRate));
  if (timbre.breath_db > NO_BREATH) addBreath(samples, sampleRate, timbre.breath_db);
  if (timbre.softness > 0) {
    for (const ms of DIFFUSION_MS) {
      diffuse(samples, Math.max(1, Math.round((ms * sampleRate) / 1000)), timbre.softness * MOST_DIFFUSION);
    }
  }
  if (timbre.tilt_db !== 0) {
    filterInPlace(samples, lowShelf(TILT_LOW, -timbre.tilt_db / 2, sampleRate));
    filterInPlace(samples, highShelf(TILT_HIGH, timbre.tilt_db / 2, sampleRate));
  }
  for (const { hz, db, q } of timbre.bands) filterInPlace(samples, peaking(hz, db, q, sampleRate));
  if (timbre.high_cut_hz < sampleRate / 2) filterInPlace(samples, lowPass(timbre.high_cut_hz, sampleRate));
}

/**
 * Schroeder's all-pass: every frequency as loud as before, every pulse spread out over time. A voice made of formants
 * buzzes because all harmonics start together in each period.
 */
function diffuse(samples: Float32Array, delay: number, feedback: number): void {
  const line = new Float32Array(delay);
  let at = 0;
  for (let n = 0; n < samples.length; n++) {
    const late = line[at] as number;
    const x = (samples[n] as number) - feedback * late;
    samples[n] = late + feedback * x;
    line[at] = x;
    at = at + 1 === delay ? 0 : at + 1;
  }
}

/** Adds noise that follows the level of the voice, above 1.5 kHz, as breath does. The noise is the same every time. */
function addBreath(samples: Float32Array, sampleRate: number, db: number): void {
  const noise = new Float32Array(samples.length);
  const follow = 1 - Math.exp(-1 / (0.008 * sampleRate));
  let state = 0x2545f491;
  let level = 0;
  for (let n = 0; n < samples.length; n++) {
    // xorshift32
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    level += (Math.abs(samples[n] as number) - level) * follow;
    noise[n] = (state / 0x80000000) * level;
  }
  filterInPlace(noise, highPass(1_500, sampleRate));
  filterInPlace(noise, lowPass(7_000, sampleRate));
  const gain = 10 ** (db / 20) * 3;
  for (let n = 0; n < samples.length; n++) samples[n] = (samples[n] as number) + gain * (noise[n] as number);
}
