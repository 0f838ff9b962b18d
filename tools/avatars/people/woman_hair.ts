/** Hair of `new_talk`: side parting, seven overlapping locks a side, tips bent inward above the shoulders. */
import { createRandom, lerp, type Point, rgba, smoothstep, spline } from "../math.ts";
import { type Box, type Context, createSurface, FULL, maskWith, pathOf, place, soft, type Surface } from "../raster.ts";
import { between, hairRamp, type HairLook, paintLock } from "../strands.ts";

const BOX: Box = [440, 20, 400, 690];

const LOOK: HairLook = {
  dark: "#1E1210",
  base: "#3B2620",
  mid: "#4F352A",
  highlight: "#8E6247",
  skull: { cx: 640, cy: 222, rx: 174, ry: 176 },
  sheen: 0.52,
  box: BOX,
};

/** Guides from the parting to the tips: silhouette and hairline, each side. */
// biome-ignore format: guide points read best as one row each
const LEFT_OUT: Point[] = [[684, 53], [652, 46.5], [606, 48], [560, 65], [522, 101], [499, 152], [486, 214], [480, 280], [480, 340], [484, 395], [481, 450], [472, 506], [468, 562], [482, 630]];
// biome-ignore format: see above
const LEFT_IN: Point[] = [[700, 128], [668, 134], [632, 152], [595, 178], [562, 213], [538, 253], [524, 294], [516, 336], [513, 380], [518, 424], [532, 468], [546, 515], [550, 566], [542, 630]];
// biome-ignore format: see above
const RIGHT_OUT: Point[] = [[680, 53], [708, 55], [743, 70], [773, 106], [791, 158], [800, 222], [804, 286], [804, 344], [799, 398], [803, 452], [811, 508], [812, 562], [800, 630]];
// biome-ignore format: see above
const RIGHT_IN: Point[] = [[702, 128], [721, 138], [737, 163], [748, 199], [757, 241], [763, 284], [767, 328], [768, 374], [763, 420], [748, 466], [736, 514], [733, 566], [742, 630]];

const L = [spline(LEFT_OUT, 10), spline(LEFT_IN, 10)] as const;
const R = [spline(RIGHT_OUT, 10), spline(RIGHT_IN, 10)] as const;

interface Panel {
  /** Place between silhouette (0) and hairline (1) at the root. */
  readonly from: number;
  readonly to: number;
  /** The same at the tip: overlapping ends. */
  readonly tip: readonly [number, number];
  readonly lift: number;
  /** Wave phase, radians. */
  readonly phase: number;
}

/** Overlapping locks from the silhouette inward. */
const PANELS: readonly Panel[] = [
  { from: 0, to: 0.3, tip: [0.0, 0.4], lift: -0.04, phase: 0 },
  { from: 0.12, to: 0.42, tip: [0.22, 0.6], lift: 0.03, phase: 0.5 },
  { from: 0.3, to: 0.58, tip: [0.1, 0.46], lift: -0.03, phase: 0.9 },
  { from: 0.44, to: 0.74, tip: [0.46, 0.84], lift: 0.04, phase: 1.2 },
  { from: 0.62, to: 0.88, tip: [0.62, 0.98], lift: -0.02, phase: 1.9 },
  { from: 0.78, to: 0.96, tip: [0.5, 0.8], lift: 0.04, phase: 1.4 },
  { from: 0.88, to: 1, tip: [0.84, 1.06], lift: 0.0, phase: 2.2 },
];

function panelGuides(side: readonly [Point[], Point[]], panel: Panel, edge: 0 | 1, direction: number): Point[] {
  const root = edge === 0 ? panel.from : panel.to;
  const tip = panel.tip[edge];
  const base = between(side[0], side[1], 0, 80);
  const other = between(side[0], side[1], 1, 80);
  return base.map((p, i) => {
    const t = i / 79;
    const v = lerp(root, tip, smoothstep(0.3, 1, t));
    const q = other[i] as Point;
    const wave = 6.5 * smoothstep(0.36, 0.62, t) * Math.sin(t * 13 + panel.phase * 0.6 + edge * 0.2);
    return [lerp(p[0], q[0], v) + direction * wave, lerp(p[1], q[1], v)];
  });
}

