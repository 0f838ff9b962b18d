/** The painted face: outline, computed skin, and the soft accents laid over it. */
import type { Path2D } from "@napi-rs/canvas";
import { lerp, type Point, rgba, spline } from "./math.ts";
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
import { faceField, shade } from "./skin.ts";
import type { FaceSpec, SkinColours } from "./spec.ts";

/** The closed face outline, crown to chin, as a dense polyline. */
export function faceOutline(face: FaceSpec): Point[] {
  const right = face.outline.map(([w, y]): Point => [face.cx + face.lean(y) + w, y]);
  const left = face.outline.map(([w, y]): Point => [face.cx + face.lean(y) - w, y]).toReversed();
  const chin = right[right.length - 1] as Point;
  const top = right[0] as Point;
  return spline([...right.slice(1, -1), chin, ...left.slice(1, -1), top], 10, true);
}

export const faceBox = (face: FaceSpec): Box => [
  face.cx - face.halfWidth - 24,
  face.topY - 14,
  2 * face.halfWidth + 48,
  face.chinY - face.topY + 40,
];

/** Skin of the face inside its softened outline, with nose, blush, philtrum and lip surround; no eyes, no lips. */
export function paintFace(face: FaceSpec, colours: SkinColours, seed: number): Surface {
  const box = faceBox(face);
  const surface = createSurface(box);
  const { ctx } = surface;
  place(ctx, shade(faceField(face), colours, { seed, tone: (x, y) => keyFalloff(face, x, y) }));
  const outline = pathOf(faceOutline(face));
  const mask = createSurface(box);
  soft(mask.ctx, box, 0.7, (c) => c.fill(outline));
  maskWith(surface, mask);
  contour(ctx, face, colours, outline, box);
  warmth(ctx, face, colours, box);
  nose(ctx, face, colours, box);
  lipSurround(ctx, face, colours, box);
  return surface;
}

/** The key light is near: the far side of the face and the jaw get a little less of it. */
function keyFalloff(face: FaceSpec, x: number, y: number): number {
  const across = (x - face.cx) / face.halfWidth;
  const down = (y - face.browY) / (face.chinY - face.browY);
  return -0.045 * across - 0.02 * Math.max(0, down) + 0.012;
}

/** Turns the form away at the edges: a warm shade on the far side, a faint one on the near side, rim light on the cheek. */
function contour(ctx: Context, face: FaceSpec, colours: SkinColours, outline: Path2D, box: Box): void {
  const { cx, halfWidth: w, chinY, mouthY, eyeY } = face;
  const edge = (c: Context, colour: string, width: number): void => {
    c.strokeStyle = colour;
    c.lineWidth = width;
    c.stroke(outline);
  };
  soft(ctx, box, 9, (c) => edge(c, rgba(colours.shade, 0.55), 14), { mode: "source-atop" });
  // Far side and underside of the jaw, darker toward the lower right.
  soft(
    ctx,
    box,
    13,
    (c) => {
      c.save();
      c.translate(5, 6);
      edge(c, rgba(colours.contact, 0.36), 18);
      c.restore();
    },
    { mode: "source-atop", alpha: 0.8 },
  );
  soft(
    ctx,
    box,
    2.4,
    (c) => {
      c.save();
      c.beginPath();
      c.rect(cx + w * 0.5, eyeY - 10, w, (mouthY - eyeY) * 0.72);
      c.clip();
      c.translate(-1, 0);
      edge(c, rgba(colours.rim, 0.7), 3.5);
      c.restore();
    },
    { mode: "source-atop", alpha: 0.6 },
  );
  // Light bounced from the clothes keeps the underside of the chin alive.
  soft(
    ctx,
    [cx - 50, chinY - 14, 100, 14],
    5,
    (c) => {
      c.fillStyle = rgba(colours.light, 0.35);
      c.fill(ellipse(cx + 10, chinY - 5, 30, 3.5));
    },
    { mode: "source-atop" },
  );
}

