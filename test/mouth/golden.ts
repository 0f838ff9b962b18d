/** What the training framework makes of a sound: see `tools/train-mouth/export.py`. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export const RATE = 16_000;

type Rows = readonly (readonly number[])[];

/** Half a second of `chirp`: its log-mel frames (dB), its features, and the mouths of the network that ships. */
export const frames = JSON.parse(readFileSync(join(import.meta.dirname, "frames.json"), "utf8")) as {
  readonly mel: Rows;
  readonly features: Rows;
  readonly mouths: Rows;
};

/** A hum that swells and a rising whistle. */
export function chirp(seconds = 0.5): Float32Array {
  return Float32Array.from({ length: Math.round(seconds * RATE) }, (_, i) => {
    const t = i / RATE;
    const hum = 0.3 * Math.sin(2 * Math.PI * 140 * t) * (1 + Math.sin(2 * Math.PI * 3 * t));
    return hum + 0.1 * Math.sin(2 * Math.PI * (600 + 900 * t) * t);
  });
}