function sidePanels(ctx: Context): void {
  for (const [s, side] of [R, L].entries())
    PANELS.forEach((panel, i) =>
      paintLock(ctx, LOOK, {
        a: panelGuides(side, panel, 0, s === 0 ? 1 : -1),
        b: panelGuides(side, panel, 1, s === 0 ? 1 : -1),
        strands: s === 1 ? 240 : 190,
        seed: 40 + s * 20 + i,
        lift: panel.lift + (s === 0 ? -0.02 : 0),
        shadow: i === 0 ? 0 : 0.55,
        ragged: 0.07,
        gather: 0.45,
        round: 0.6,
        clumps: 5,
        stray: i === PANELS.length - 1 ? 0.06 : i === 0 ? 0.012 : 0.02,
        tone: (u, t) =>
          -0.1 * (1 - smoothstep(0, 0.35, u)) -
          0.05 * smoothstep(0.85, 1, u) +
          // Waves turn toward and away from the light together.
          0.13 * smoothstep(0.38, 0.6, t) * Math.sin(t * 13 + panel.phase * 0.6 + 0.9),
      }),
    );
  wisps(ctx);
  contours(ctx);
}

/** The scalp shows as a thin line at the parting; a warm rim separates the far side from the room. */
function contours(ctx: Context): void {
  soft(
    ctx,
    BOX,
    0.9,
    (c) => {
      const part = c.createLinearGradient(702, 128, 683, 58);
      part.addColorStop(0, rgba("#C68A70", 0.75));
      part.addColorStop(0.6, rgba("#8A5A48", 0.45));
      part.addColorStop(1, rgba("#8A5A48", 0));
      c.strokeStyle = part;
      c.lineWidth = 1.7;
      c.beginPath();
      c.moveTo(702, 128);
      c.quadraticCurveTo(693, 92, 684, 60);
      c.stroke();
    },
    { mode: "source-atop" },
  );
  soft(
    ctx,
    BOX,
    2.2,
    (c) => {
      c.strokeStyle = rgba("#D9A878", 0.5);
      c.lineWidth = 3.4;
      c.stroke(pathOf(R[0].slice(26, 118), false));
    },
    { mode: "source-atop", alpha: 0.75 },
  );
  soft(
    ctx,
    BOX,
    2.6,
    (c) => {
      c.strokeStyle = rgba("#C9B7A4", 0.4);
      c.lineWidth = 3;
      c.stroke(pathOf(L[0].slice(20, 92), false));
    },
    { mode: "source-atop", alpha: 0.3 },
  );
}

/** A few loose hairs along the growth direction at the silhouette and the hairline. */
function wisps(ctx: Context): void {
  const random = createRandom(77);
  const colour = hairRamp(LOOK);
  ctx.save();
  for (let i = 0; i < 30; i++) {
    const side = i % 2 === 0 ? L : R;
    const out = i % 3 !== 0;
    const v = out ? random.range(-0.025, 0.05) : random.range(0.97, 1.05);
    const line = between(side[0], side[1], v, 80);
    const start = Math.floor(random.range(out ? 4 : 14, 44));
    const piece = line.slice(start, start + Math.floor(random.range(16, 32)));
    piece.forEach((p, k) => {
      if (k === 0) return;
      const t = k / piece.length;
      const q = piece[k - 1] as Point;
      ctx.globalAlpha = 0.4 * Math.sin(Math.PI * t);
      ctx.strokeStyle = colour(0.35);
      ctx.lineWidth = 0.7;
      ctx.beginPath();
      ctx.moveTo(q[0], q[1]);
      ctx.lineTo(p[0], p[1]);
      ctx.stroke();
    });
  }
  ctx.restore();
}

let cached: Surface | undefined;
function sides(): Surface {
  if (!cached) {
    cached = createSurface(BOX);
    sidePanels(cached.ctx);
  }
  return cached;
}

export function paintWomanBackHair(): Surface {
  const surface = createSurface(FULL);
  const { ctx } = surface;
  // biome-ignore format: guide points read best as one row each
  const left: Point[] = [[500, 250], [494, 350], [490, 450], [486, 540], [494, 630]];
  // biome-ignore format: see above
  const right: Point[] = [[780, 250], [790, 350], [794, 450], [798, 540], [790, 630]];
  soft(ctx, BOX, 2, (c) => {
    c.fillStyle = rgba(LOOK.dark, 1);
    c.fill(pathOf([...spline(left, 10), ...spline(right, 10).toReversed()]));
  });
  for (let i = 0; i < 8; i++) {
    paintLock(ctx, LOOK, {
      a: between(spline(left, 10), spline(right, 10), i / 8),
      b: between(spline(left, 10), spline(right, 10), (i + 1.25) / 8),
      strands: 120,
      seed: 90 + i,
      lift: -0.13,
      ragged: 0.05,
    });
  }
  place(ctx, sides());
  return surface;
}

