/** Both brows: a soft body and fine hairs along the growth direction. */
import { createRandom, lerp, type Point, resample, rgba, smoothstep, spline } from "./math.ts";
import { type Box, createSurface, pathOf, soft, type Surface } from "./raster.ts";
import type { BrowSpec, FaceSpec } from "./spec.ts";

export function paintBrows(face: FaceSpec, brow: BrowSpec, seed: number): Surface {
  const random = createRandom(seed);
  const box: Box = [face.cx - face.halfWidth, face.browY - 40, 2 * face.halfWidth, 80];
  const surface = createSurface(box);
  for (const side of [-1, 1]) {
    // One brow sits a little higher; perfect symmetry looks drawn by machine.
    const lift = side < 0 ? 0 : -0.8;
    const at = (line: readonly Point[]): Point[] =>
      resample(spline(line, 14), 60).map(([x, y]) => [face.cx + side * x, y + lift]);
    const [top, bottom] = [at(brow.upper), at(brow.lower)];
    soft(
      surface.ctx,
      box,
      1.7,
      (c) => {
        const [inner, outer] = [top[0] as Point, top[59] as Point];
        const fade = c.createLinearGradient(inner[0], 0, outer[0], 0);
        fade.addColorStop(0, rgba(brow.colour, 0.2));
        fade.addColorStop(0.2, rgba(brow.colour, 0.72));
        fade.addColorStop(0.75, rgba(brow.colour, 0.9));
        fade.addColorStop(1, rgba(brow.colour, 0.7));
        c.fillStyle = fade;
        c.fill(pathOf([...top, ...bottom.toReversed()]));
      },
      { alpha: brow.alpha },
    );
    soft(surface.ctx, box, 0.3, (c) => {
      for (let i = 0; i < brow.strands; i++) {
        const t = random.next() ** 0.85;
        const v = random.range(0.02, 0.98);
        const index = Math.min(56, Math.floor(t * 58));
        const [a, b] = [top[index] as Point, bottom[index] as Point];
        const [x, y] = [lerp(a[0], b[0], v), lerp(a[1], b[1], v)];
        const next = top[Math.min(59, index + 3)] as Point;
        const along = Math.atan2(next[1] - a[1], (next[0] - a[0]) * side);
        // Hairs rise at the inner end, lie along the arch, and the upper edge grows down into it.
        const angle =
          along +
          lerp(-1.05, -0.05, smoothstep(0, 0.5, t)) * (0.35 + 0.65 * v) +
          (v < 0.3 ? 0.22 : 0) +
          random.bell() * 0.09;
        const length = lerp(6.5, 9, smoothstep(0, 0.5, t)) * random.range(0.7, 1.1) * (t > 0.85 ? 0.75 : 1);
        const [dx, dy] = [Math.cos(angle) * side * length, Math.sin(angle) * length];
        c.strokeStyle = rgba(
          random.next() < 0.55 ? brow.dark : brow.colour,
          random.range(0.22, 0.5) * smoothstep(-0.12, 0.12, t) * brow.alpha,
        );
        c.lineWidth = random.range(0.45, 0.8);
        c.beginPath();
        c.moveTo(x - dx * 0.35, y - dy * 0.35);
        c.quadraticCurveTo(x + dx * 0.2, y + dy * 0.25 - 0.4, x + dx * 0.65, y + dy * 0.65);
        c.stroke();
      }
    });
  }
  return surface;
}
