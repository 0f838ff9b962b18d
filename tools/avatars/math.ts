/** Small numeric helpers of the avatar painter: seeded random, easing, splines, colours, blurs. Lengths are in u. */

export type Point = readonly [x: number, y: number];
export type Rgb = readonly [r: number, g: number, b: number];

/** A seeded random source; every picture is reproducible bit for bit. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform in [low, high). */
  range(low: number, high: number): number;
  /** Zero-mean, unit-variance bell (sum of uniforms, bounded to about +-3.4). */
  bell(): number;
}

export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return {
    next,
    range: (low, high) => low + (high - low) * next(),
    bell: () => (next() + next() + next() + next() - 2) * Math.sqrt(3),
  };
}

export const clamp = (v: number, low = 0, high = 1): number => (v < low ? low : v > high ? high : v);
export const lerp = (a: number, b: number, t: number): number => a + (b - a) * t;
export const mixPoint = (a: Point, b: Point, t: number): Point => [lerp(a[0], b[0], t), lerp(a[1], b[1], t)];

export function smoothstep(edge0: number, edge1: number, v: number): number {
  const t = clamp((v - edge0) / (edge1 - edge0));
  return t * t * (3 - 2 * t);
}

/** exp(-(d/sigma)^2 / 2). */
export const gauss = (d: number, sigma: number): number => Math.exp((-0.5 * d * d) / (sigma * sigma));

/** Dense polyline through `points` (centripetal-like Catmull-Rom, `steps` samples per span). */
export function spline(points: readonly Point[], steps = 12, closed = false): Point[] {
  const n = points.length;
  const at = (i: number): Point => points[closed ? (i + n) % n : clamp(i, 0, n - 1)] as Point;
  const out: Point[] = [];
  const spans = closed ? n : n - 1;
  for (let i = 0; i < spans; i++) {
    const [p0, p1, p2, p3] = [at(i - 1), at(i), at(i + 1), at(i + 2)];
    for (let s = 0; s < steps; s++) {
      const t = s / steps;
      const f = (a: number, b: number, c: number, d: number): number =>
        0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t * t + (3 * b - a - 3 * c + d) * t * t * t);
      out.push([f(p0[0], p1[0], p2[0], p3[0]), f(p0[1], p1[1], p2[1], p3[1])]);
    }
  }
  if (!closed) out.push(at(n - 1));
  return out;
}

/** Resamples a polyline to `count` points at equal arc length. */
export function resample(line: readonly Point[], count: number): Point[] {
  const lengths = [0];
  for (let i = 1; i < line.length; i++) {
    const [a, b] = [line[i - 1] as Point, line[i] as Point];
    lengths.push((lengths[i - 1] as number) + Math.hypot(b[0] - a[0], b[1] - a[1]));
  }
  const total = lengths[lengths.length - 1] as number;
  const out: Point[] = [];
  let j = 1;
  for (let i = 0; i < count; i++) {
    const want = (total * i) / (count - 1);
    while (j < line.length - 1 && (lengths[j] as number) < want) j++;
    const [from, to] = [lengths[j - 1] as number, lengths[j] as number];
    out.push(mixPoint(line[j - 1] as Point, line[j] as Point, clamp((want - from) / Math.max(1e-6, to - from))));
  }
  return out;
}

/** Piecewise-smooth function through sorted (x, y) knots, constant outside. */
export function curve(knots: readonly Point[]): (x: number) => number {
  const line = spline(knots, 16);
  return (x) => {
    let low = 0;
    let high = line.length - 1;
    if (x <= (line[0] as Point)[0]) return (line[0] as Point)[1];
    if (x >= (line[high] as Point)[0]) return (line[high] as Point)[1];
    while (high - low > 1) {
      const mid = (low + high) >> 1;
      if ((line[mid] as Point)[0] <= x) low = mid;
      else high = mid;
    }
    const [a, b] = [line[low] as Point, line[high] as Point];
    return lerp(a[1], b[1], clamp((x - a[0]) / Math.max(1e-6, b[0] - a[0])));
  };
}

export function hex(colour: string): Rgb {
  const n = Number.parseInt(colour.slice(1), 16);
  return [(n >> 16) & 255, (n >> 8) & 255, n & 255];
}

export function rgba(colour: string | Rgb, alpha = 1): string {
  const [r, g, b] = typeof colour === "string" ? hex(colour) : colour;
  return `rgba(${Math.round(r)},${Math.round(g)},${Math.round(b)},${alpha.toFixed(4)})`;
}

export const mixRgb = (a: Rgb, b: Rgb, t: number): Rgb => [
  lerp(a[0], b[0], t),
  lerp(a[1], b[1], t),
  lerp(a[2], b[2], t),
];

/** A colour ramp: piecewise-linear through (position, colour) stops. */
export function ramp(stops: readonly (readonly [number, string])[]): (t: number) => Rgb {
  const list = stops.map(([t, c]) => [t, hex(c)] as const);
  return (t) => {
    const last = list.length - 1;
    if (t <= (list[0] as (typeof list)[0])[0]) return (list[0] as (typeof list)[0])[1];
    for (let i = 1; i <= last; i++) {
      const [b, cb] = list[i] as (typeof list)[0];
      if (t > b && i < last) continue;
      const [a, ca] = list[i - 1] as (typeof list)[0];
      return mixRgb(ca, cb, clamp((t - a) / (b - a)));
    }
    return (list[last] as (typeof list)[0])[1];
  };
}

/** In-place approximate Gaussian blur of a w x h float image (three box passes), sigma in texels. */
export function blurField(data: Float32Array, w: number, h: number, sigma: number): void {
  const radius = Math.max(1, Math.round((Math.sqrt(4 * sigma * sigma + 1) - 1) / 2));
  const tmp = new Float32Array(Math.max(w, h));
  const pass = (offset: number, stride: number, n: number): void => {
    let sum = 0;
    const norm = 1 / (2 * radius + 1);
    const at = (i: number): number => data[offset + clamp(i, 0, n - 1) * stride] as number;
    for (let i = -radius; i <= radius; i++) sum += at(i);
    for (let i = 0; i < n; i++) {
      tmp[i] = sum * norm;
      sum += at(i + radius + 1) - at(i - radius);
    }
    for (let i = 0; i < n; i++) data[offset + i * stride] = tmp[i] as number;
  };
  for (let k = 0; k < 3; k++) {
    for (let y = 0; y < h; y++) pass(y * w, 1, w);
    for (let x = 0; x < w; x++) pass(x, w, h);
  }
}

/** Smooth value noise in [-1, 1]; `cell` is the grid size in the unit of x and y. */
export function createNoise(seed: number): (x: number, y: number, cell: number) => number {
  const hash = (ix: number, iy: number): number => {
    let t = Math.imul(ix, 374761393) + Math.imul(iy, 668265263) + Math.imul(seed, 974634777);
    t = Math.imul(t ^ (t >>> 13), 1274126177);
    return (((t ^ (t >>> 16)) >>> 0) / 4294967295) * 2 - 1;
  };
  return (x, y, cell) => {
    const [gx, gy] = [x / cell, y / cell];
    const [ix, iy] = [Math.floor(gx), Math.floor(gy)];
    const [fx, fy] = [smoothstep(0, 1, gx - ix), smoothstep(0, 1, gy - iy)];
    return lerp(lerp(hash(ix, iy), hash(ix + 1, iy), fx), lerp(hash(ix, iy + 1), hash(ix + 1, iy + 1), fx), fy);
  };
}
