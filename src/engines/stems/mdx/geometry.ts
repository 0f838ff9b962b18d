import { ComplexFft } from "../../../signal/complex-fft.ts";
import type { SpectraGeometry } from "../spectra/protocol.ts";

/** Samples between frames, of every MDX-Net there is. */
const HOP = 1024;

/** The lowest bins, which the networks are trained without. */
const LOWEST = 3;

/** How a network sees sound. */
export type MdxGeometry = {
  /** Samples of a frame. */
  readonly size: number;
  /** Bins of the frame that it gets, from 0 Hz up. */
  readonly bins: number;
  /** Frames of a window. */
  readonly frames: number;
};

/** Samples of a window: frames stand on both of its ends. */
export function windowSamples({ frames }: MdxGeometry): number {
  return HOP * (frames - 1);
}

/** How its spectra are made. */
export function spectraOf(geometry: MdxGeometry): SpectraGeometry {
  const { size, bins } = geometry;
  return {
    samples: windowSamples(geometry),
    size,
    heard: size,
    hop: HOP,
    bins,
    muted: { before: LOWEST, after: 0 },
  };
}

/** What keeps a network of this geometry from being run; undefined where nothing does. */
export function problemOf(geometry: MdxGeometry): string | undefined {
  const { size, bins, frames } = geometry;
  if (![size, bins, frames].every((each) => Number.isSafeInteger(each) && each > 0)) {
    return "its sizes are no whole numbers above 0";
  }
  if (size % 2 !== 0 || !ComplexFft.takes(size)) return `a transform of ${size} has a prime factor above 5, or is odd`;
  if (size < 2 * HOP) return `frames of ${size} samples leave gaps at a hop of ${HOP}`;
  if (bins > size / 2 + 1) return `a transform of ${size} has ${size / 2 + 1} bins, not ${bins}`;
  if (windowSamples(geometry) <= size) return `a window of ${frames} frames is shorter than one transform of ${size}`;
  return undefined;
}
