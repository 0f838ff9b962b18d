import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** What a reference implementation made, and of what: see tools/graph-goldens/make.py. */
export type Reference = {
  readonly keys: Readonly<Record<string, readonly number[]>>;
  readonly arrays: Readonly<Record<string, Float32Array>>;
  /** One value in so many is kept. */
  readonly every: number;
};

/** Reads `fixtures/NAME.json` and `.bin`. */
export function readReference<T>(name: string): Reference & T {
  const base = join(import.meta.dirname, "fixtures", name);
  const about = JSON.parse(readFileSync(`${base}.json`, "utf8")) as Reference &
    T & { arrays: Record<string, [number]> };
  const bytes = new Uint8Array(readFileSync(`${base}.bin`));
  let at = 0;
  const arrays = Object.fromEntries(
    Object.entries(about.arrays).map(([key, [length]]) => {
      at += length * 4;
      return [key, new Float32Array(bytes.buffer, at - length * 4, length)];
    }),
  );
  return { ...about, arrays };
}

/** Fails where a value that is kept differs by more than `tolerance`. */
export function assertClose(actual: Float32Array, expected: Float32Array, every: number, tolerance: number): void {
  assert.equal(Math.ceil(actual.length / every), expected.length);
  let worst = 0;
  for (const [i, value] of expected.entries()) worst = Math.max(worst, Math.abs((actual[i * every] as number) - value));
  assert.ok(worst <= tolerance, `differs by ${worst}`);
}
