import type { StereoPassage } from "../stem-separator.ts";
import { HOP } from "./spectra.ts";

/** Samples of a window, of which repetition and melody are known: half a minute. */
export const WINDOW = 1292 * HOP;

/** Samples of a window that the next one has, too: what lies at an end is judged worse. */
const SHARED = 258 * HOP;

/** Samples over which one window's answer fades into the next one's, in the middle of what both have. */
const FADE = 4 * HOP;

/** Samples from one window to the next. */
export const STEP = WINDOW - SHARED;

/** A stretch of sound to be looked at as a whole. */
export type Window = {
  readonly sound: readonly [Float32Array<ArrayBuffer>, Float32Array<ArrayBuffer>];
  /** Whether nothing comes before or after it. */
  readonly first: boolean;
  readonly last: boolean;
};

/** Windows of a sound, the last as long as what is left. What is not a number is silence. One window is held. */
export async function* windowsOf(sound: AsyncIterable<StereoPassage>): AsyncGenerator<Window, void> {
  const left = new Float32Array(WINDOW);
  const right = new Float32Array(WINDOW);
  let filled = 0;
  let first = true;
  const cut = (last: boolean): Window => {
    const window = { sound: [left.slice(0, filled), right.slice(0, filled)] as const, first, last };
    first = false;
    return window;
  };
  for await (const [blockLeft, blockRight] of sound) {
    for (let at = 0; at < blockLeft.length; ) {
      // A window is whole when there is more: else it would be the last.
      if (filled === WINDOW) {
        yield cut(false);
        left.copyWithin(0, STEP);
        right.copyWithin(0, STEP);
        filled = SHARED;
      }
      const count = Math.min(WINDOW - filled, blockLeft.length - at);
      for (let i = 0; i < count; i++) {
        left[filled + i] = finite(blockLeft[at + i] as number);
        right[filled + i] = finite(blockRight[at + i] as number);
      }
      filled += count;
      at += count;
    }
  }
  if (filled > 0) yield cut(true);
}

/** Answers of windows put together. */
export class Joiner {
  /** What the window before said of the passage over which it fades. */
  #fading: StereoPassage | undefined;

  /** Adds a window's answer, and tells the passage that is complete now: the sound and the stem. */
  add(
    { sound, first, last }: Window,
    stem: StereoPassage,
  ): { readonly mix: StereoPassage; readonly stem: StereoPassage } {
    const length = sound[0].length;
    const from = first ? 0 : (SHARED - FADE) / 2;
    const to = last ? length : STEP + (SHARED - FADE) / 2;
    const fading = this.#fading;
    if (!first && fading) {
      for (const [side, now] of stem.entries()) {
        const before = fading[side] as Float32Array;
        const end = Math.min(FADE, length - from);
        for (let n = 0; n < end; n++) {
          const share = (n + 0.5) / FADE;
          now[from + n] = share * (now[from + n] as number) + (1 - share) * (before[n] as number);
        }
      }
    }
    this.#fading = last ? undefined : [stem[0].slice(to, to + FADE), stem[1].slice(to, to + FADE)];
    return {
      mix: [sound[0].subarray(from, to), sound[1].subarray(from, to)],
      stem: [stem[0].subarray(from, to), stem[1].subarray(from, to)],
    };
  }
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : 0;
}
