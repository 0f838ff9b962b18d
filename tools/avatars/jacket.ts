/** A tailored jacket, one half at a time: body with folds and sleeve seam, lapel and collar with shadows and stitching. */
import type { Path2D } from "@napi-rs/canvas";
import { type Point, rgba, spline } from "./math.ts";
import { type Context, FULL, pathOf, soft } from "./raster.ts";
import { stitch } from "./cloth.ts";

/** One soft stroke on the cloth; points as (distance from the axis, y). */
export interface Fold {
  readonly points: readonly Point[];
  /** Blur and width, u. */
  readonly sigma: number;
  readonly width: number;
  readonly kind: "dark" | "light";
  /** Opacity on the lit and on the far side. */
  readonly alpha: readonly [lit: number, far: number];
}

export interface JacketSpec {
  readonly cx: number;
  /** Half outline from the neck over the shoulder to below the frame. */
  readonly body: readonly Point[];
  /** Edge where the lapel breaks, neck to below the frame. */
  readonly fold: readonly Point[];
  readonly collar: readonly Point[];
  readonly lapel: readonly Point[];
  readonly stitches: readonly Point[];
  readonly folds: readonly Fold[];
  /** Across the whole jacket, lit to far side. */
  readonly cloth: readonly [string, string, string, string];
  readonly lapelLit: readonly [string, string, string];
  readonly lapelFar: readonly [string, string, string];
  readonly sheen: string;
  readonly dark: string;
  readonly edge: string;
  readonly rim: string;
  /** Shadow on what the jacket lies on. */
  readonly under: string;
  /** Share of rounding of the lapel's corners, u. */
  readonly corner: number;
}

type Side = 1 | -1;

const half = (cx: number, line: readonly Point[], side: number): Point[] => line.map(([x, y]) => [cx + side * x, y]);

export function paintJacketHalf(ctx: Context, jacket: JacketSpec, side: Side): void {
  const lit = side < 0;
  const { cx } = jacket;
  const smooth = (line: readonly Point[]): Point[] => spline(half(cx, line, side), 10);
  const outer = smooth(jacket.body);
  const shape = pathOf([...outer, ...smooth(jacket.fold).toReversed()]);
  soft(
    ctx,
    FULL,
    5,
    (c) => {
      c.translate(3, 3);
      c.fillStyle = rgba(jacket.under, 0.5);
      c.fill(shape);
    },
    { mode: "source-atop" },
  );
  const reach = (jacket.body.at(-1) as Point)[0];
  const top = (jacket.body[0] as Point)[1];
  soft(ctx, FULL, 0.5, (c) => {
    const g = c.createLinearGradient(cx - reach, top + 8, cx + reach, 760);
    [0, 0.35, 0.62, 1].forEach((stop, i) => g.addColorStop(stop, jacket.cloth[i] as string));
    c.fillStyle = g;
    c.fill(shape);
  });
  const inside = (sigma: number, draw: (c: Context) => void): void => soft(ctx, FULL, sigma, draw, { clip: shape });
  // The shoulder turns up to the light.
  inside(7, (c) => {
    c.translate(0, 5);
    c.strokeStyle = rgba(jacket.sheen, lit ? 0.5 : 0.2);
    c.lineWidth = 11;
    c.stroke(pathOf(outer.slice(7, 52), false));
  });
  for (const fold of jacket.folds)
    inside(fold.sigma, (c) => {
      c.strokeStyle = rgba(fold.kind === "dark" ? jacket.dark : jacket.sheen, fold.alpha[lit ? 0 : 1]);
      c.lineWidth = fold.width;
      c.stroke(pathOf(smooth(fold.points), false));
    });
  // Rim light from behind right, kept inside the cloth.
  if (!lit)
    inside(1.4, (c) => {
      c.strokeStyle = rgba(jacket.rim, 0.42);
      c.lineWidth = 2.6;
      c.stroke(pathOf(outer.slice(14, 70), false));
    });
  paintLapel(ctx, jacket, side, shape);
}

function paintLapel(ctx: Context, jacket: JacketSpec, side: Side, shape: Path2D): void {
  const lit = side < 0;
  const { cx } = jacket;
  const colours = lit ? jacket.lapelLit : jacket.lapelFar;
  const tip = jacket.lapel.reduce((far, [x]) => Math.max(far, x), 0);
  const top = Math.min(...jacket.lapel.map(([, y]) => y));
  for (const points of [jacket.lapel, jacket.collar]) {
    const path = rounded(half(cx, points, side), jacket.corner);
    soft(
      ctx,
      FULL,
      3.6,
      (c) => {
        c.translate(3, 4.5);
        c.fillStyle = rgba(jacket.dark, 0.52);
        c.fill(path);
      },
      { clip: shape },
    );
    soft(ctx, FULL, 0.45, (c) => {
      const g = c.createLinearGradient(cx + side * tip, top, cx + side * tip * 0.2, 745);
      [0, 0.5, 1].forEach((stop, i) => g.addColorStop(stop, colours[i] as string));
      c.fillStyle = g;
      c.fill(path);
      if (points === jacket.collar) {
        c.fillStyle = rgba(jacket.dark, 0.12);
        c.fill(path);
      }
    });
    // Light catches the rolled edge.
    soft(
      ctx,
      FULL,
      0.8,
      (c) => {
        c.strokeStyle = rgba(jacket.edge, lit ? 0.4 : 0.22);
        c.lineWidth = 1.5;
        c.stroke(path);
      },
      { clip: path },
    );
  }
  stitch(ctx, half(cx, jacket.stitches, side), jacket.edge, lit ? 0.28 : 0.16);
  // The roll of the lapel: a soft shade along the break line.
  soft(
    ctx,
    FULL,
    4,
    (c) => {
      c.strokeStyle = rgba(jacket.dark, 0.4);
      c.lineWidth = 7;
      c.stroke(pathOf(spline(half(cx, jacket.fold.slice(1), side), 10), false));
    },
    { clip: rounded(half(cx, jacket.lapel, side), jacket.corner) },
  );
}

/** A closed polygon with corners rounded by `radius` u. */
function rounded(points: readonly Point[], radius: number): Path2D {
  const path = pathOf([]);
  const n = points.length;
  for (let i = 0; i < n; i++) {
    const [p, next] = [points[i] as Point, points[(i + 1) % n] as Point];
    const middle: Point = [(p[0] + next[0]) / 2, (p[1] + next[1]) / 2];
    const [q, after] = [next, points[(i + 2) % n] as Point];
    if (i === 0) path.moveTo(middle[0], middle[1]);
    path.arcTo(q[0], q[1], (q[0] + after[0]) / 2, (q[1] + after[1]) / 2, radius);
  }
  path.closePath();
  return path;
}
