/** Computed skin: a small height field of the face, softly lit, through one colour ramp. */
import { blurField, clamp, createNoise, createRandom, curve, gauss, lerp, ramp, smoothstep } from "./math.ts";
import { type Box, createSurface, SCALE, type Surface } from "./raster.ts";
import { type FaceSpec, LIGHT, type SkinColours } from "./spec.ts";

/** A height field over `box`; z in u, row-major, SCALE texels per u. */
export interface Field {
  readonly box: Box;
  readonly w: number;
  readonly h: number;
  readonly z: Float32Array;
}

export function createField(box: Box): Field {
  const [w, h] = [Math.ceil(box[2] * SCALE), Math.ceil(box[3] * SCALE)];
  return { box, w, h, z: new Float32Array(w * h) };
}

/** Adds an elliptic Gaussian bump of `height` u, turned by `angle` radians. */
export function bump(f: Field, cx: number, cy: number, sx: number, sy: number, height: number, angle = 0): void {
  const reach = 3.2 * Math.max(sx, sy);
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const x0 = clamp(Math.floor((cx - reach - f.box[0]) * SCALE), 0, f.w);
  const x1 = clamp(Math.ceil((cx + reach - f.box[0]) * SCALE), 0, f.w);
  const y0 = clamp(Math.floor((cy - reach - f.box[1]) * SCALE), 0, f.h);
  const y1 = clamp(Math.ceil((cy + reach - f.box[1]) * SCALE), 0, f.h);
  for (let iy = y0; iy < y1; iy++)
    for (let ix = x0; ix < x1; ix++) {
      const dx = f.box[0] + ix / SCALE - cx;
      const dy = f.box[1] + iy / SCALE - cy;
      const u = (dx * c + dy * s) / sx;
      const v = (-dx * s + dy * c) / sy;
      const e = u * u + v * v;
      if (e < 10.2) f.z[iy * f.w + ix] = (f.z[iy * f.w + ix] as number) + height * Math.exp(-0.5 * e);
    }
}

/** Adds height(x, y) everywhere. */
export function addForm(f: Field, height: (x: number, y: number) => number): void {
  for (let iy = 0; iy < f.h; iy++)
    for (let ix = 0; ix < f.w; ix++) {
      const i = iy * f.w + ix;
      f.z[i] = (f.z[i] as number) + height(f.box[0] + ix / SCALE, f.box[1] + iy / SCALE);
    }
}

/** The face relief. Bumps come in left and right pairs that are summed, so no crease forms at the axis. */
export function faceField(face: FaceSpec): Field {
  const box: Box = [
    face.cx - face.halfWidth - 20,
    face.topY - 10,
    2 * face.halfWidth + 40,
    face.chinY - face.topY + 30,
  ];
  const f = createField(box);
  const r = face.relief;
  const width = face.halfWidth;
  const half = curve(face.outline.map(([w, y]) => [y, w]));
  const rows = new Float32Array(f.h);
  for (let i = 0; i < f.h; i++) {
    const y = box[1] + i / SCALE;
    const down = clamp((y - face.topY) / (face.chinY - face.topY));
    rows[i] = Math.max(half(y), width * lerp(0.5, 0.86, down));
  }
  blurField(rows, 1, f.h, 22 * SCALE * 0.5);
  addForm(f, (x, y) => {
    const row = rows[clamp(Math.round((y - box[1]) * SCALE), 0, f.h - 1)] as number;
    const u = Math.min(1, Math.abs(x - face.cx - face.lean(y)) / (row + 4));
    const forehead = Math.max(0, (face.browY - y) / (face.browY - face.topY));
    const lower = Math.max(0, (y - face.noseBaseY) / (face.chinY - face.noseBaseY));
    return 98 * (1 - u ** 2.25) ** 0.56 - 34 * forehead ** 2.4 - 9 * lower ** 2;
  });
  const { cx, eyeY, browY, noseBaseY, mouthY, chinY, pupilX, noseHalfWidth: nw } = face;
  const k = width / 130;
  for (const side of [-1, 1]) {
    const at = (dx: number): number => cx + side * dx;
    bump(f, at(pupilX * 0.95), browY + 2, 34 * k, 11 * k, r.brow, side * -0.1);
    bump(f, at(pupilX), eyeY - 1, 30 * k, 17 * k, r.socket);
    bump(f, at(pupilX * 0.42), eyeY - 4, 9 * k, 12 * k, r.hollow);
    bump(f, at(pupilX), eyeY, 23 * k, 14 * k, r.eyeball);
    bump(f, at(pupilX * 1.2), eyeY + 46 * k, 30 * k, 22 * k, r.cheek, side * -0.25);
    bump(f, at(pupilX * 1.25), mouthY - 8, 22 * k, 30 * k, r.underCheek, side * 0.2);
    bump(f, at(width * 0.93), eyeY - 34, 18 * k, 34 * k, r.temple);
    bump(f, at(nw * 1.55), noseBaseY + 12, 6.5 * k, 19 * k, r.nasolabial, side * -0.5);
    bump(f, at(nw * 0.76), noseBaseY - 9 * k, 7.4 * k, 7.6 * k, r.noseWing);
  }
  bump(f, cx, mouthY - 2, 40 * k, 27 * k, r.muzzle);
  bump(f, cx, mouthY + 25 * k, 23 * k, 7 * k, r.mentolabial);
  bump(f, cx, chinY - 26 * k, 24 * k, 16 * k, r.chin);
  bump(f, cx, (noseBaseY + mouthY) / 2 - 3, 4.2 * k, 12 * k, r.philtrum);
  const noseTop = eyeY - 8;
  addForm(f, (x, y) => {
    const along = clamp((y - noseTop) / (noseBaseY - noseTop), 0, 1.4);
    if (along <= 0) return 0;
    const d = x - cx;
    // The lower edge is an arc, higher toward the wings, with a soft cut.
    const edge = noseBaseY + 1 - (d * d) / (nw * 3.1);
    const cut = 1 - smoothstep(edge - 7 * k, edge + 5 * k, y);
    const sigma = lerp(8.6, 11.6, along) * k;
    return (
      r.noseRidge * along ** 1.25 * gauss(d, sigma) * cut +
      r.noseTip * gauss(d, 10.5 * k) * gauss(y - noseBaseY + 13 * k, 10 * k) * cut
    );
  });
  blurField(f.z, f.w, f.h, 1.1 * SCALE);
  return f;
}

