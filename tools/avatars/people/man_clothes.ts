/** Torso of `talk`: neck skin, white shirt with a spread collar, tie, charcoal jacket. */
import { grainOver, raised, stitch } from "../cloth.ts";
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
import { MAN_SKIN } from "./man.ts";

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

function backCollar(ctx: Context): void {
  soft(ctx, FULL, 0.6, (c) => {
    c.fillStyle = "#B4BECB";
    c.fill(
      pathOf(
        spline(
          [
            [556, 570],
            [559, 552],
            [600, 540],
            [680, 540],
            [721, 552],
            [724, 570],
            [640, 600],
          ].map(([x, y]): Point => [x as number, y as number]),
          8,
          true,
        ),
      ),
    );
  });
}

function shirt(ctx: Context): void {
  const line = [
    ...smooth(
      [
        [92, 560],
        [70, 580],
        [36, 596],
        [0, 602],
      ],
      -1,
    ),
    ...smooth(
      [
        [92, 560],
        [70, 580],
        [36, 596],
        [0, 602],
      ],
      1,
    ).toReversed(),
  ];
  const shape = pathOf([...line, [752, 606], [746, 764], [534, 764], [528, 606]]);
  soft(
    ctx,
    CHEST,
    5,
    (c) => {
      c.translate(2, -4);
      c.fillStyle = rgba("#6A3022", 0.5);
      c.fill(shape);
    },
    { mode: "source-atop" },
  );
  soft(ctx, FULL, 0.5, (c) => {
    const g = c.createLinearGradient(560, 600, 740, 740);
    g.addColorStop(0, "#F0F4F8");
    g.addColorStop(0.5, "#E3E9F0");
    g.addColorStop(1, "#B4BECB");
    c.fillStyle = g;
    c.fill(shape);
  });
}

function tie(ctx: Context): void {
  const blade = pathOf(
    smoothClosed([
      [-13, 626],
      [13, 626],
      [24, 690],
      [33, 764],
      [-33, 764],
      [-24, 690],
    ]),
  );
  soft(
    ctx,
    FULL,
    4,
    (c) => {
      c.translate(4, 4);
      c.fillStyle = rgba("#3D4652", 0.6);
      c.fill(blade);
    },
    { mode: "source-atop" },
  );
  soft(ctx, FULL, 0.5, (c) => {
    const g = c.createLinearGradient(CX - 34, 650, CX + 34, 670);
    g.addColorStop(0, "#7F4152");
    g.addColorStop(0.4, "#6D3444");
    g.addColorStop(1, "#45202C");
    c.fillStyle = g;
    c.fill(blade);
  });
  // Fine diagonal rib, and the shade under the knot.
  soft(
    ctx,
    FULL,
    0.6,
    (c) => {
      c.strokeStyle = rgba("#B07A86", 0.32);
      c.lineWidth = 1.3;
      for (let y = 560; y < 800; y += 13) {
        c.beginPath();
        c.moveTo(CX - 40, y + 32);
        c.lineTo(CX + 40, y);
        c.stroke();
      }
    },
    { clip: blade },
  );
  soft(
    ctx,
    FULL,
    5,
    (c) => {
      c.fillStyle = rgba("#200C12", 0.7);
      c.fill(ellipse(CX + 2, 632, 20, 9));
    },
    { clip: blade },
  );
}

const smoothClosed = (line: readonly Point[]): Point[] => half(line, 1);

/** One leaf of the spread collar, with stitching, a rolled edge and its shadow. */
function leaf(ctx: Context, side: 1 | -1): void {
  const lit = side < 0;
  const points: Point[] = [
    [80, 557],
    [84, 551.5],
    [89, 551.5],
    [94, 562],
    [98, 576],
    [104, 604],
    [98, 616],
    [58, 648],
    [52, 646],
    [30, 616],
    [8, 597],
    [40, 588],
    [70, 570],
  ];
  const edge = half(points, side);
  const path = pathOf(edge);
  soft(
    ctx,
    FULL,
    4,
    (c) => {
      c.translate(3, 5);
      c.fillStyle = rgba("#4A5565", 0.6);
      c.fill(path);
    },
    { mode: "source-atop" },
  );
  soft(ctx, FULL, 0.7, (c) => {
    c.lineJoin = "round";
    const g = c.createLinearGradient(CX + side * 96, 560, CX + side * 30, 650);
    g.addColorStop(0, lit ? "#FAFCFE" : "#D9E0E9");
    g.addColorStop(0.6, lit ? "#EEF2F7" : "#CFD7E1");
    g.addColorStop(1, lit ? "#DCE3EB" : "#BAC4D1");
    c.fillStyle = g;
    c.strokeStyle = lit ? "#F4F7FA" : "#D0D8E2";
    c.lineWidth = 2;
    c.fill(path);
    c.stroke(path);
  });
  // The fold rolls at the neck: light on top, shade just below.
  soft(
    ctx,
    FULL,
    1.6,
    (c) => {
      c.strokeStyle = rgba("#FFFFFF", lit ? 0.9 : 0.55);
      c.lineWidth = 3;
      c.stroke(
        pathOf(
          smooth(
            [
              [84, 553],
              [72, 571],
              [42, 589],
              [10, 598],
            ],
            side,
          ),
          false,
        ),
      );
      c.strokeStyle = rgba("#8E9AAA", 0.4);
      c.lineWidth = 2.4;
      c.stroke(
        pathOf(
          smooth(
            [
              [89, 558],
              [76, 578],
              [46, 596],
              [18, 606],
            ],
            side,
          ),
          false,
        ),
      );
    },
    { clip: path },
  );
  stitch(
    ctx,
    half(
      [
        [99, 606],
        [95, 613],
        [57, 643],
        [53, 641],
        [33, 614],
      ],
      side,
    ),
    "#7C8898",
    0.4,
  );
}

function knot(ctx: Context): void {
  const shape = pathOf(
    spline(
      [
        [-21, 596],
        [0, 592],
        [21, 596],
        [17, 614],
        [11, 630],
        [0, 633],
        [-11, 630],
        [-17, 614],
      ].map(([x, y]): Point => [CX + (x as number), y as number]),
      6,
      true,
    ),
  );
  soft(
    ctx,
    FULL,
    3,
    (c) => {
      c.translate(2, 3);
      c.fillStyle = rgba("#2B2F38", 0.55);
      c.fill(shape);
    },
    { mode: "source-atop" },
  );
  soft(ctx, FULL, 0.5, (c) => {
    const g = c.createLinearGradient(CX - 20, 596, CX + 16, 628);
    g.addColorStop(0, "#8E4A5C");
    g.addColorStop(0.5, "#6F3646");
    g.addColorStop(1, "#43202B");
    c.fillStyle = g;
    c.fill(shape);
  });
  soft(
    ctx,
    FULL,
    1.8,
    (c) => {
      c.strokeStyle = rgba("#2C1119", 0.5);
      c.lineWidth = 2;
      c.beginPath();
      c.moveTo(CX + 12, 597);
      c.quadraticCurveTo(CX + 4, 614, CX - 3, 632);
      c.stroke();
    },
    { clip: shape },
  );
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
