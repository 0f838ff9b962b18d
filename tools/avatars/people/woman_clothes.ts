/** Torso of `new_talk`: neck and chest skin, fine necklace, ivory top, navy blazer with notch lapels. */
import { grainOver, raised } from "../cloth.ts";
import { type JacketSpec, paintJacketHalf } from "../jacket.ts";
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
export const WOMAN_NECK = pathOf([...smooth(NECK_LINE, -1), ...smooth(NECK_LINE, 1).toReversed()]);

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
  for (const side of [1, -1] as const) paintJacketHalf(ctx, BLAZER, side);
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

// biome-ignore format: one row per outline or fold reads best
const BLAZER: JacketSpec = {
  cx: CX,
  body: [[61, 556], [84, 566], [134, 583], [206, 600], [266, 619], [302, 644], [322, 682], [334, 726], [340, 764]],
  fold: [[63, 560], [66, 590], [60, 640], [44, 690], [20, 744], [14, 764]],
  collar: [[63, 560], [74, 551], [92, 572], [110, 592], [98, 606], [73, 617], [65, 594]],
  lapel: [[65, 594], [73, 612], [98, 605], [138, 600], [129, 638], [103, 688], [64, 738], [40, 768], [8, 768], [22, 740], [45, 690], [62, 640], [66, 614]],
  stitches: [[133, 606], [124.5, 637], [99.5, 685], [61, 734]],
  folds: [
    { points: [[330, 660], [322, 700], [332, 766]], sigma: 14, width: 34, kind: "dark", alpha: [0.35, 0.6] },
    { points: [[264, 616], [254, 648], [256, 690], [270, 766]], sigma: 5, width: 9, kind: "dark", alpha: [0.38, 0.4] },
    { points: [[252, 632], [240, 668], [240, 720], [250, 766]], sigma: 7, width: 13, kind: "light", alpha: [0.32, 0.14] },
    { points: [[264, 616], [254, 648], [256, 690], [270, 766]], sigma: 0.6, width: 1.1, kind: "dark", alpha: [0.26, 0.26] },
    { points: [[250, 700], [206, 690], [166, 668]], sigma: 6, width: 8, kind: "dark", alpha: [0.4, 0.4] },
    { points: [[252, 722], [204, 716], [150, 696]], sigma: 6, width: 8, kind: "light", alpha: [0.22, 0.1] },
    { points: [[296, 690], [284, 720], [290, 766]], sigma: 5, width: 7, kind: "dark", alpha: [0.35, 0.35] },
    { points: [[150, 766], [162, 700], [150, 640]], sigma: 12, width: 18, kind: "dark", alpha: [0.25, 0.25] },
  ],
  cloth: ["#465A7A", "#35455F", "#2B394F", "#1C2637"],
  lapelLit: ["#556B8E", "#445876", "#2E3D55"],
  lapelFar: ["#3A4A64", "#30405A", "#222E42"],
  sheen: "#7C91B4",
  dark: "#0C121C",
  edge: "#9FB2D0",
  rim: "#FFE2C2",
  under: "#5A4438",
  corner: 3.5,
};

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
