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

/** Takes a sound apart window by window: what the network takes out, and what is left of the sound. */
export async function* separateWindows<Window extends SoundWindow>(
  { windows, adder, hear, scale }: WindowWork<Window>,
  signal: AbortSignal,
): AsyncGenerator<SeparatedPassage, void> {
  const over = new AbortController();
  const working = AbortSignal.any([signal, over.signal]);
  const made = ahead(
    windows,
    WINDOWS_AHEAD,
    // In nothing there is nothing, whatever a network hears in it.
    async (window) => ({ window, sound: window.silent ? undefined : await hear(window, working) }),
    () => over.abort(),
  );
  for await (const { window, sound } of made) {
    const stem = adder.add(window, sound);
    const { mix } = window;
    if (mix[0].length === 0) continue;
    if (scale !== 1)
      for (const side of stem) for (let n = 0; n < side.length; n++) side[n] = scale * (side[n] as number);
    const rest = mix.map((side, i) => side.map((value, n) => value - (stem[i]?.[n] as number)));
    yield { stem, rest: rest as unknown as StereoPassage };
  }
}