export interface ShadeOptions {
  readonly seed: number;
  /** Added to the tone (0..1.1) at a place, for baked large shadows; x and y in u. */
  readonly tone?: (x: number, y: number) => number;
  /** Grain, levels. */
  readonly grain?: number;
}

/** Lights a height field and colours it: opaque, over the field's box. */
export function shade(f: Field, colours: SkinColours, options: ShadeOptions): Surface {
  const { w, h, z, box } = f;
  const smooth = Float32Array.from(z);
  blurField(smooth, w, h, 3 * SCALE);
  const wide = Float32Array.from(z);
  blurField(wide, w, h, 9 * SCALE);
  // Only features cast shadows on the skin; the head form itself turns away by its normals alone.
  const form = Float32Array.from(z);
  blurField(form, w, h, 22 * SCALE);
  for (let i = 0; i < form.length; i++) smooth[i] = (smooth[i] as number) - (form[i] as number);
  const tones = ramp([
    [0, colours.deep],
    [0.22, colours.shade],
    [0.48, colours.mid],
    [0.7, colours.base],
    [0.93, colours.light],
    [1.1, colours.glow],
  ]);
  const table = Array.from({ length: 1101 }, (_, i) => tones(i / 1000));
  const noise = createNoise(options.seed);
  const random = createRandom(options.seed);
  const [lx, ly, lz] = LIGHT;
  const halfLength = Math.hypot(lx, ly, lz + 1);
  const slope = lz / Math.hypot(lx, ly);
  const [sx, sy] = [lx / Math.hypot(lx, ly), ly / Math.hypot(lx, ly)];
  const surface = createSurface(box);
  const image = surface.ctx.createImageData(w, h);
  const at = (x: number, y: number): number => z[clamp(y, 0, h - 1) * w + clamp(x, 0, w - 1)] as number;
  for (let iy = 0; iy < h; iy++)
    for (let ix = 0; ix < w; ix++) {
      const i = iy * w + ix;
      const zx = (at(ix + 1, iy) - at(ix - 1, iy)) * 0.5 * SCALE;
      const zy = (at(ix, iy + 1) - at(ix, iy - 1)) * 0.5 * SCALE;
      const n = 1 / Math.sqrt(zx * zx + zy * zy + 1);
      const d = clamp(((-zx * lx - zy * ly + lz) * n + 0.42) / 1.42);
      const fill = clamp((zx * -0.7 - zy * 0.1 + 0.7) * n);
      let above = 0;
      for (let s = 5; s <= 30; s += 5) {
        const px = clamp(Math.round(ix + sx * s * SCALE), 0, w - 1);
        const py = clamp(Math.round(iy + sy * s * SCALE), 0, h - 1);
        const rise = (smooth[py * w + px] as number) - (smooth[i] as number) - s * slope * 0.55;
        if (rise > above) above = rise;
      }
      const cast = smoothstep(0, 9, above);
      const occlusion = Math.max(0, (wide[i] as number) - (z[i] as number));
      const spec = clamp((-zx * lx - zy * ly + lz + 1) * n * (1 / halfLength)) ** 22;
      const [x, y] = [box[0] + ix / SCALE, box[1] + iy / SCALE];
      let tone = 0.06 + 0.715 * d ** 1.45 + 0.11 * fill - 0.22 * cast - 0.014 * occlusion;
      tone += options.tone?.(x, y) ?? 0;
      tone *= 1 + 0.01 * noise(x, y, 11);
      const colour = table[Math.round(clamp(tone, 0, 1.1) * 1000)] as readonly number[];
      const grain = (options.grain ?? 1.2) * random.bell() * 0.7;
      image.data[i * 4] = (colour[0] as number) + 25 * spec + grain;
      image.data[i * 4 + 1] = (colour[1] as number) + 24 * spec + grain;
      image.data[i * 4 + 2] = (colour[2] as number) + 23 * spec + grain;
      image.data[i * 4 + 3] = 255;
    }
  surface.ctx.putImageData(image, 0, 0);
  return surface;
}
