/** What pyworld made of the fixture signals; tools/world-goldens/make.py writes them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { NoiseSource } from "../../../src/signal/world/index.ts";

const FOLDER = join(import.meta.dirname, "goldens");
const WAV_HEADER = 44;

type Index = {
  stride: number;
  cases: Record<string, { sampleRate: number; samples: number; frames: number; fftSize: number }>;
};

const index = JSON.parse(readFileSync(join(FOLDER, "goldens.json"), "utf8")) as Index;

/** Every how many frames an envelope and an aperiodicity are kept. */
export const STRIDE = index.stride;
/** Names of all cases, and of those that have an aperiodicity and an output. */
export const CASES = Object.keys(index.cases);
export const WHOLE_CASES = CASES.filter((name) => (index.cases[name]?.sampleRate ?? 0) >= 15800);

function bytes(file: string, from = 0): ArrayBuffer {
  return new Uint8Array(readFileSync(join(FOLDER, file))).slice(from).buffer;
}

export type Golden = {
  readonly sampleRate: number;
  readonly fftSize: number;
  readonly bins: number;
  readonly samples: Float32Array;
  readonly doubles: (part: "dio" | "stonemask" | "harvest") => Float64Array;
  readonly floats: (part: "envelope" | "aperiodicity" | "output") => Float32Array;
};

export function golden(name: string): Golden {
  const entry = index.cases[name];
  if (!entry) throw new Error(`no golden ${name}`);
  const pcm = new Int16Array(bytes(`${name}.wav`, WAV_HEADER));
  return {
    sampleRate: entry.sampleRate,
    fftSize: entry.fftSize,
    bins: entry.fftSize / 2 + 1,
    samples: Float32Array.from(pcm, (value) => value / 32768),
    doubles: (part) => new Float64Array(bytes(`${name}.${part}.bin`)),
    floats: (part) => new Float32Array(bytes(`${name}.${part}.bin`)),
  };
}

/** The noise that pyworld draws, in the order in which it draws it: Marsaglia's xorshift with the published start. */
export function publishedNoise(): NoiseSource {
  let [x, y, z, w] = [123456789, 362436069, 521288629, 88675123];
  return (target, _from, count) => {
    for (let n = 0; n < count; n++) {
      let sum = 0;
      for (let k = 0; k < 12; k++) {
        const t = x ^ (x << 11);
        [x, y, z] = [y, z, w];
        w = w ^ (w >>> 19) ^ (t ^ (t >>> 8));
        sum += w >>> 4;
      }
      target[n] = sum / 2 ** 28 - 6;
    }
  };
}

/** The value below which `share` of the values lie. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
