/** Voiced stretches of a pitch curve. */

/** Frames `start`…`end`, both voiced. */
export type Section = { start: number; end: number };

/** The voiced stretches in order of time. The first and the last frame of the curve count as unvoiced. */
export function voicedSections(contour: Float64Array): Section[] {
  const sections: Section[] = [];
  const last = contour.length - 1;
  let start = -1;
  for (let i = 1; i <= last; i++) {
    const voiced = i < last && (contour[i] as number) > 0;
    if (voiced && start < 0) start = i;
    if (!voiced && start >= 0) {
      sections.push({ start, end: i - 1 });
      start = -1;
    }
  }
  return sections;
}
