import type { StereoPassage } from "../stem-separator.ts";
import { finite, type SoundWindow } from "../windows/sound-window.ts";

/** How a sound is cut: samples of a window, and from one to the next. */
export type WindowPlan = { readonly samples: number; readonly step: number };

/** A window, and whether the sound begins or ends with it. */
export type FadedWindow = SoundWindow & { readonly first: boolean; readonly last: boolean };

type Sides = [left: Float32Array<ArrayBuffer>, right: Float32Array<ArrayBuffer>];

/**
 * Windows of a sound as the reference cuts them (`demix` of Music-Source-Separation-Training): a sound of more than twice
 * what two windows share is mirrored at its ends by so much; what a last window lacks is mirrored if that is less than its
 * half, else silent. Two or three windows of sound are held, however long it is.
 */
export async function* windowsOf(
  sound: AsyncIterable<StereoPassage>,
  { samples, step }: WindowPlan,
): AsyncGenerator<FadedWindow, void> {
  const border = samples - step;
  const held = new HeldSound(3 * samples);
  /** Where the first that is held lies, counted from what is before the sound; and how much that is. */
  let start = 0;
  let before = 0;
  let begun = false;
  /** Where the sound ends, once that is known. */
  let ends = Number.POSITIVE_INFINITY;
  const cut = (last: boolean): FadedWindow => {
    const heard = Math.min(samples, held.length);
    const from = Math.min(Math.max(0, before - start), heard);
    const to = Math.max(from, Math.min(step, heard, ends - start));
    const copy = held.copy(0, samples);
    if (heard < samples && heard > Math.floor(samples / 2)) {
      for (const side of copy) for (let n = heard; n < samples; n++) side[n] = side[2 * heard - 2 - n] as number;
    }
    const silent = copy.every((side) => side.every((value) => value === 0));
    return { sound: copy, heard, from, to, mix: held.copy(from, to), silent, first: start === 0, last };
  };
  for await (const block of sound) {
    held.add(block);
    if (!begun && held.length > 2 * border) {
      begun = true;
      before = border;
      held.mirrorBefore(border);
    }
    if (!begun) continue;
    // One more than a window, so that it is known whether it is the last.
    while (held.length > samples) {
      yield cut(false);
      held.drop(step);
      start += step;
    }
  }
  if (held.length === 0) return;
  ends = start + held.length;
  if (before > 0) held.mirrorAfter(border);
  // Those that begin after the sound say nothing of it.
  while (start < ends) {
    yield cut(held.length <= step);
    held.drop(step);
    start += step;
  }
}

/** What counts of a window: less and less toward its ends, but for those of the sound. */
export function fadesOf({ samples }: WindowPlan): (n: number, window: FadedWindow) => number {
  const fade = Math.floor(samples / 10);
  return (n, { first, last }) => {
    if (n < fade) return first ? 1 : n / (fade - 1);
    // The first is faded out even where it is the last too, as the reference has it: nothing else is there to weigh it with.
    if (n >= samples - fade) return last && !first ? 1 : (samples - 1 - n) / (fade - 1);
    return 1;
  };
}

/** What of a sound is still needed. */
class HeldSound {
  #sides: Sides;
  #length = 0;

  constructor(capacity: number) {
    this.#sides = [new Float32Array(capacity), new Float32Array(capacity)];
  }

  get length(): number {
    return this.#length;
  }

  add([left, right]: StereoPassage): void {
    const at = this.#grow(left.length);
    for (let n = 0; n < left.length; n++) {
      this.#sides[0][at + n] = finite(left[n] as number);
      this.#sides[1][at + n] = finite(right[n] as number);
    }
  }

  drop(count: number): void {
    for (const side of this.#sides) side.copyWithin(0, count, this.#length);
    this.#length = Math.max(0, this.#length - count);
  }

  /** From … to, with silence after the end. */
  copy(from: number, to: number): Sides {
    return this.#sides.map((side) => {
      const copy = new Float32Array(to - from);
      copy.set(side.subarray(from, Math.min(to, this.#length)));
      return copy;
    }) as Sides;
  }

  mirrorBefore(count: number): void {
    const length = this.#grow(count);
    for (const side of this.#sides) {
      side.copyWithin(count, 0, length);
      for (let n = 0; n < count; n++) side[n] = side[2 * count - n] as number;
    }
  }

  mirrorAfter(count: number): void {
    const length = this.#grow(count);
    for (const side of this.#sides) for (let n = 0; n < count; n++) side[length + n] = side[length - 2 - n] as number;
  }

  /** Makes room, and answers where it begins. */
  #grow(count: number): number {
    const length = this.#length;
    this.#length += count;
    if (this.#length > this.#sides[0].length) {
      this.#sides = this.#sides.map((side) => {
        const larger = new Float32Array(2 * this.#length);
        larger.set(side.subarray(0, length));
        return larger;
      }) as Sides;
    }
    return length;
  }
}
