import { AppError } from "../../../errors.ts";
import type { Network } from "../../../inference/session.ts";
import type { Retrieval } from "./retrieval.ts";

/** Samples of a frame of ContentVec's, and those that the last one reaches beyond its own. */
const HOP = 320;
const REACH = 80;
/** Frames of a voice's to one of ContentVec's. */
const DOUBLED = 2;
/** Under this a pitch is none, Hz. */
const SUNG_HZ = 1;

/** How what is said is made more like the voice. */
export type ContentSettings = {
  /** The voice's index, if it has one. */
  readonly retrieval?: Retrieval | undefined;
  /** Share of the retrieved features, 0…1. */
  readonly indexRate: number;
  /** Share of the retrieved features where there is no pitch, of those elsewhere; from 0.5 on nothing is protected. */
  readonly protect: number;
};

/** Frames of a voice's, 100 a second, that so many samples at 16 kHz have. */
export function framesOf(samples: number): number {
  return samples < HOP + REACH ? 0 : DOUBLED * Math.floor((samples - REACH) / HOP);
}

/**
 * What is said in a passage, as the voice takes it: [frames, width].
 * @param network ContentVec, in the part for the voice's version
 * @param f0 Hz of each frame, 0 where there is no pitch; undefined for a voice that takes none
 * @throws AppError `model_unusable`, `engine_failed`, `cancelled`
 */
export async function contentOf(
  network: Network,
  samples: Float32Array,
  width: number,
  f0: Float64Array | undefined,
  { retrieval, indexRate, protect }: ContentSettings,
  signal: AbortSignal,
): Promise<Float32Array<ArrayBuffer>> {
  const { features } = await network.run(
    { audio: { type: "float32", dims: [1, samples.length], data: Float32Array.from(samples) } },
    signal,
  );
  if (features?.type !== "float32") throw new Error("ContentVec gave no features");
  if (features.dims[2] !== width) {
    throw new AppError(
      "model_unusable",
      `The ContentVec here gives features of ${String(features.dims[2])} numbers, and the voice takes ${width}. Use hubert_base.pt as RVC publishes it: \`talkbox models pull rvc-base\`.`,
    );
  }
  const own = features.data;
  const mixed = retrieval ? await retrieval.mix(own, indexRate, signal) : own;
  const frames = framesOf(samples.length);
  const out = new Float32Array(frames * width);
  for (let frame = 0; frame < frames; frame++) {
    const from = Math.floor(frame / DOUBLED) * width;
    const at = frame * width;
    // Without a pitch there are consonants and breath, which the voice's own would smear.
    const share = f0 && protect < 0.5 && (f0[frame] as number) < SUNG_HZ ? protect : 1;
    for (let i = 0; i < width; i++) {
      out[at + i] = share * (mixed[from + i] as number) + (1 - share) * (own[from + i] as number);
    }
  }
  return out;
}
