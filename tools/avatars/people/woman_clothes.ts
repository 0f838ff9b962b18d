/** Torso of `new_talk`: neck and chest skin, fine necklace, ivory top, navy blazer with notch lapels. */
import type { Path2D } from "@napi-rs/canvas";
import { grainOver, raised, stitch } from "../cloth.ts";
import { gauss, type Point, rgba, smoothstep, spline } from "../math.ts";
import {
  type Box,
  type Context,
  createSurface,
  ellipse,
  FULL,
  maskWith,
  pathOf,
  place,
  soft,
  type Surface,
} from "../raster.ts";
import { addForm, bump, createField, shade } from "../skin.ts";
import { WOMAN_SKIN } from "./woman.ts";

const CX = 640;
const half = (line: readonly Point[], side: number): Point[] => line.map(([x, y]) => [CX + side * x, y]);
const smooth = (line: readonly Point[], side: number): Point[] => spline(half(line, side), 10);

const NECK_LINE: Point[] = [
  [55, 405],
  [54, 460],
  [54, 505],
  [58, 540],
  [76, 566],
  [120, 588],
  [200, 612],
  [240, 750],
];
export const WOMAN_NECK = pathOf([...smooth(NECK_LINE, -1), ...smooth(NECK_LINE, 1).reverse()]);

const CHEST: Box = [400, 400, 480, 345];

function skin(): Surface {
  const f = createField(CHEST);
  addForm(f, (x, y) => {
    const open = smoothstep(500, 680, y);
    const w = 64 + 210 * open;
    const u = Math.min(1, Math.abs(x - CX) / w);
    return (58 + 20 * open) * (1 - u ** 2.3) ** 0.55 - 7 * gauss(y - 570, 14) * gauss(x - CX, 15);
  });
  for (const side of [-1, 1]) {
    // Collar bones and the two neck muscles that run to the notch.
    bump(f, CX + side * 60, 588, 40, 5.5, 3.2, side * 0.13);
    bump(f, CX + side * 62, 575, 34, 8, -3.6, side * 0.13);
    bump(f, CX + side * 27, 530, 8, 42, 1.3, side * 0.34);
  }
  return shade(f, WOMAN_SKIN, { seed: 21, tone: (_, y) => -0.1 * gauss(y - 480, 48) - 0.03 });
}

export function paintWomanTorso(): Surface {
  const surface = createSurface(FULL);
  const { ctx } = surface;
  const neck = skin();
  const mask = createSurface(CHEST);
  soft(mask.ctx, CHEST, 0.8, (c) => c.fill(WOMAN_NECK));
  maskWith(neck, mask);
  place(ctx, neck);
  // Hair and jaw keep the sides of the neck in shade.
  soft(
    ctx,
    CHEST,
    9,
    (c) => {
      c.strokeStyle = rgba("#7E3A2A", 0.55);
      c.lineWidth = 15;
      c.stroke(WOMAN_NECK);
    },
    { mode: "source-atop" },
  );
  soft(
    ctx,
    CHEST,
    10,
    (c) => {
      c.fillStyle = rgba("#7E3A2A", 0.34);
      c.fill(ellipse(CX + 44, 520, 16, 50));
    },
    { mode: "source-atop" },
  );
  necklace(ctx);
  top(ctx);
  for (const side of [1, -1] as const) blazer(ctx, side);
  hairShadow(ctx);
  grainOver(surface, 31, 1.6);
  return raised(surface, 8);
}

function necklace(ctx: Context): void {
  const line = smooth(
    [
      [-56, 558],
      [-38, 588],
      [-14, 606],
      [0, 609],
      [14, 606],
      [38, 588],
      [56, 558],
    ],
    1,
  );
  soft(
    ctx,
    CHEST,
    1.2,
    (c) => {
      c.translate(0.8, 1.8);
      c.strokeStyle = rgba("#7E3A2A", 0.5);
      c.lineWidth = 1.4;
      c.stroke(pathOf(line, false));
    },
    { mode: "source-atop" },
  );
  soft(ctx, CHEST, 0.25, (c) => {
    c.strokeStyle = rgba("#B98A4E", 0.9);
    c.lineWidth = 1.1;
    c.stroke(pathOf(line, false));
    c.strokeStyle = rgba("#FBE6B8", 0.9);
    c.setLineDash([0.8, 1.7]);
    c.lineWidth = 0.7;
    c.stroke(pathOf(line, false));
    c.fillStyle = "#C79A58";
    c.fill(ellipse(CX, 612, 2.9, 3.4));
    c.fillStyle = "#FFF3D2";
    c.fill(ellipse(CX - 0.8, 611, 1.1, 1.3));
  });
}

