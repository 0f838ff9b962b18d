/** A plane between four of its samples; places beyond its edge are the edge. */
export function sample(plane: Uint8Array, width: number, height: number, x: number, y: number): number {
  const cx = x < 0 ? 0 : x > width - 1.001 ? width - 1.001 : x;
  const cy = y < 0 ? 0 : y > height - 1.001 ? height - 1.001 : y;
  const left = cx | 0;
  const top = cy | 0;
  const fx = cx - left;
  const fy = cy - top;
  const at = top * width + left;
  const a = plane[at] as number;
  const b = plane[at + 1] as number;
  const c = plane[at + width] as number;
  const d = plane[at + width + 1] as number;
  const upper = a + (b - a) * fx;
  return upper + (c + (d - c) * fx - upper) * fy;
}
