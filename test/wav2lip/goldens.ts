import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { FaceEdges } from "../../src/engines/faces/s3fd/face-boxes.ts";
import { uniform } from "../graphs/seeded.ts";

/** What the reference made: see tools/wav2lip-goldens/make.py. */
export type Goldens = {
  readonly s3fd: {
    readonly height: number;
    readonly width: number;
    readonly frames: readonly number[];
    /** Of each picture left, top, right, bottom and score of its faces. */
    readonly boxes: readonly (readonly (readonly [number, number, number, number, number])[])[];
  };
  readonly clip: {
    readonly height: number;
    readonly width: number;
    readonly seconds: number;
    /** Left, top, right, bottom as they were found. */
    readonly rects: readonly (readonly [number, number, number, number])[];
    /** Top, bottom, left, right of what was cut out for each frame. */
    readonly coords: readonly (readonly [number, number, number, number])[];
    readonly pads: readonly [number, number, number, number];
  };
};

const folder = join(import.meta.dirname, "fixtures");

export const goldens = JSON.parse(readFileSync(join(folder, "goldens.json"), "utf8")) as Goldens;

/** The bytes of a golden, in memory of their own. */
export function goldenBytes(name: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(gunzipSync(readFileSync(join(folder, `${name}.bin.gz`))));
}

/** A chirp that swells and fades, a little noise, a stretch of digital silence; 16 kHz. */
export function chirp(seconds: number): Float32Array {
  const count = Math.floor(16_000 * seconds);
  const noise = uniform("sound", count);
  return Float32Array.from({ length: count }, (_, i) => {
    const t = i / 16_000;
    if (t >= 0.8 && t < 1) return 0;
    const swell = 0.5 + 0.5 * Math.sin(2 * Math.PI * 3 * t);
    return 0.3 * Math.sin(2 * Math.PI * (200 * t + 300 * t * t)) * swell + 0.02 * ((noise[i] as number) - 0.5);
  });
}

/** Soft stripes that move, 3 bytes a pixel. */
export function stripes(height: number, width: number, frame: number): Uint8Array<ArrayBuffer> {
  const wave = (value: number): number => 2 * (value % 256 < 128 ? value % 256 : 255 - (value % 256));
  const out = new Uint8Array(height * width * 3);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      out[at++] = wave(3 * x + 2 * y + 9 * frame);
      out[at++] = wave(2 * x + 5 * y + 70);
      out[at++] = wave(x + 3 * y + 5 * frame + 140);
    }
  }
  return out;
}

export const edges = ([left, top, right, bottom]: readonly [number, number, number, number]): FaceEdges => ({
  left,
  top,
  right,
  bottom,
});
