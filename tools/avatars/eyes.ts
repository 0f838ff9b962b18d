/** Eyeballs, one iris, and catch-lights, each its own sprite. The lids are in lids.ts. */
import { createRandom, type Point, rgba, smoothstep } from "./math.ts";
import { type Box, createSurface, ellipse, soft, type Surface } from "./raster.ts";
import type { EyeSpec, FaceSpec } from "./spec.ts";

/** Box of the eyeball and lid sprites, both eyes. */
export function eyesBox(face: FaceSpec): Box {
  const half = Math.round(face.pupilX + face.eyeHalfWidth * 1.42 + 4);
  return [face.cx - half, face.eyeY - 36, 2 * half, 68];
}

export const SIDES = [-1, 1] as const;
export type Side = (typeof SIDES)[number];

/** A line given outward from the eye centre, in frame u. */
export const placed = (face: FaceSpec, side: Side, line: readonly Point[]): Point[] =>
  line.map(([x, y]) => [face.cx + side * (face.pupilX + x), face.eyeY + y]);

/** Both eyeballs, wider than the opening so that no lid level shows a gap. */
export function paintEyeballs(face: FaceSpec, eye: EyeSpec, box: Box): Surface {
  const surface = createSurface(box);
  const { ctx } = surface;
  for (const side of SIDES) {
    const [ex, ey] = [face.cx + side * face.pupilX, face.eyeY];
    const hw = face.eyeHalfWidth;
    const shape = ellipse(ex, ey + 1, hw + 2.5, 20);
    ctx.save();
    ctx.clip(shape);
    const ball = ctx.createRadialGradient(ex - 2, ey + 1, 4, ex, ey + 1, hw + 2);
    ball.addColorStop(0, "#FBF6F1");
    ball.addColorStop(0.45, "#F6EEE8");
    ball.addColorStop(0.75, "#E6D3CA");
    ball.addColorStop(1, "#C9ADA1");
    ctx.fillStyle = ball;
    ctx.fillRect(ex - 60, ey - 40, 120, 80);
    // The far side of the ball turns away from the key light.
    const turn = ctx.createLinearGradient(ex - hw, ey, ex + hw, ey + 6);
    turn.addColorStop(0, rgba("#FFFFFF", 0.1));
    turn.addColorStop(0.55, rgba("#C9ADA1", 0));
    turn.addColorStop(1, rgba("#A98478", 0.3));
    ctx.fillStyle = turn;
    ctx.fillRect(ex - 60, ey - 40, 120, 80);
    const corner = placed(face, side, [eye.upper[0] as Point])[0] as Point;
    soft(ctx, [corner[0] - 14, corner[1] - 12, 28, 24], 1.1, (c) => {
      c.fillStyle = rgba("#D98C80", 0.95);
      c.fill(ellipse(corner[0] + side * 4.2, corner[1] + 0.5, 5, 4.4));
      c.fillStyle = rgba("#F6D2C8", 0.8);
      c.fill(ellipse(corner[0] + side * 3.6, corner[1] - 0.6, 1.4, 1.2));
    });
    const outer = placed(face, side, [eye.upper[eye.upper.length - 1] as Point])[0] as Point;
    soft(ctx, [outer[0] - 12, outer[1] - 12, 24, 24], 2, (c) => {
      c.fillStyle = rgba("#B9776A", 0.5);
      c.fill(ellipse(outer[0] - side * 1, outer[1], 5, 5));
    });
    ctx.restore();
  }
  return surface;
}

/** One iris with pupil, centred on (0, 0) of its own box; used for both eyes. */
export function paintIris(eye: EyeSpec, seed: number): Surface {
  const r = eye.irisRadius;
  const surface = createSurface([-r - 4, -r - 4, 2 * r + 8, 2 * r + 8]);
  const { ctx } = surface;
  const random = createRandom(seed);
  soft(ctx, [-r, -r, 2 * r, 2 * r], 0.55, (c) => {
    const body = c.createRadialGradient(0, r * 0.16, r * 0.2, 0, 0, r);
    body.addColorStop(0, eye.iris.body);
    body.addColorStop(0.55, eye.iris.body);
    body.addColorStop(0.84, eye.iris.ring);
    body.addColorStop(1, eye.iris.ring);
    c.fillStyle = body;
    c.fill(ellipse(0, 0, r, r));
  });
  ctx.save();
  ctx.clip(ellipse(0, 0, r * 0.93, r * 0.93));
  soft(ctx, [-r, -r, 2 * r, 2 * r], 1.7, (c) => {
    // Light enters upper left and glows in the lower half.
    c.strokeStyle = rgba(eye.iris.glow, 0.95);
    c.lineWidth = r * 0.26;
    c.beginPath();
    c.arc(0, 0, r * 0.64, Math.PI * 0.02, Math.PI * 0.86);
    c.stroke();
  });
  for (let i = 0; i < 34; i++) {
    const a = (i / 34) * Math.PI * 2 + random.range(-0.08, 0.08);
    const down = smoothstep(-0.6, 1, Math.sin(a));
    ctx.strokeStyle = rgba(eye.iris.glow, 0.12 + 0.34 * down);
    ctx.lineWidth = random.range(0.35, 0.75);
    ctx.beginPath();
    ctx.moveTo(Math.cos(a) * r * 0.42, Math.sin(a) * r * 0.42);
    ctx.lineTo(Math.cos(a) * r * random.range(0.68, 0.86), Math.sin(a) * r * random.range(0.68, 0.86));
    ctx.stroke();
  }
  ctx.restore();
  soft(ctx, [-r, -r, 2 * r, 2 * r], 0.5, (c) => {
    c.fillStyle = "#0C0605";
    c.fill(ellipse(0, 0, r * 0.4, r * 0.4));
  });
  // The upper third is always in the lid's shade.
  soft(
    ctx,
    [-r, -r, 2 * r, r],
    2.2,
    (c) => {
      c.fillStyle = rgba("#0C0605", 0.42);
      c.fill(ellipse(0, -r * 0.86, r * 1.0, r * 0.42));
    },
    { mode: "source-atop" },
  );
  return surface;
}

/** The catch-lights of one eye, relative to the iris centre: a rounded window upper left, a faint one lower right. */
export function paintCatchlight(eye: EyeSpec): Surface {
  const r = eye.irisRadius;
  const surface = createSurface([-r, -r, 2 * r, 2 * r]);
  soft(surface.ctx, [-r, -r, 2 * r, 2 * r], 0.4, (c) => {
    c.fillStyle = rgba("#FFFDF8", 0.95);
    c.beginPath();
    c.roundRect(-r * 0.54, -r * 0.6, r * 0.42, r * 0.44, r * 0.13);
    c.fill();
  });
  soft(surface.ctx, [-r, -r, 2 * r, 2 * r], 0.8, (c) => {
    c.fillStyle = rgba("#FFF1DF", 0.34);
    c.fill(ellipse(r * 0.36, r * 0.42, r * 0.17, r * 0.12, -0.6));
  });
  return surface;
}
