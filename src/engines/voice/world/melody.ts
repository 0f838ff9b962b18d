import type { VoiceProfile } from "../../../library/voice-profile.ts";
import { advancePhase } from "../../../signal/voice/pulse-train.ts";
import type { Block } from "./blocks.ts";
import type { FrameGrid } from "./protocol.ts";

/** Frames by which the pitch goes on beyond a voiced stretch, so that the voice can fade there. */
const REACH = 2;
/** The result stays within these, in Hz. */
const LOWEST = 35;
const HIGHEST = 2000;
/** People sing higher than they speak, and voices are described by their speech: five semitones, as a factor. */
const SONG_TO_SPEECH = 2 ** (5 / 12);
/** Bounds of the factor on the width of the intonation. */
const LEAST_SPREAD = 0.1;
const MOST_SPREAD = 2.5;
/** Voices with less between their 10th and 90th percentile have no intonation to stretch, in natural logarithms. */
const MONOTONE = 0.05;

type F0Range = VoiceProfile["f0"];

/** Takes f0 of the source (Hz) to f0 of the result. */
export type PitchMap = (hz: number) => number;

/** @param semitones on top; see `ConversionOptions.pitchMapping` for the two ways */
export function pitchMap(source: F0Range, target: F0Range, way: "range" | "octave", semitones: number): PitchMap {
  const shift = 2 ** (semitones / 12);
  const bounded = (hz: number): number => Math.min(HIGHEST, Math.max(LOWEST, hz));
  if (way === "octave") {
    const factor = 2 ** Math.round(Math.log2((SONG_TO_SPEECH * target.median) / source.median)) * shift;
    return (hz) => bounded(hz * factor);
  }
  const spread = Math.log(source.high / source.low);
  const wanted = Math.log(target.high / target.low) / spread;
  const factor = spread > MONOTONE ? Math.min(MOST_SPREAD, Math.max(LEAST_SPREAD, wanted)) : 1;
  return (hz) => bounded(target.median * shift * (hz / source.median) ** factor);
}

/** f0 of a block and of the result, frame by frame. */
export type Melody = {
  readonly sourceF0: Float64Array;
  readonly targetF0: Float64Array;
  readonly voiced: Uint8Array;
  /** Phase of the result at the block's first frame, in cycles. */
  readonly phase: number;
};

/** Writes the melody of one block after another, the phase going on from each to the next. */
export class MelodyWriter {
  readonly #grid: FrameGrid;
  #phase = 0;
  /** What the block before had at its last frame, which is this block's first. */
  #seam: { readonly source: number; readonly target: number } | undefined;

  constructor(grid: FrameGrid) {
    this.#grid = grid;
  }

  /** @param f0 of all frames of the block's samples, Hz, 0 where there is no voice */
  write({ firstFrame, frames }: Block, f0: Float64Array, map: PitchMap): Melody {
    const voiced = Uint8Array.from(f0, (hz) => (hz > 0 ? 1 : 0));
    const sourceF0 = extended(f0);
    const targetF0 = sourceF0.map((hz) => (hz > 0 ? map(hz) : 0));
    if (this.#seam) {
      sourceF0[firstFrame] = this.#seam.source;
      targetF0[firstFrame] = this.#seam.target;
    }
    const phase = this.#phase;
    const last = Math.min(f0.length - 1, firstFrame + frames);
    this.#phase = advancePhase(targetF0.subarray(firstFrame, last + 1), phase, this.#grid.hop / this.#grid.sampleRate);
    this.#seam = { source: sourceF0[last] as number, target: targetF0[last] as number };
    return { sourceF0, targetF0, voiced, phase };
  }
}

/** Every voiced stretch goes on at its outer values. */
function extended(f0: Float64Array): Float64Array {
  const result = f0.slice();
  for (let i = 0; i < f0.length; i++) {
    if ((f0[i] as number) > 0) continue;
    for (let distance = 1; distance <= REACH && result[i] === 0; distance++) {
      result[i] = f0[i - distance] || f0[i + distance] || 0;
    }
  }
  return result;
}