function warmth(ctx: Context, face: FaceSpec, colours: SkinColours, box: Box): void {
  const { cx, eyeY, pupilX, noseBaseY, halfWidth } = face;
  const k = halfWidth / 130;
  const glow = (x: number, y: number, rx: number, ry: number, angle: number, alpha: number, sigma: number): void =>
    soft(
      ctx,
      box,
      sigma,
      (c) => {
        c.fillStyle = rgba(colours.blush, alpha);
        c.fill(ellipse(x, y, rx, ry, angle));
      },
      { mode: "source-atop" },
    );
  for (const side of [-1, 1]) {
    glow(cx + side * pupilX * 1.28, eyeY + 60 * k, 30 * k, 17 * k, side * -0.4, face.blush, 12);
    glow(cx + side * pupilX, eyeY - 15 * k, 30 * k, 7 * k, side * 0.05, face.blush * 0.65, 5);
  }
  glow(cx, noseBaseY - 12 * k, 13 * k, 10 * k, 0, face.blush * 0.6, 6);
  glow(cx, face.chinY - 22 * k, 18 * k, 9 * k, 0, face.blush * 0.4, 8);
}

function nose(ctx: Context, face: FaceSpec, colours: SkinColours, box: Box): void {
  const { cx, noseBaseY: base, noseHalfWidth: nw, eyeY, halfWidth } = face;
  const k = halfWidth / 130;
  const dab = (sigma: number, draw: (c: Context) => void): void => soft(ctx, box, sigma, draw, { mode: "source-atop" });
  const spot = (sigma: number, colour: string, alpha: number, shape: Path2D): void =>
    dab(sigma, (c) => {
      c.fillStyle = rgba(colour, alpha);
      c.fill(shape);
    });
  // Cast shadow to the lower right of the nose and under its tip.
  spot(4, colours.shade, 0.5, ellipse(cx + 5 * k, base + 4 * k, nw * 0.8, 5 * k, 0.08));
  spot(5, colours.shade, 0.3, ellipse(cx + nw * 1.0, base - 8 * k, 7 * k, 13 * k, 0.2));
  spot(1.8, colours.contact, 0.28, ellipse(cx + 1, base + 0.5, nw * 0.42, 2.2 * k));
  // Bridge: faint light left of the axis, soft shade on the far flank.
  dab(3.4, (c) => {
    c.strokeStyle = rgba(colours.glow, 0.36);
    c.lineWidth = 4 * k;
    c.beginPath();
    c.moveTo(cx - 1.5, eyeY + 6);
    c.quadraticCurveTo(cx - 2.5, lerp(eyeY, base, 0.5), cx - 1.5, base - 24 * k);
    c.stroke();
  });
  dab(6, (c) => {
    c.strokeStyle = rgba(colours.shade, 0.24);
    c.lineWidth = 7 * k;
    c.beginPath();
    c.moveTo(cx + 17 * k, eyeY - 14);
    c.quadraticCurveTo(cx + 11 * k, lerp(eyeY, base, 0.45), cx + 16 * k, base - 18 * k);
    c.stroke();
  });
  for (const side of [-1, 1]) {
    const at = (d: number): number => cx + side * nw * d;
    // The wing is a small ball: shade where it turns into the cheek, a crease, a light on top.
    spot(3, colours.shade, side < 0 ? 0.26 : 0.46, ellipse(at(0.9), base - 6 * k, 4 * k, 7.5 * k, side * -0.25));
    dab(1.5, (c) => {
      c.strokeStyle = rgba(colours.contact, side < 0 ? 0.3 : 0.42);
      c.lineWidth = 1.5 * k;
      c.beginPath();
      c.moveTo(at(0.9), base - 15 * k);
      c.bezierCurveTo(at(1.1), base - 12 * k, at(1.14), base - 4 * k, at(0.84), base - 0.4 * k);
      c.stroke();
    });
    dab(2, (c) => {
      c.strokeStyle = rgba(colours.contact, side < 0 ? 0.2 : 0.28);
      c.lineWidth = 2.4 * k;
      c.beginPath();
      c.moveTo(at(0.9), base - 1 * k);
      c.quadraticCurveTo(at(0.5), base + 2.5 * k, at(0.1), base + 3.5 * k);
      c.stroke();
    });
    dab(0.8, (c) => {
      c.fillStyle = rgba("#5B2A20", 0.74);
      c.beginPath();
      const [x, y] = [at(0.46), base - 1.6 * k];
      c.moveTo(x - side * 5.4 * k, y + 1.6 * k);
      c.quadraticCurveTo(x - side * 0.8 * k, y - 4.4 * k, x + side * 6 * k, y - 1.8 * k);
      c.quadraticCurveTo(x + side * 4.8 * k, y + 1.4 * k, x - side * 0.5 * k, y + 1.3 * k);
      c.closePath();
      c.fill();
    });
    spot(2, colours.glow, side < 0 ? 0.46 : 0.2, ellipse(at(0.68) - 1.5, base - 10 * k, 3.2 * k, 3.6 * k));
  }
  spot(3, colours.glow, 0.55, ellipse(cx - 2.5 * k, base - 15 * k, 5.6 * k, 5 * k));
  spot(1.3, "#FFFFFF", 0.4, ellipse(cx - 3.2 * k, base - 16.5 * k, 2.4 * k, 1.9 * k, -0.4));
}

