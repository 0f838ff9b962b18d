/** Hair as locks of lit strands. A lock lies between two guide lines; each strand is coloured along its length. */
import { clamp, createNoise, createRandom, lerp, type Point, ramp, resample, rgba, smoothstep } from "./math.ts";
import { type Box, type Context, pathOf, soft } from "./raster.ts";
import { LIGHT } from "./spec.ts";

export interface HairLook {
  readonly dark: string;
  readonly base: string;
  readonly mid: string;
  readonly highlight: string;
  /** The skull with hair as an ellipsoid: centre and radii, u. Gives the strands their normals. */
  readonly skull: { readonly cx: number; readonly cy: number; readonly rx: number; readonly ry: number };
  /** Strength of the sheen, 0..1. */
  readonly sheen: number;
  /** Box of everything hairy, for blurred groups. */
  readonly box: Box;
}

export interface Lock {
  /** Guide lines root to tip; they may differ in length. */
  readonly a: readonly Point[];
  readonly b: readonly Point[];
  readonly strands: number;
  readonly seed: number;
  /** Strand width, u. */
  readonly width?: readonly [number, number];
  /** Added to the brightness. */
  readonly lift?: number;
  /** 0..1, how far strands gather toward clump centres at the tip. */
  readonly gather?: number;
  /** Relative spread of strand ends along the lock, 0..0.3. */
  readonly ragged?: number;
  /** Opacity of the solid body under the strands. */
  readonly body?: number;
  /** Drop shadow opacity on what lies below. */
  readonly shadow?: number;
  /** Strand opacity factor at t (root 0, tip 1). */
  readonly fade?: (t: number) => number;
  /** Extra brightness at (u across, t along). */
  readonly tone?: (u: number, t: number) => number;
  /** Across curvature of the lock, 0 flat .. 1 round. */
  readonly round?: number;
  readonly clumps?: number;
  /** Share of thin strands that leave the lock a little. */
  readonly stray?: number;
}

const STEPS = 44;

/** Brightness of a strand at `p` with direction `d`, Kajiya-Kay on the skull ellipsoid. */
function lit(look: HairLook, p: Point, d: Point, across: Point, v: number, shift: number): number {
  const { cx, cy, rx, ry } = look.skull;
  let [nx, ny] = [(p[0] - cx) / rx, (p[1] - cy) / ry];
  // Hair that hangs below the skull faces the viewer, not the floor.
  ny = Math.min(ny, 0.12);
  const out = Math.hypot(nx, ny);
  if (out > 0.93) [nx, ny] = [(nx / out) * 0.93, (ny / out) * 0.93];
  let nz = Math.sqrt(Math.max(0.06, 1 - nx * nx - ny * ny));
  nx += across[0] * v;
  ny += across[1] * v;
  const nl = 1 / Math.hypot(nx, ny, nz);
  [nx, ny, nz] = [nx * nl, ny * nl, nz * nl];
  const length = Math.hypot(d[0], d[1]) || 1;
  let [tx, ty] = [d[0] / length, d[1] / length];
  let tz = -(tx * nx + ty * ny) / Math.max(0.25, nz);
  const tl = 1 / Math.hypot(tx, ty, tz);
  [tx, ty, tz] = [tx * tl, ty * tl, tz * tl];
  const [lx, ly, lz] = LIGHT;
  const hl = 1 / Math.hypot(lx, ly, lz + 1);
  const toLight = tx * lx + ty * ly + tz * lz;
  const toHalf = (tx * lx + ty * ly + tz * (lz + 1)) * hl + shift;
  const facing = clamp((nx * lx + ny * ly + nz * lz + 0.35) / 1.35);
  const diffuse = Math.sqrt(Math.max(0, 1 - toLight * toLight)) * facing;
  const glint = Math.max(0, 1 - toHalf * toHalf) ** 34 * smoothstep(0.1, 0.75, facing);
  return 0.06 + 0.4 * diffuse + look.sheen * glint;
}

export function hairRamp(look: HairLook): (t: number) => string {
  const colour = ramp([
    [0, look.dark],
    [0.32, look.base],
    [0.62, look.mid],
    [1, look.highlight],
  ]);
  const table = Array.from({ length: 129 }, (_, i) => rgba(colour(i / 128)));
  return (t) => table[Math.round(clamp(t) * 128)] as string;
}

