import type { StereoPassage } from "../stem-separator.ts";
import { finite, type SoundWindow } from "../windows/sound-window.ts";
import { type MdxGeometry, windowSamples } from "./geometry.ts";

/** Samples from one window to the next. */
export function stepOf(geometry: MdxGeometry, overlap: number): number {
  return Math.max(1, Math.floor((1 - overlap) * windowSamples(geometry)));
}

/**
 * Windows of a sound as the reference cuts them (audio-separator's `MDXSeparator.demix`): the first begins half a frame
 * before the sound; each but the last is whole. Two windows of sound are held, however long it is.
 */
export async function* windowsOf(
  sound: AsyncIterable<StereoPassage>,
  geometry: MdxGeometry,
  overlap: number,
): AsyncGenerator<SoundWindow, void> {
  const chunk = windowSamples(geometry);
  const step = stepOf(geometry, overlap);
  const trim = geometry.size / 2;
  const left = new Float32Array(chunk);
  const right = new Float32Array(chunk);
  /** Where the window begins, counted from half a frame before the sound. */
  let start = 0;
  let filled = trim;
  let samples = 0;
  const cut = (heard: number, end: number): SoundWindow => {
    const from = Math.max(0, trim - start);
    const to = Math.max(from, Math.min(step, end));
    const copy = [left.slice(), right.slice()] as const;
    const silent = copy.every((side) => side.every((value) => value === 0));
    return { sound: copy, heard, from, to, mix: [left.slice(from, to), right.slice(from, to)], silent };
  };
  const advance = (): number => {
    left.copyWithin(0, step);
    right.copyWithin(0, step);
    filled = Math.max(0, filled - step);
    return start + step;
  };
  for await (const [blockLeft, blockRight] of sound) {
    samples += blockLeft.length;
    for (let at = 0; at < blockLeft.length; ) {
      const count = Math.min(chunk - filled, blockLeft.length - at);
      for (let i = 0; i < count; i++) {
        left[filled + i] = finite(blockLeft[at + i] as number);
        right[filled + i] = finite(blockRight[at + i] as number);
      }
      filled += count;
      at += count;
      if (filled < chunk) continue;
      yield cut(chunk, chunk);
      start = advance();
    }
  }
  if (samples === 0) return;
  const gen = chunk - 2 * trim;
  const padded = 2 * trim + samples + gen - (samples % gen);
  while (start < trim + samples) {
    left.fill(0, filled);
    right.fill(0, filled);
    yield cut(Math.min(chunk, padded - start), trim + samples - start);
    start = advance();
  }
}

/** Hann's window, symmetric, unlike that of spectra. */
export function weightOf(n: number, { heard }: SoundWindow): number {
  return heard === 1 ? 1 : 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / (heard - 1));
}
