/** Four-term cosine window with continuous first derivative: A. H. Nuttall, 1981. */
export function nuttall(length: number): Float64Array {
  const window = new Float64Array(length);
  for (let n = 0; n < length; n++) {
    const turn = (2 * Math.PI * n) / (length - 1);
    window[n] = 0.355768 - 0.487396 * Math.cos(turn) + 0.144232 * Math.cos(2 * turn) - 0.012604 * Math.cos(3 * turn);
  }
  return window;
}
