/** White shirt with a spread collar, and a tie, for `talk`. */
import { stitch } from "../cloth.ts";
import { type Point, rgba, spline } from "../math.ts";
import { type Box, type Context, ellipse, FULL, pathOf, soft } from "../raster.ts";

const CX = 640;
const CHEST: Box = [440, 405, 400, 300];
const half = (line: readonly Point[], side: number): Point[] => line.map(([x, y]) => [CX + side * x, y]);
const smooth = (line: readonly Point[], side: number): Point[] => spline(half(line, side), 10);

/** The part of the collar that shows behind the neck. */
export function backCollar(ctx: Context): void {
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

/** Shirt front below the collar. */
export function shirt(ctx: Context): void {
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

/** Blade of the tie, with its rib and the shade under the knot. */
export function tie(ctx: Context): void {
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
export function leaf(ctx: Context, side: 1 | -1): void {
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

/** Knot of the tie, drawn over the collar. */
export function knot(ctx: Context): void {
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
