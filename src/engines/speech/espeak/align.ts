/** Alignment of two nearly equal sequences: least number of insertions, deletions and substitutions (Levenshtein). */

const SAME = 0;
const OTHER = 1.5;
const GAP = 1;

/**
 * For each element of `a`, the index in `b` of the element that it was aligned with, or −1. Indexes rise. An element may
 * be aligned with a different one where that costs less than leaving both out.
 */
export function align(a: readonly string[], b: readonly string[]): Int32Array {
  const width = b.length + 1;
  const cost = new Float32Array((a.length + 1) * width);
  for (let j = 1; j < width; j++) cost[j] = j * GAP;
  for (let i = 1; i <= a.length; i++) {
    cost[i * width] = i * GAP;
    for (let j = 1; j < width; j++) {
      const pair = (cost[(i - 1) * width + j - 1] as number) + (a[i - 1] === b[j - 1] ? SAME : OTHER);
      const skipA = (cost[(i - 1) * width + j] as number) + GAP;
      const skipB = (cost[i * width + j - 1] as number) + GAP;
      cost[i * width + j] = Math.min(pair, skipA, skipB);
    }
  }
  const matches = new Int32Array(a.length).fill(-1);
  let i = a.length;
  let j = b.length;
  while (i > 0 && j > 0) {
    const here = cost[i * width + j] as number;
    if (here === (cost[(i - 1) * width + j - 1] as number) + (a[i - 1] === b[j - 1] ? SAME : OTHER)) {
      matches[--i] = --j;
    } else if (here === (cost[(i - 1) * width + j] as number) + GAP) i--;
    else j--;
  }
  return matches;
}