function top(ctx: Context): void {
  const line = smooth(
    [
      [-112, 584],
      [-80, 612],
      [-46, 634],
      [-18, 643],
      [0, 644.5],
      [18, 643],
      [46, 634],
      [80, 612],
      [112, 584],
    ],
    1,
  );
  const shape = pathOf([...line, [790, 760], [490, 760]]);
  soft(
    ctx,
    CHEST,
    4,
    (c) => {
      c.translate(2, -3);
      c.fillStyle = rgba("#7E3A2A", 0.5);
      c.fill(shape);
    },
    { mode: "source-atop" },
  );
  soft(ctx, CHEST, 0.45, (c) => {
    const g = c.createLinearGradient(560, 610, 720, 750);
    g.addColorStop(0, "#F7F2EB");
    g.addColorStop(0.5, "#EDE6DC");
    g.addColorStop(1, "#C9C0B6");
    c.fillStyle = g;
    c.fill(shape);
  });
  soft(
    ctx,
    CHEST,
    6,
    (c) => {
      c.lineWidth = 8;
      for (const [x0, x1, alpha] of [
        [612, 590, 0.3],
        [640, 646, 0.2],
        [668, 690, 0.34],
      ] as const) {
        c.strokeStyle = rgba("#A3978B", alpha);
        c.beginPath();
        c.moveTo(x0, 668);
        c.quadraticCurveTo((x0 + x1) / 2 + 4, 700, x1, 750);
        c.stroke();
      }
    },
    { clip: shape },
  );
  // Neck binding: a thin roll with its own light and shade.
  soft(
    ctx,
    CHEST,
    0.7,
    (c) => {
      c.strokeStyle = rgba("#B7AA9C", 0.75);
      c.lineWidth = 1.1;
      c.stroke(
        pathOf(
          line.map(([x, y]): Point => [x, y + 5.4]),
          false,
        ),
      );
      c.strokeStyle = rgba("#FFFFFF", 0.85);
      c.lineWidth = 1.8;
      c.stroke(
        pathOf(
          line.map(([x, y]): Point => [x, y + 2]),
          false,
        ),
      );
    },
    { clip: shape },
  );
}

/** Half outline from the neck to below the frame. */
const BODY: Point[] = [
  [61, 556],
  [84, 566],
  [134, 583],
  [206, 600],
  [266, 619],
  [302, 644],
  [322, 682],
  [334, 726],
  [340, 760],
];
/** Edge of the fold where the lapel breaks. */
const BREAK: Point[] = [
  [63, 560],
  [66, 590],
  [60, 640],
  [44, 690],
  [20, 744],
  [14, 760],
];

function blazer(ctx: Context, side: 1 | -1): void {
  const outer = smooth(BODY, side);
  const fold = smooth(BREAK, side);
  const shape = pathOf([...outer, ...fold.slice().reverse()]);
  const box: Box = FULL;
  // Shadow of the jacket on the top.
  soft(
    ctx,
    box,
    5,
    (c) => {
      c.translate(3, 3);
      c.fillStyle = rgba("#5A4438", 0.55);
      c.fill(shape);
    },
    { mode: "source-atop", alpha: 0.8 },
  );
  soft(ctx, box, 0.5, (c) => {
    const g = c.createLinearGradient(CX - 330, 560, CX + 330, 760);
    g.addColorStop(0, "#465A7A");
    g.addColorStop(0.35, "#35455F");
    g.addColorStop(0.62, "#2B394F");
    g.addColorStop(1, "#1C2637");
    c.fillStyle = g;
    c.fill(shape);
  });
  form(ctx, side, shape, outer);
  lapel(ctx, side, shape);
}

function form(ctx: Context, side: 1 | -1, shape: Path2D, outer: readonly Point[]): void {
  const lit = side < 0;
  const stroke = (points: readonly Point[], sigma: number, width: number, colour: string, alpha: number): void =>
    soft(
      ctx,
      FULL,
      sigma,
      (c) => {
        c.strokeStyle = rgba(colour, alpha);
        c.lineWidth = width;
        c.stroke(pathOf(smooth(points, side), false));
      },
      { clip: shape },
    );
  // The shoulder turns up to the light; the sleeve falls away from it.
  soft(
    ctx,
    FULL,
    7,
    (c) => {
      c.translate(0, 5);
      c.strokeStyle = rgba("#7C91B4", lit ? 0.5 : 0.2);
      c.lineWidth = 11;
      c.stroke(pathOf(outer.slice(6, 52), false));
    },
    { clip: shape },
  );
  stroke(
    [
      [330, 660],
      [322, 700],
      [332, 762],
    ],
    14,
    34,
    "#0F1622",
    lit ? 0.35 : 0.6,
  );
  // Armhole: seam, the fold beside it, and the pull lines toward the armpit.
  stroke(
    [
      [264, 616],
      [254, 648],
      [256, 690],
      [270, 760],
    ],
    5,
    9,
    "#0F1622",
    0.5,
  );
  stroke(
    [
      [252, 632],
      [240, 668],
      [240, 720],
      [250, 762],
    ],
    7,
    13,
    "#7C91B4",
    lit ? 0.32 : 0.14,
  );
  stroke(
    [
      [264, 616],
      [254, 648],
      [256, 690],
      [270, 760],
    ],
    0.6,
    1.1,
    "#0C121B",
    0.4,
  );
  stroke(
    [
      [250, 700],
      [206, 690],
      [166, 668],
    ],
    6,
    8,
    "#0F1622",
    0.4,
  );
  stroke(
    [
      [252, 722],
      [204, 716],
      [150, 696],
    ],
    6,
    8,
    "#7C91B4",
    lit ? 0.22 : 0.1,
  );
  stroke(
    [
      [296, 690],
      [284, 720],
      [290, 760],
    ],
    5,
    7,
    "#0F1622",
    0.35,
  );
  stroke(
    [
      [150, 760],
      [162, 700],
      [150, 640],
    ],
    12,
    18,
    "#0F1622",
    0.25,
  );
  // Rim light from behind right, kept inside the cloth.
  if (!lit)
    soft(
      ctx,
      FULL,
      1.4,
      (c) => {
        c.strokeStyle = rgba("#FFE2C2", 0.5);
        c.lineWidth = 2.6;
        c.stroke(pathOf(outer.slice(14, 70), false));
      },
      { clip: shape },
    );
}

