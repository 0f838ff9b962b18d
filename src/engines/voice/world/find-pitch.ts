import { searchRatio } from "../../../signal/voice/frame-grid.ts";
import { dio, harvest, stoneMask } from "../../../signal/world/index.ts";
import type { PitchTask } from "./protocol.ts";

/** Harvest loses steady voices from about here on, in Hz: too few harmonics are left below its search rate. */
const HIGH_HZ = 400;
/** A high voice lasts at least so many frames, and repeats itself this well from period to period (1 is exactly). */
const SHORTEST = 6;
const ALIKE = 0.85;
/** The period of a lower voice is believed where it is more alike by this. */
const CLEARLY = 0.03;
/** Periods and seconds that are compared at least: some periods of a low voice, which would show. */
const PERIODS = 4;
const COMPARED_SECONDS = 0.02;
/** Root mean square of silence. */
const SILENCE = 1e-3;

/** f0 of every frame that begins within the samples, and of the one at their end. */
export function findPitch({ method, samples, sampleRate, hop, floor, ceiling }: PitchTask): Float64Array {
  const found = new Float64Array(Math.floor(samples.length / hop + 1e-9) + 1);
  if (samples.every((sample) => sample === 0)) return found;
  const options = { framePeriod: (1000 * hop) / sampleRate, floor, ceiling: Math.min(ceiling, sampleRate / 4) };
  const f0 = method === "harvest" ? byHarvest(samples, sampleRate, options) : byDio(samples, sampleRate, options);
  // The grid in milliseconds may end a frame early by a rounding error.
  found.set(f0.subarray(0, found.length));
  found.fill(f0.at(-1) ?? 0, f0.length);
  if (method === "harvest" && options.ceiling > HIGH_HZ) fillHigh(found, samples, sampleRate, hop, options);
  return found;
}

/**
 * Where DIO finds a high voice that Harvest misses, or takes for one of half the pitch or less, it is believed if the
 * sound bears it out.
 */
function fillHigh(f0: Float64Array, samples: Float32Array, sampleRate: number, hop: number, options: Options): void {
  const candidates = byDio(samples, sampleRate, options);
  const high = f0.map((hz, i) => {
    const candidate = candidates[i] ?? 0;
    if (candidate < HIGH_HZ || hz > candidate * 0.6) return 0;
    const alike = likeness(samples, i * hop, sampleRate, sampleRate / candidate);
    if (alike < ALIKE || (hz > 0 && likeness(samples, i * hop, sampleRate, sampleRate / hz) > alike + CLEARLY))
      return 0;
    return candidate;
  });
  for (const [start, end] of runsOf(high, (hz) => hz > 0)) f0.set(high.subarray(start, end), start);
}

/** Runs of frames that are so, `SHORTEST` of them at least: first frame and the one after the last. */
function runsOf(values: Float64Array, isSo: (value: number) => boolean): [number, number][] {
  const runs: [number, number][] = [];
  let start = 0;
  for (let i = 0; i <= values.length; i++) {
    if (i < values.length && isSo(values[i] as number)) continue;
    if (i - start >= SHORTEST) runs.push([start, i]);
    start = i + 1;
  }
  return runs;
}

/** Correlation of the sound around `place` with the same a period later, −1…1; 0 of silence. */
function likeness(samples: Float32Array, place: number, sampleRate: number, period: number): number {
  const lag = Math.round(period);
  const half = Math.max(COMPARED_SECONDS * sampleRate, PERIODS * period) / 2;
  const from = Math.max(0, Math.round(place - half));
  const to = Math.min(samples.length - lag, Math.round(place + half));
  let cross = 0;
  let own = 0;
  let other = 0;
  for (let n = from; n < to; n++) {
    const x = samples[n] as number;
    const y = samples[n + lag] as number;
    cross += x * y;
    own += x * x;
    other += y * y;
  }
  return own < SILENCE ** 2 * (to - from) ? 0 : cross / Math.sqrt(own * other + 1e-20);
}

type Options = { readonly framePeriod: number; readonly floor: number; readonly ceiling: number };

function byHarvest(samples: Float32Array, sampleRate: number, options: Options): Float64Array {
  // An offset does not get through its filters, and to leave it there gives every piece what the whole gives.
  return harvest(padded(samples, sampleRate), sampleRate, { ...options, keepOffset: true }).f0;
}

function byDio(samples: Float32Array, sampleRate: number, options: Options): Float64Array {
  const { f0, times } = dio(samples, sampleRate, options);
  return stoneMask(samples, sampleRate, f0, times);
}

/** Silence at the end up to a number of samples that the search divides evenly: which ones it takes hangs on that. */
function padded(samples: Float32Array, sampleRate: number): Float32Array {
  const unit = searchRatio(sampleRate);
  const result = new Float32Array(Math.ceil(samples.length / unit) * unit);
  result.set(samples);
  return result;
}
