/** The lid strip: levels from open to closed, with crease, lash line, and the lid's shadow on the eyeball. */
import type { Path2D } from "@napi-rs/canvas";
import { placed, type Side, SIDES } from "./eyes.ts";
import { clamp, curve, hex, lerp, mixRgb, type Point, rgba, smoothstep, spline } from "./math.ts";
import {
  type Box,
  type Context,
  createSurface,
  ellipse,
  maskWith,
  pathOf,
  place,
  soft,
  type Surface,
} from "./raster.ts";
import type { EyeSpec, FaceSpec, SkinColours } from "./spec.ts";

/** Frames of the strip; 0 is open, the last one closed. */
export const LID_LEVELS = 9;

interface Lids {
  /** Dense lid lines, inner to outer, relative to the eye centre. */
  readonly upper: Point[];
  readonly lower: Point[];
}

/** Lid lines at closure `c` (0 open, 1 closed). The upper lid does nearly all the travel; the meeting line is low and curved. */
function lidsAt(eye: EyeSpec, c: number): Lids {
  const open = spline(eye.upper, 12);
  const low = spline(eye.lower, 12);
  const lowAt = curve(eye.lower);
  const [inner, outer] = [eye.upper[0] as Point, eye.upper[eye.upper.length - 1] as Point];
  const rise = (x: number): number => {
    const t = clamp((x - inner[0]) / (outer[0] - inner[0]));
    return 4 * t * (1 - t);
  };
  return {
    upper: open.map(([x, y]) => [x, lerp(y, lowAt(x) - 1.6 * rise(x), c)]),
    lower: low.map(([x, y]) => [x, y - 1.4 * rise(x) * c]),
  };
}

const opening = (face: FaceSpec, side: Side, lids: Lids): Path2D =>
  pathOf([...placed(face, side, lids.upper), ...placed(face, side, lids.lower).toReversed()]);

/** One lid level. `skin` is the painted face without eyes; its own texels melt into the head around the opening. */
export function paintLid(
  face: FaceSpec,
  eye: EyeSpec,
  colours: SkinColours,
  skin: Surface,
  box: Box,
  level: number,
): Surface {
  const c = level / (LID_LEVELS - 1);
  const lids = lidsAt(eye, c);
  const surface = createSurface(box);
  const mask = createSurface(box);
  for (const side of SIDES) {
    const [ex, ey] = [face.cx + side * face.pupilX, face.eyeY];
    // Opaque beyond the eyeballs, then falling to nothing over about 6 u.
    soft(mask.ctx, box, 1.9, (m) => m.fill(ellipse(ex, ey + 0.5, face.eyeHalfWidth + 7, 24.5)));
  }
  place(surface.ctx, skin);
  for (const side of SIDES) lidPlane(surface.ctx, face, eye, colours, lids, side, c, box);
  maskWith(surface, mask);
  if (c < 1) {
    for (const side of SIDES) {
      const hole = createSurface(box);
      soft(hole.ctx, box, 0.35, (h) => h.fill(opening(face, side, lids)));
      maskWith(surface, hole, false);
    }
  }
  for (const side of SIDES) {
    if (c < 1) innerShadow(surface.ctx, face, lids, side, c, box);
    lashes(surface.ctx, face, eye, lids, side, c, box);
  }
  return surface;
}

function trace(c: Context, line: readonly Point[]): void {
  c.beginPath();
  line.forEach(([x, y], i) => (i === 0 ? c.moveTo(x, y) : c.lineTo(x, y)));
}

function lidPlane(
  ctx: Context,
  face: FaceSpec,
  eye: EyeSpec,
  colours: SkinColours,
  lids: Lids,
  side: Side,
  c: number,
  box: Box,
): void {
  const edge = placed(face, side, lids.upper);
  const openLine = placed(face, side, lidsAt(eye, 0).upper);
  // Crease follows the open lid and sinks a little on closing.
  const crease = openLine.map(([x, y], i): Point => {
    const t = i / (openLine.length - 1);
    const fade = Math.sin(Math.PI * clamp(t * 0.94 + 0.05));
    return [x + side * (t > 0.8 ? (t - 0.8) * 8 : 0), y - eye.creaseGap * (0.25 + 0.75 * fade) + 5 * c * fade];
  });
  soft(ctx, box, 2.6, (d) => {
    d.fillStyle = rgba(eye.lidTint, eye.lidTintAlpha * (1 - 0.45 * c));
    d.fill(pathOf([...crease.map(([x, y]): Point => [x, y - 1]), ...edge.toReversed()]));
  });
  // The closing lid turns toward the light.
  if (c > 0)
    soft(ctx, box, 4, (d) => {
      const mid = face.cx + side * face.pupilX - 4;
      d.fillStyle = rgba(colours.light, 0.5 * c);
      d.fill(ellipse(mid, lerp(face.eyeY - 14, face.eyeY - 1, c), face.eyeHalfWidth * 0.62, 3 + 4 * c));
    });
  soft(ctx, box, 0.9, (d) => {
    const tapered = crease.slice(2, -3);
    d.lineCap = "round";
    for (let i = 1; i < tapered.length; i++) {
      const t = i / tapered.length;
      d.strokeStyle = rgba(
        colours.contact,
        lerp(eye.creaseAlpha, eye.creaseAlpha * 0.5, c) * Math.sin(Math.PI * clamp(0.12 + t * 0.8)),
      );
      d.lineWidth = 1.5;
      trace(d, [tapered[i - 1] as Point, tapered[i] as Point]);
      d.stroke();
    }
  });
  // Lower lid: a soft roll of light, with a shade below.
  const lower = placed(face, side, lids.lower);
  soft(ctx, box, 1.6, (d) => {
    d.strokeStyle = rgba(colours.light, 0.55);
    d.lineWidth = 2.6;
    trace(
      d,
      lower.slice(6, -6).map(([x, y]): Point => [x, y + 3]),
    );
    d.stroke();
  });
  soft(ctx, box, 2.4, (d) => {
    d.strokeStyle = rgba(colours.shade, 0.3);
    d.lineWidth = 2.2;
    trace(
      d,
      lower.slice(8, -8).map(([x, y]): Point => [x, y + 8]),
    );
    d.stroke();
  });
}