export function paintWomanFrontHair(ctx: Context, face: Surface): void {
  // Shadow of the hair on the face, toward the lower right.
  const shadow = createSurface(face.box);
  const mass = createSurface(BOX);
  place(mass.ctx, sides());
  for (const [dx, dy, sigma, alpha] of [
    [4, 7, 6, 0.5],
    [2, 3, 2.2, 0.45],
  ] as const) {
    soft(shadow.ctx, BOX, sigma, (c) => {
      c.translate(dx, dy);
      place(c, mass);
      c.globalCompositeOperation = "source-in";
      c.fillStyle = rgba("#7E3A2A", alpha);
      c.fillRect(BOX[0], BOX[1], BOX[2], BOX[3]);
    });
  }
  maskWith(shadow, face);
  place(ctx, shadow);
  // Below the cheekbones the locks pass behind the jaw: there they belong to the back hair only.
  place(ctx, faded(sides(), 372, 420, 0));
  tress(ctx);
}

/** A copy of `hair` whose opacity goes from 1 to `low` between the heights `from` and `to`, u. */
function faded(hair: Surface, from: number, to: number, low: 0 | 1): Surface {
  const copy = createSurface(hair.box);
  const { ctx } = copy;
  place(ctx, hair);
  ctx.globalCompositeOperation = "destination-in";
  const fade = ctx.createLinearGradient(0, from, 0, to);
  fade.addColorStop(0, `rgba(0,0,0,${1 - low})`);
  fade.addColorStop(1, `rgba(0,0,0,${low})`);
  ctx.fillStyle = fade;
  ctx.fillRect(hair.box[0], hair.box[1], hair.box[2], hair.box[3]);
  return copy;
}

// biome-ignore format: guide points read best as one row each
const TRESS_OUT: Point[] = [[496, 350], [492, 410], [484, 470], [478, 526], [481, 576], [494, 616], [515, 646], [538, 660]];
// biome-ignore format: see above
const TRESS_IN: Point[] = [[520, 350], [526, 410], [543, 462], [558, 510], [566, 556], [570, 602], [568, 642], [559, 674]];

/** One tress falls over the near shoulder: it breaks the symmetry and ties head and body together. */
function tress(ctx: Context): void {
  const hair = createSurface(BOX);
  const guide = (v: number, tip: number): Point[] => {
    const a = between(spline(TRESS_OUT, 10), spline(TRESS_IN, 10), v, 60);
    const b = between(spline(TRESS_OUT, 10), spline(TRESS_IN, 10), tip, 60);
    return a.map((p, i) => {
      const t = i / 59;
      const k = smoothstep(0.3, 1, t);
      const wave = 2.6 * smoothstep(0.2, 0.5, t) * (1 - k * 0.5) * Math.sin(t * 9 + v * 2);
      const q = b[i] as Point;
      return [lerp(p[0], q[0], k) + wave, lerp(p[1], q[1], k)];
    });
  };
  const locks = [
    [0, 0.5, 0.02, 0.44, 0.93],
    [0.5, 1, 0.5, 1, 1],
    [0.24, 0.74, 0.26, 0.72, 0.97],
  ] as const;
  locks.forEach(([from, to, tipFrom, tipTo, reach], i) => {
    const cut = (line: Point[]): Point[] => line.slice(0, Math.round(60 * reach));
    paintLock(hair.ctx, LOOK, {
      a: cut(guide(from, tipFrom)),
      b: cut(guide(to, tipTo)),
      strands: 230,
      seed: 140 + i,
      lift: i === 1 ? -0.02 : 0.03,
      shadow: i === 0 ? 0 : 0.5,
      ragged: 0.1,
      gather: 0.65,
      round: 0.8,
      clumps: 4,
      stray: 0.03,
      body: 0.9,
      tone: (u, t) => -0.08 * (1 - smoothstep(0, 0.3, u)) + 0.12 * Math.sin(t * 13 + 0.6),
    });
  });
  const visible = faded(hair, 384, 436, 1);
  soft(ctx, BOX, 5, (c) => {
    c.save();
    c.beginPath();
    c.rect(BOX[0], 545, BOX[2], 200);
    c.clip();
    c.translate(6, 5);
    place(c, visible);
    c.globalCompositeOperation = "source-in";
    c.fillStyle = rgba("#0A0C12", 0.5);
    c.fillRect(BOX[0] - 20, BOX[1] - 20, BOX[2] + 40, BOX[3] + 40);
    c.restore();
  });
  place(ctx, visible);
}