export function paintLock(ctx: Context, look: HairLook, lock: Lock): void {
  const a = resample(lock.a, STEPS + 1);
  const b = resample(lock.b, STEPS + 1);
  const random = createRandom(lock.seed);
  const noise = createNoise(lock.seed + 7);
  const outline = pathOf([...a, ...b.toReversed()]);
  const fade = lock.fade ?? (() => 1);
  if (lock.shadow)
    soft(
      ctx,
      look.box,
      4,
      (c) => {
        c.translate(3, 4);
        c.fillStyle = rgba(look.dark, lock.shadow ?? 0);
        c.fill(outline);
      },
      { mode: "source-atop" },
    );
  if (lock.body !== 0)
    soft(
      ctx,
      look.box,
      1.1,
      (c) => {
        c.fillStyle = rgba(look.dark, 1);
        c.fill(outline);
      },
      { alpha: lock.body ?? 1 },
    );
  const colours = hairRamp(look);
  const [thin, thick] = lock.width ?? [0.5, 1.5];
  const clumps = lock.clumps ?? 7;
  ctx.save();
  ctx.lineCap = "butt";
  for (let s = 0; s < lock.strands; s++) {
    const stray = random.next() < (lock.stray ?? 0.03);
    const u0 = stray ? random.range(-0.1, 1.1) : random.range(0, 1);
    const centre = (Math.floor(u0 * clumps) + 0.5) / clumps;
    const wobble = random.bell() * 0.035;
    const phase = random.range(0, 6.28);
    const reach = 1 - (lock.ragged ?? 0.08) * random.next() ** 1.5;
    const start = random.next() < 0.75 ? 0 : random.range(0, 0.3);
    const width = stray ? thin : lerp(thin, thick, random.next() ** 1.6);
    const own = random.bell() * 0.055;
    const shift = random.bell() * 0.05;
    const opacity = stray ? 0.4 : random.range(0.5, 0.95);
    const jitter = random.range(-0.5, 0.5);
    let previous: Point | undefined;
    for (let i = 0; i <= STEPS; i++) {
      // Jitter keeps the segment joints of neighbours from lining up as bands.
      const t = clamp(lerp(start, reach, (i + (i > 0 && i < STEPS ? jitter : 0)) / STEPS));
      const f = t * STEPS;
      const k = Math.min(STEPS - 1, Math.floor(f));
      const part = f - k;
      const [a0, a1, b0, b1] = [a[k] as Point, a[k + 1] as Point, b[k] as Point, b[k + 1] as Point];
      const pull = (lock.gather ?? 0.35) * smoothstep(0.35, 1, t);
      const u = clamp(
        lerp(u0, centre, pull) + wobble * Math.sin(t * 5 + phase) * t,
        stray ? -0.13 : -0.03,
        stray ? 1.13 : 1.03,
      );
      const ax = lerp(a0[0], a1[0], part);
      const ay = lerp(a0[1], a1[1], part);
      const bx = lerp(b0[0], b1[0], part);
      const by = lerp(b0[1], b1[1], part);
      const p: Point = [lerp(ax, bx, u), lerp(ay, by, u)];
      if (previous) {
        const d: Point = [p[0] - previous[0], p[1] - previous[1]];
        const span = Math.hypot(bx - ax, by - ay) || 1;
        const across: Point = [(bx - ax) / span, (by - ay) / span];
        const v = (u - 0.5) * 2 * (lock.round ?? 0.5);
        const clump = noise(u * clumps * 1.6, t * 2.2, 1) * 0.13 + noise(u * clumps * 5, t * 1.2, 1) * 0.08;
        let tone =
          lit(look, p, d, across, v, shift + clump * 0.6) + own + clump + (lock.lift ?? 0) + (lock.tone?.(u, t) ?? 0);
        // Roots and tips lie deeper in the mass.
        tone *= lerp(0.82, 1, smoothstep(0, 0.12, t));
        const taper =
          lerp(0.35, 1, smoothstep(0, 0.15, (i / STEPS) * 1)) * lerp(1, 0.3, smoothstep(0.78, 1, i / STEPS));
        ctx.globalAlpha = opacity * fade(t);
        ctx.strokeStyle = colours(tone);
        ctx.lineWidth = width * taper;
        ctx.beginPath();
        ctx.moveTo(previous[0], previous[1]);
        ctx.lineTo(p[0] + d[0] * 0.12, p[1] + d[1] * 0.12);
        ctx.stroke();
      }
      previous = p;
    }
  }
  ctx.restore();
}

/** A family of guide lines between two outer ones, at `v` in 0..1. */
export function between(from: readonly Point[], to: readonly Point[], v: number, count = 40): Point[] {
  const a = resample(from, count);
  const b = resample(to, count);
  return a.map((p, i) => [lerp(p[0], (b[i] as Point)[0], v), lerp(p[1], (b[i] as Point)[1], v)]);
}
