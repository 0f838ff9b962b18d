import type { StereoPassage } from "../stem-separator.ts";

/** How networks see windows of sound. */
export type SpectraGeometry = {
  /** Samples of a window. */
  readonly samples: number;
  /** Samples of a frame's transform, and those in its middle that it hears. */
  readonly size: number;
  readonly heard: number;
  /** Samples from one frame to the next; the first is centred on the window's first sample. */
  readonly hop: number;
  /** Bins of the transform that a network gets, from 0 Hz up. */
  readonly bins: number;
  /** Bins from 0 Hz up that are silent in what a network gets, and in what becomes of its answer. */
  readonly muted: { readonly before: number; readonly after: number };
};

/** Frames of a window: the last begins to be heard within it. */
export function framesOf({ samples, hop }: Pick<SpectraGeometry, "samples" | "hop">): number {
  return 1 + Math.floor(samples / hop);
}

/** A window of sound, whose spectrum is wanted; `turned`: with the sign turned too. */
export type AnalyseTask = {
  readonly kind: "analyse";
  readonly geometry: SpectraGeometry;
  readonly sound: StereoPassage;
  readonly turned: boolean;
};

/** A network's answers, whose sound is wanted. */
export type SynthesiseTask = {
  readonly kind: "synthesise";
  readonly geometry: SpectraGeometry;
  readonly spectra: readonly Float32Array[];
};

export type SpectraTask = AnalyseTask | SynthesiseTask;

/** Spectra, one or two; or both sides of the sound. */
export type SpectraResult = readonly Float32Array<ArrayBuffer>[];
