import { RVC_PASSAGE } from "../../../limits/networks.ts";

/** Hz at which voices are listened to, and samples of a frame: a hundredth of a second. */
export const RVC_RATE = 16_000;
export const RVC_FRAME = 160;

/** Samples on either side of a passage that are heard with it. */
export const PASSAGE_PAD = RVC_PASSAGE.padSeconds * RVC_RATE;
const LONGEST = RVC_PASSAGE.longestSeconds * RVC_RATE;
const USUAL = RVC_PASSAGE.usualSeconds * RVC_RATE;
const SEARCH = RVC_PASSAGE.searchSeconds * RVC_RATE;
/** Cuts lie on frames of ContentVec's, so that passages hear the same frames on either side of one. */
const GRID = 320;

/** A passage of a song with a second of its surroundings; beyond the ends of the song there is its mirror image. */
export type Passage = {
  readonly samples: Float32Array<ArrayBuffer>;
  /** Number of the passage's own first sample in the song, and of its own samples. */
  readonly from: number;
  readonly length: number;
  readonly last: boolean;
  /** It is all of its song. */
  readonly single: boolean;
};

/** Sizes of passages with their surroundings, in samples, ascending. */
export const PASSAGE_WIDTHS: readonly number[] = RVC_PASSAGE.widthSeconds.map((seconds) => seconds * RVC_RATE);

/**
 * Cuts a song at 16 kHz into passages, at quiet places some 20 s apart; a song of up to 24 s is one. Passages are of few
 * sizes, with more behind them than the second that they need: networks that meet ever new sizes hold ever more memory,
 * and a GPU searches for the fastest way anew.
 * @param asItIs leaves a song that is one passage as long as it is
 */
export async function* passagesOf(song: AsyncIterable<Float32Array>, asItIs: boolean): AsyncGenerator<Passage, void> {
  let held = new Float32Array(LONGEST + 4 * PASSAGE_PAD);
  let count = 0;
  /** Number of the first sample that is held, and of the first of the next passage. */
  let first = 0;
  let from = 0;
  const left = (): number => first + count - from;
  const make = (length: number, last: boolean): Passage => {
    const wanted = length + 2 * PASSAGE_PAD;
    const single = last && from === 0;
    const width = single && asItIs ? wanted : (PASSAGE_WIDTHS.find((each) => each >= wanted) ?? wanted);
    const samples = new Float32Array(width);
    for (let i = 0; i < width; i++) samples[i] = held[mirrored(from - PASSAGE_PAD + i - first, count)] as number;
    const passage = { samples, from, length, last, single };
    from += length;
    const gone = Math.min(count, Math.max(0, from - PASSAGE_PAD - first));
    held.copyWithin(0, gone, count);
    count -= gone;
    first += gone;
    return passage;
  };
  for await (const block of song) {
    if (count + block.length > held.length) {
      const larger = new Float32Array(count + block.length + LONGEST);
      larger.set(held.subarray(0, count));
      held = larger;
    }
    held.set(block, count);
    count += block.length;
    while (left() > LONGEST + 2 * PASSAGE_PAD) yield make(quietest(held, from - first), false);
  }
  while (left() > LONGEST) yield make(quietest(held, from - first), false);
  if (left() > 0) yield make(left(), true);
}

/** The place of a sample, mirrored at the first and at the last of `length` for as often as it lies beyond them. */
export function mirrored(place: number, length: number): number {
  if (place >= 0 && place < length) return place;
  if (length === 1) return 0;
  const period = 2 * (length - 1);
  const within = ((place % period) + period) % period;
  return within < length ? within : period - within;
}

/** Samples up to the quietest hundredth of a second around the usual length of a passage, on the grid. */
function quietest(held: Float32Array, from: number): number {
  const half = RVC_FRAME / 2;
  const level = (i: number): number => Math.abs(held[i] as number);
  let sum = 0;
  for (let i = USUAL - SEARCH - half; i < USUAL - SEARCH + half; i++) sum += level(from + i);
  let least = sum;
  let best = USUAL - SEARCH;
  for (let at = best + 1; at < USUAL + SEARCH; at++) {
    sum += level(from + at + half - 1) - level(from + at - half - 1);
    if (sum < least) [least, best] = [sum, at];
  }
  return Math.floor(best / GRID) * GRID;
}
