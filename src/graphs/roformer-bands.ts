import { slaneyBands } from "../signal/slaney-mel.ts";

/** The bands that a spectrum is split into: the bins of each, ascending. */
export type BandLayout = readonly (readonly number[])[];

/** What a mel layout is made for. */
export type MelGrid = {
  /** Hz. */
  readonly sampleRate: number;
  /** Samples of the transform. */
  readonly size: number;
};

/** Bands that lie side by side, as BS-RoFormer has them. @param counts bins of each */
export function adjacentBands(counts: readonly number[]): BandLayout {
  let from = 0;
  return counts.map((count) => {
    from += count;
    return Array.from({ length: count }, (_, i) => from - count + i);
  });
}

/**
 * Bands that overlap, as Mel-Band RoFormer has them: the bins under each triangle of librosa's mel filters, and the first
 * and the last bin, which no triangle covers.
 */
export function melBands({ sampleRate, size }: MelGrid, bands: number): BandLayout {
  const last = size / 2;
  const filters = slaneyBands({ sampleRate, fft: size, bands, lowHz: 0, highHz: sampleRate / 2 });
  return filters.map(({ from, weights }, band) => {
    const bins = new Set<number>();
    if (band === 0) bins.add(0);
    for (const [i, weight] of weights.entries()) if (weight > 0 && from + i < last) bins.add(from + i);
    if (band === bands - 1) bins.add(last);
    return [...bins];
  });
}

/** For each bin the places where bands have it, when all bands are put one after the other. */
export function placesOfBins(layout: BandLayout, bins: number): readonly (readonly number[])[] {
  const places: number[][] = Array.from({ length: bins }, () => []);
  for (const [place, bin] of layout.flat().entries()) places[bin]?.push(place);
  return places;
}
