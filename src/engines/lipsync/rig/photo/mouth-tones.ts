import type { FramePlanes } from "../frame-planes.ts";
import type { Tone } from "../mouth-palette.ts";
import type { LipCurves } from "./lip-curves.ts";
import { PLACES } from "./lip-curves.ts";

/** Colours of what is between the lips, under the picture's own light. */
export type MouthTones = {
  /** Throat, and what is near the lips. */
  readonly throat: Tone;
  readonly near: Tone;
  readonly tongue: Tone;
  readonly tongueLight: Tone;
  readonly teeth: Tone;
  readonly teethSide: Tone;
  readonly gum: Tone;
};

/** Black in limited range. */
const BLACK = 16;

/** Reads lips and skin from the frame and takes the mouth's colours from them. `eyeWhite` is the whites' colour, where seen. */
export function mouthTones(still: FramePlanes, curves: LipCurves): MouthTones {
  const lip = meanOf(still, curves, (i) => [
    0.3 * (curves.innerLower[i] as number) + 0.7 * (curves.outerLower[i] as number),
    0.6 * (curves.innerLower[i] as number) + 0.4 * (curves.outerLower[i] as number),
  ]);
  const skin = meanOf(still, curves, (i) => {
    const lower = curves.outerLower[i] as number;
    return [lower + 0.35 * (curves.chinY - lower), lower + 0.7 * (curves.chinY - lower)];
  });
  const light = Math.max(40, skin[0] - BLACK);
  const tone = (share: number, chroma: Tone, depth: number): Tone => [
    BLACK + light * share,
    128 + (chroma[1] - 128) * depth,
    128 + (chroma[2] - 128) * depth,
  ];
  return {
    throat: tone(0.07, lip, 0.35),
    near: tone(0.2, lip, 0.75),
    tongue: tone(0.45, lip, 1.15),
    tongueLight: tone(0.62, lip, 1),
    // Enamel is lighter than skin in the same light, and takes a part of its colour.
    teeth: tone(Math.min(1.25, 212 / light), skin, 0.55),
    teethSide: tone(0.78, skin, 0.75),
    gum: tone(0.6, lip, 1.1),
  };
}

/** Mean colour of a band across the middle of the mouth. */
function meanOf(still: FramePlanes, curves: LipCurves, band: (place: number) => readonly [number, number]): Tone {
  const { axes, half } = curves;
  const sums = [0, 0, 0];
  let count = 0;
  for (let i = Math.round(PLACES * 0.3); i < PLACES * 0.7; i++) {
    const x = half * ((2 * i) / (PLACES - 1) - 1);
    const [from, to] = band(i);
    for (let share = 0; share <= 1; share += 0.25) {
      const y = from + (to - from) * share;
      const px = Math.round(axes.x + x * axes.cos - y * axes.sin);
      const py = Math.round(axes.y + x * axes.sin + y * axes.cos);
      if (px < 0 || py < 0 || px >= still.width || py >= still.height) continue;
      const c = (py >> 1) * still.chromaWidth + (px >> 1);
      sums[0]! += still.y[py * still.width + px] as number;
      sums[1]! += still.u[c] as number;
      sums[2]! += still.v[c] as number;
      count++;
    }
  }
  const mean = (i: number): number => (count > 0 ? (sums[i] as number) / count : 128);
  return [mean(0), mean(1), mean(2)];
}
