import type { StereoPassage } from "../stem-separator.ts";
import type { MdxGeometry } from "./geometry.ts";

/** A window of sound, whose spectrum is wanted; `turned`: with the sign turned too. */
export type AnalyseTask = {
  readonly kind: "analyse";
  readonly geometry: MdxGeometry;
  readonly sound: StereoPassage;
  readonly turned: boolean;
};

/** A network's answers, whose sound is wanted. */
export type SynthesiseTask = {
  readonly kind: "synthesise";
  readonly geometry: MdxGeometry;
  readonly spectra: readonly Float32Array[];
};

export type SpectraTask = AnalyseTask | SynthesiseTask;

/** Spectra, one or two; or both sides of the sound. */
export type SpectraResult = readonly Float32Array<ArrayBuffer>[];
