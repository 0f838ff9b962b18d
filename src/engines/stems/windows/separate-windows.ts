import { ahead } from "../../ahead.ts";
import type { SeparatedPassage, StereoPassage } from "../stem-separator.ts";
import type { OverlapAdd, SoundWindow } from "./sound-window.ts";

/** Windows under way at once: one's spectrum is made while another's is in the network. */
export const WINDOWS_AHEAD = 2;

export type WindowWork<Window extends SoundWindow> = {
  readonly windows: AsyncIterable<Window>;
  readonly adder: OverlapAdd<Window>;
  /** What the network takes out of a window; asked of windows that are not silent, ahead of their turn. */
  readonly hear: (window: Window, signal: AbortSignal) => Promise<StereoPassage>;
  /** What its answer is multiplied by. */
  readonly scale: number;
};

/** The same where a network takes out several parts: one adder for each that `hear` answers. */
export type PartsWork<Window extends SoundWindow> = Pick<WindowWork<Window>, "windows"> & {
  readonly adders: readonly OverlapAdd<Window>[];
  readonly hear: (window: Window, signal: AbortSignal) => Promise<readonly StereoPassage[]>;
};

/** Takes a sound apart window by window: what the network takes out, and what is left of the sound. */
export async function* separateWindows<Window extends SoundWindow>(
  { windows, adder, hear, scale }: WindowWork<Window>,
  signal: AbortSignal,
): AsyncGenerator<SeparatedPassage, void> {
  const one = async (window: Window, working: AbortSignal) => [await hear(window, working)];
  for await (const { mix, parts } of partsOfWindows({ windows, adders: [adder], hear: one }, signal)) {
    const stem = parts[0] as StereoPassage;
    if (scale !== 1)
      for (const side of stem) for (let n = 0; n < side.length; n++) side[n] = scale * (side[n] as number);
    yield { stem, rest: without(mix, stem) };
  }
}

/** What is left of a sound without a part of it. */
export function without(mix: StereoPassage, part: StereoPassage): StereoPassage {
  return mix.map((side, i) => side.map((value, n) => value - (part[i]?.[n] as number))) as unknown as StereoPassage;
}

/** The parts that a network takes out of a sound, passage by passage, and the sound. */
export async function* partsOfWindows<Window extends SoundWindow>(
  { windows, adders, hear }: PartsWork<Window>,
  signal: AbortSignal,
): AsyncGenerator<{ readonly mix: StereoPassage; readonly parts: readonly StereoPassage[] }, void> {
  const over = new AbortController();
  const working = AbortSignal.any([signal, over.signal]);
  const made = ahead(
    windows,
    WINDOWS_AHEAD,
    // In nothing there is nothing, whatever a network hears in it.
    async (window) => ({ window, sounds: window.silent ? [] : await hear(window, working) }),
    () => over.abort(),
  );
  for await (const { window, sounds } of made) {
    const parts = adders.map((adder, i) => adder.add(window, sounds[i]));
    const { mix } = window;
    if (mix[0].length > 0) yield { mix, parts };
  }
}
