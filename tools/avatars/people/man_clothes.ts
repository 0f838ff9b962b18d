/** Torso of `talk`: neck skin, white shirt with a spread collar, tie, charcoal jacket. */
import { grainOver, raised } from "../cloth.ts";
import { type JacketSpec, paintJacketHalf } from "../jacket.ts";
import { gauss, type Point, rgba, smoothstep, spline } from "../math.ts";
import { type Box, createSurface, ellipse, FULL, maskWith, pathOf, place, soft, type Surface } from "../raster.ts";
import { addForm, bump, createField, shade } from "../skin.ts";
import { MAN_SKIN } from "./man.ts";
import { backCollar, knot, leaf, shirt, tie } from "./man_shirt.ts";

const CX = 640;
const half = (line: readonly Point[], side: number): Point[] => line.map(([x, y]) => [CX + side * x, y]);
const smooth = (line: readonly Point[], side: number): Point[] => spline(half(line, side), 10);

const NECK_LINE: Point[] = [
  [84, 415],
  [82, 470],
  [80, 520],
  [82, 552],
  [88, 580],
  [90, 610],
  [90, 690],
];
export const MAN_NECK = pathOf([...smooth(NECK_LINE, -1), ...smooth(NECK_LINE, 1).toReversed()]);

const CHEST: Box = [440, 405, 400, 300];

function skin(): Surface {
  const f = createField(CHEST);
  addForm(f, (x, y) => {
    const w = 96 + 120 * smoothstep(560, 720, y);
    const u = Math.min(1, Math.abs(x - CX) / w);
    return 76 * (1 - u ** 2.3) ** 0.55 - 5 * gauss(y - 606, 14) * gauss(x - CX, 16);
  });
  bump(f, CX, 566, 8, 13, 3.2);
  for (const side of [-1, 1]) bump(f, CX + side * 44, 560, 10, 48, 2.6, side * 0.36);
  return shade(f, MAN_SKIN, { seed: 23, tone: (_, y) => -0.1 * gauss(y - 500, 48) - 0.05 });
}

export function paintManTorso(): Surface {
  const surface = createSurface(FULL);
  const { ctx } = surface;
  backCollar(ctx);
  const neck = skin();
  const mask = createSurface(CHEST);
  soft(mask.ctx, CHEST, 0.8, (c) => c.fill(MAN_NECK));
  maskWith(neck, mask);
  soft(
    neck.ctx,
    CHEST,
    10,
    (c) => {
      c.strokeStyle = rgba("#6A3022", 0.4);
      c.lineWidth = 14;
      c.stroke(MAN_NECK);
      c.fillStyle = rgba("#6A3022", 0.24);
      c.fill(ellipse(CX + 66, 540, 24, 70));
    },
    { mode: "source-atop" },
  );
  place(ctx, neck);
  shirt(ctx);
  tie(ctx);
  for (const side of [1, -1] as const) leaf(ctx, side);
  knot(ctx);
  for (const side of [1, -1] as const) paintJacketHalf(ctx, JACKET, side);
  grainOver(surface, 33, 1.6);
  return raised(surface, 8);
}

// biome-ignore format: one row per outline or fold reads best
const JACKET: JacketSpec = {
  cx: CX,
  body: [[93, 570], [120, 588], [172, 604], [250, 622], [322, 644], [366, 676], [388, 722], [398, 768]],
  fold: [[94, 572], [104, 612], [100, 660], [78, 716], [52, 768]],
  collar: [[95, 574], [108, 568], [128, 590], [146, 612], [132, 627], [109, 637], [104, 610]],
  lapel: [[103, 610], [109, 633], [133, 625], [178, 622], [166, 664], [136, 718], [100, 770], [50, 770], [78, 716], [100, 660], [104, 634]],
  stitches: [[173, 627], [161, 663], [132, 715], [97, 762]],
  folds: [
    { points: [[392, 690], [380, 724], [392, 768]], sigma: 14, width: 36, kind: "dark", alpha: [0.35, 0.6] },
    { points: [[324, 646], [308, 680], [308, 720], [320, 768]], sigma: 5, width: 10, kind: "dark", alpha: [0.38, 0.4] },
    { points: [[308, 662], [294, 700], [296, 768]], sigma: 7, width: 14, kind: "light", alpha: [0.3, 0.12] },
    { points: [[324, 646], [308, 680], [308, 720], [320, 768]], sigma: 0.6, width: 1.1, kind: "dark", alpha: [0.3, 0.3] },
    { points: [[300, 730], [250, 720], [206, 694]], sigma: 6, width: 9, kind: "dark", alpha: [0.4, 0.4] },
    { points: [[350, 716], [338, 742], [344, 768]], sigma: 5, width: 8, kind: "dark", alpha: [0.35, 0.35] },
    { points: [[204, 768], [216, 700], [200, 630]], sigma: 12, width: 20, kind: "dark", alpha: [0.24, 0.24] },
  ],
  cloth: ["#555D6A", "#434A55", "#353A43", "#212529"],
  lapelLit: ["#646D7B", "#505864", "#373D47"],
  lapelFar: ["#434A55", "#373D47", "#262A31"],
  sheen: "#8E97A6",
  dark: "#0B0C0E",
  edge: "#AEB7C4",
  rim: "#FFE2C2",
  under: "#333B47",
  corner: 2.5,
};