/** Collar and lapel with a notch; both lie over the body and throw a small shadow. */
function lapel(ctx: Context, side: 1 | -1, shape: Path2D): void {
  const lit = side < 0;
  // biome-ignore format: points read best as one row
  const collar: Point[] = [[63, 560], [74, 551], [92, 572], [110, 592], [98, 606], [73, 617], [65, 594]];
  // biome-ignore format: see above
  const blade: Point[] = [[65, 594], [73, 612], [98, 605], [138, 600], [129, 638], [103, 688], [64, 738], [40, 764], [8, 764], [22, 740], [45, 690], [62, 640], [66, 614]];
  const round = (points: readonly Point[]): Path2D => {
    const p = half(points, side);
    const path = pathOf([]);
    p.forEach((q, i) => {
      const next = p[(i + 1) % p.length] as Point;
      const mid: Point = [(q[0] + next[0]) / 2, (q[1] + next[1]) / 2];
      if (i === 0) path.moveTo(mid[0], mid[1]);
      else path.arcTo(q[0], q[1], next[0], next[1], 3.5);
    });
    path.arcTo((p[0] as Point)[0], (p[0] as Point)[1], (p[1] as Point)[0], (p[1] as Point)[1], 3.5);
    path.closePath();
    return path;
  };
  for (const [points, tone] of [
    [blade, 0],
    [collar, 1],
  ] as const) {
    const path = round(points);
    soft(
      ctx,
      FULL,
      3.6,
      (c) => {
        c.translate(3, 4.5);
        c.fillStyle = rgba("#0B1019", 0.5);
        c.fill(path);
      },
      { clip: shape },
    );
    soft(ctx, FULL, 0.45, (c) => {
      const g = c.createLinearGradient(CX + side * 130, 590, CX + side * 20, 730);
      g.addColorStop(0, lit ? "#556B8E" : "#3A4A64");
      g.addColorStop(0.5, lit ? "#445876" : "#30405A");
      g.addColorStop(1, lit ? "#2E3D55" : "#222E42");
      c.fillStyle = g;
      c.fill(path);
      c.fillStyle = rgba("#0B1019", tone * 0.12);
      c.fill(path);
    });
    soft(
      ctx,
      FULL,
      0.8,
      (c) => {
        c.strokeStyle = rgba("#9FB2D0", lit ? 0.4 : 0.22);
        c.lineWidth = 1.5;
        c.stroke(path);
      },
      { clip: path },
    );
  }
  stitch(
    ctx,
    half(
      [
        [133, 606],
        [124.5, 637],
        [99.5, 685],
        [61, 734],
      ],
      side,
    ),
    "#8FA3C4",
    lit ? 0.28 : 0.16,
  );
  // The roll of the lapel: a soft shade along the break line.
  soft(
    ctx,
    FULL,
    4,
    (c) => {
      c.strokeStyle = rgba("#0B1019", 0.42);
      c.lineWidth = 7;
      c.stroke(
        pathOf(
          smooth(
            [
              [60, 585],
              [64, 630],
              [50, 690],
              [20, 752],
            ],
            side,
          ),
          false,
        ),
      );
    },
    { clip: round(blade) },
  );
}

/** Bob and head shade the collar and the shoulders a little. */
function hairShadow(ctx: Context): void {
  soft(
    ctx,
    FULL,
    10,
    (c) => {
      c.fillStyle = rgba("#0B0908", 0.5);
      c.fill(ellipse(CX - 92, 572, 46, 15, 0.28));
      c.fill(ellipse(CX + 104, 578, 54, 17, -0.24));
    },
    { mode: "source-atop" },
  );
}