/** Shadow of the lid on the eyeball and the moist lower rim, inside the opening only. */
function innerShadow(ctx: Context, face: FaceSpec, lids: Lids, side: Side, c: number, box: Box): void {
  const clip = opening(face, side, lids);
  soft(
    ctx,
    box,
    2.3,
    (d) => {
      d.strokeStyle = rgba("#4A241C", 0.6);
      d.lineWidth = 8;
      trace(d, placed(face, side, lids.upper));
      d.stroke();
    },
    { clip },
  );
  soft(
    ctx,
    box,
    0.6,
    (d) => {
      d.strokeStyle = rgba("#E2A79B", 0.85 * (1 - 0.6 * c));
      d.lineWidth = 2.2;
      trace(d, placed(face, side, lids.lower));
      d.stroke();
    },
    { clip },
  );
}

function lashes(ctx: Context, face: FaceSpec, eye: EyeSpec, lids: Lids, side: Side, c: number, box: Box): void {
  const edge = placed(face, side, lids.upper);
  const n = edge.length - 1;
  const weight = eye.lashWeight;
  // A wedge along the lid, from nothing at the inner corner to full weight near the outer one.
  const profile = (t: number): number =>
    weight * (0.16 + 0.84 * smoothstep(0, 0.75, t)) * (1 - smoothstep(0.93, 1, t) * 0.55);
  soft(ctx, box, 0.45, (d) => {
    const top: Point[] = [];
    const bottom: Point[] = [];
    edge.forEach(([x, y], i) => {
      const t = i / n;
      const p = profile(t) * (i < 3 ? i / 3 : 1);
      top.push([x, y - p * lerp(0.72, 0.3, c)]);
      bottom.push([x, y + p * lerp(0.28, 0.75, c)]);
    });
    const [x, y] = edge[n] as Point;
    // A short wing continues the line past the outer corner.
    const wing: Point = [x + side * 4.2, lerp(y - 2.6, y + 0.5, c)];
    d.fillStyle = rgba(eye.lash, 0.94);
    d.fill(pathOf([...top, wing, ...bottom.toReversed()]));
  });
  // A soft fringe above the outer half, and a few long lashes that grow out of it.
  const separate = 1 - smoothstep(0.3, 0.5, c);
  const [count, length] = eye.lashes;
  if (separate > 0) {
    soft(ctx, box, 1, (d) => {
      d.strokeStyle = rgba(eye.lash, 0.4 * separate);
      d.lineWidth = 2;
      trace(
        d,
        edge.slice(Math.round(n * 0.4)).map(([x, y]): Point => [x + side * 1.4, y - weight * 0.85]),
      );
      d.stroke();
    });
    soft(ctx, box, 0.35, (d) => {
      for (let i = 0; i < count; i++) {
        const along = i / Math.max(1, count - 1);
        const t = lerp(0.84, 0.995, along);
        const [x, y] = edge[Math.round(t * n)] as Point;
        const l = length * lerp(0.6, 1, along);
        const lift = lerp(1, 0.35, c) * lerp(1, 0.62, along);
        d.fillStyle = rgba(eye.lash, 0.62 * separate);
        d.beginPath();
        d.moveTo(x - side * 1.6, y - weight * 0.5);
        d.quadraticCurveTo(
          x + side * l * 0.5,
          y - weight * 0.5 - l * 0.25 * lift,
          x + side * l,
          y - weight * 0.4 - l * lift,
        );
        d.quadraticCurveTo(x + side * l * 0.7, y - l * 0.12 * lift, x + side * 1.6, y);
        d.fill();
      }
    });
  }
  if (c > 0.5) {
    const merged = smoothstep(0.5, 0.9, c);
    soft(ctx, box, 0.8, (d) => {
      // Closed: the lashes lie as one soft fringe below the line.
      d.strokeStyle = rgba(eye.lash, 0.5 * merged);
      d.lineWidth = weight * 0.7;
      trace(
        d,
        edge.slice(Math.round(n * 0.2)).map(([x, y]): Point => [x + side * 0.8, y + weight * 0.75]),
      );
      d.stroke();
    });
  }
  // Lower lashes read only as a faint darkening of the outer half.
  const mixed = mixRgb(hex(eye.lash), hex("#8A4A3A"), 0.45);
  const lower = placed(face, side, lids.lower);
  soft(ctx, box, 0.8, (d) => {
    for (let i = 3; i < lower.length; i++) {
      const t = i / lower.length;
      d.strokeStyle = rgba(mixed, eye.lowerLash * (0.22 + 0.4 * smoothstep(0.15, 0.95, t)) * (1 - 0.6 * c));
      d.lineWidth = 0.5 + 0.9 * t;
      trace(
        d,
        [lower[i - 1] as Point, lower[i] as Point].map(([x, y]): Point => [x, y + 0.9]),
      );
      d.stroke();
    }
  });
}
