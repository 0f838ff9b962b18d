import type { AvatarSheet } from "./avatar-sheet.ts";
import { blueOf, lumaOf, redOf } from "./texture.ts";

/** A colour as luma and chroma, BT.709 limited range, as floats. Mixing these is mixing the RGB colours. */
export type Tone = readonly [y: number, u: number, v: number];

/** `#RRGGBB` as a tone. */
export function toneOf(hex: string): Tone {
  const value = Number.parseInt(hex.slice(1), 16);
  const [r, g, b] = [value >> 16, (value >> 8) & 255, value & 255] as const;
  return [lumaOf(r, g, b), blueOf(r, g, b), redOf(r, g, b)];
}

/** `a` at 0, `b` at 1. */
export const mixTones = (a: Tone, b: Tone, t: number): Tone => [
  a[0] + (b[0] - a[0]) * t,
  a[1] + (b[1] - a[1]) * t,
  a[2] + (b[2] - a[2]) * t,
];

/** A mouth's colours as tones. */
export type MouthPalette = Readonly<Record<keyof AvatarSheet["mouth"]["palette"] & string, Tone>>;

/** The palette of a person's sheet. */
export function mouthPalette(sheet: AvatarSheet): MouthPalette {
  const entries = Object.entries(sheet.mouth.palette);
  return Object.fromEntries(entries.map(([name, hex]) => [name, toneOf(hex)])) as MouthPalette;
}