/** Philtrum light, corner softness and the under-lip shadow: what stays on the skin when the mouth moves. */
function lipSurround(ctx: Context, face: FaceSpec, colours: SkinColours, box: Box): void {
  const { cx, noseBaseY, mouthY, mouthHalfWidth: mw, halfWidth } = face;
  const k = halfWidth / 130;
  const atop = { mode: "source-atop" } as const;
  soft(
    ctx,
    box,
    4.2,
    (c) => {
      c.strokeStyle = rgba(colours.shade, 1);
      c.lineWidth = 5 * k;
      for (const side of [-1, 1]) {
        c.globalAlpha = face.foldShade * (side < 0 ? 1.25 : 1);
        c.beginPath();
        c.moveTo(cx + side * face.noseHalfWidth * 1.2, noseBaseY - 8 * k);
        c.quadraticCurveTo(cx + side * (mw * 0.86), noseBaseY + 8 * k, cx + side * (mw + 13 * k), mouthY - 7 * k);
        c.stroke();
      }
    },
    atop,
  );
  soft(
    ctx,
    box,
    2,
    (c) => {
      for (const side of [-1, 1]) {
        c.strokeStyle = rgba(colours.glow, side < 0 ? 0.34 : 0.26);
        c.lineWidth = 2 * k;
        c.beginPath();
        c.moveTo(cx + side * 4 * k, noseBaseY + 9 * k);
        c.lineTo(cx + side * 6.5 * k, mouthY - 15 * k);
        c.stroke();
      }
      c.strokeStyle = rgba(colours.shade, 0.3);
      c.lineWidth = 4 * k;
      c.beginPath();
      c.moveTo(cx + 0.8, noseBaseY + 9 * k);
      c.lineTo(cx + 0.8, mouthY - 16 * k);
      c.stroke();
    },
    atop,
  );
  soft(
    ctx,
    box,
    4.5,
    (c) => {
      c.fillStyle = rgba(colours.shade, 0.42);
      c.fill(ellipse(cx + 2, mouthY + 20 * k, mw * 0.52, 4.2 * k));
      for (const side of [-1, 1]) c.fill(ellipse(cx + side * (mw + 4), mouthY - 4, 4.5 * k, 5 * k));
    },
    { ...atop, alpha: 0.8 },
  );
}

/** The chin's soft contact shadow on the neck, drawn below the outline; `neck` keeps it off the background. */
export function paintChinShadow(ctx: Context, face: FaceSpec, colours: SkinColours, neck: Path2D): void {
  const outline = pathOf(faceOutline(face));
  const box = faceBox(face);
  const grown: Box = [box[0], face.mouthY - 40, box[2], face.chinY - face.mouthY + 90];
  const layer = createSurface([grown[0], grown[1], grown[2], grown[3] + 40]);
  const cast = (dx: number, dy: number, sigma: number, alpha: number): void =>
    soft(layer.ctx, grown, sigma, (c) => {
      c.translate(dx, dy);
      c.fillStyle = rgba(colours.contact, alpha);
      c.fill(outline);
    });
  cast(6, 22, 9, 0.5);
  cast(3, 8, 4.5, 0.45);
  const mask = createSurface(layer.box);
  soft(mask.ctx, layer.box, 2.5, (c) => c.fill(neck));
  maskWith(layer, mask);
  place(ctx, layer);
}
