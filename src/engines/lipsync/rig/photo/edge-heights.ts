import type { Point } from "../../../../library/face-marks.ts";
import { clamp01 } from "../curves.ts";

/**
 * Heights of a polyline at `places` places spaced evenly from −`half` to `half`, smoothed `smoothings` times: marks on a
 * face are a few pixels apart.
 */
export function edgeHeights(points: readonly Point[], half: number, places: number, smoothings: number): Float64Array {
  const sorted = points.toSorted((a, b) => a[0] - b[0]);
  const out = new Float64Array(places);
  let at = 0;
  for (let i = 0; i < places; i++) {
    const x = half * ((2 * i) / (places - 1) - 1);
    while (at < sorted.length - 2 && (sorted[at + 1] as Point)[0] < x) at++;
    const [ax, ay] = sorted[at] as Point;
    const [bx, by] = sorted[at + 1] as Point;
    out[i] = bx > ax ? ay + (by - ay) * clamp01((x - ax) / (bx - ax)) : ay;
  }
  const before = new Float64Array(places);
  for (let turn = 0; turn < smoothings; turn++) {
    before.set(out);
    for (let i = 1; i < places - 1; i++) {
      out[i] = ((before[i - 1] as number) + 2 * (before[i] as number) + (before[i + 1] as number)) / 4;
    }
  }
  return out;
}
