/** Cut to 0…1. */
export const clamp01 = (x: number): number => (x < 0 ? 0 : x > 1 ? 1 : x);

/** 0 up to 0, 1 from 1 on, smooth between. */
export const smooth = (x: number): number => {
  const t = x < 0 ? 0 : x > 1 ? 1 : x;
  return t * t * (3 - 2 * t);
};

/** exp(−x²) for 0 ≤ x < 4, 256 entries to 1: an exponential per texel would cost more than all the rest. */
const BELL = Float64Array.from({ length: 1024 }, (_, i) => Math.exp(-(((i + 0.5) / 256) ** 2)));

/** exp(−x²), to some 0.002; 0 beyond 4. */
export const bell = (x: number): number => {
  const i = (x < 0 ? -x * 256 : x * 256) | 0;
  return i < 1024 ? (BELL[i] as number) : 0;
};
