/** Hair of `talk`: tapered sides, longer top that rises from the hairline and sweeps to the viewer's right. */
import { createRandom, lerp, type Point, resample, rgba, smoothstep, spline } from "../math.ts";
import {
  type Box,
  type Context,
  createSurface,
  ellipse,
  maskWith,
  pathOf,
  place,
  soft,
  type Surface,
} from "../raster.ts";
import { hairRamp, type HairLook, paintLock } from "../strands.ts";

const CX = 640;
const BOX: Box = [470, 10, 340, 360];

const LOOK: HairLook = {
  dark: "#120D0C",
  base: "#261C19",
  mid: "#41312B",
  highlight: "#7A5F4E",
  skull: { cx: CX, cy: 200, rx: 158, ry: 168 },
  sheen: 0.5,
  box: BOX,
};

// Silhouette and hairline from the left sideburn over the crown to the right one; x relative to the face axis.
// biome-ignore format: guide points read best as one row each
const OUTER: Point[] = [[-137, 338], [-139.5, 290], [-143, 240], [-146, 192], [-142, 146], [-127, 106], [-100, 76], [-66, 55], [-24, 45], [22, 47], [64, 58], [100, 77], [127, 106], [143, 146], [147, 192], [144, 240], [140.5, 290], [137.5, 338]];
// biome-ignore format: see above
const INNER: Point[] = [[-131, 338], [-128.5, 292], [-125, 256], [-119.5, 226], [-111, 201], [-98, 180], [-84, 163], [-62, 153], [-40, 151], [-16, 155], [6, 158], [30, 151], [54, 146], [76, 150], [94, 166], [107, 183], [114, 204], [121, 232], [127, 260], [130.5, 294], [132.5, 338]];

const shift = (line: readonly Point[]): Point[] => line.map(([x, y]) => [x + CX, y]);
const outer = resample(spline(shift(OUTER), 12), 160);
const inner = resample(spline(shift(INNER), 12), 160);

/** Crown mass and tapered sides. */
function sides(ctx: Context): void {
  const mass = createSurface(BOX);
  soft(mass.ctx, BOX, 1.3, (c) => {
    c.fillStyle = rgba(LOOK.dark, 1);
    c.fill(pathOf([...outer, ...inner.toReversed()]));
  });
  // The sideburns thin out over the skin.
  mass.ctx.globalCompositeOperation = "destination-in";
  const fade = mass.ctx.createLinearGradient(0, 196, 0, 330);
  fade.addColorStop(0, "rgba(0,0,0,1)");
  fade.addColorStop(0.35, "rgba(0,0,0,0.8)");
  fade.addColorStop(0.62, "rgba(0,0,0,0.48)");
  fade.addColorStop(0.85, "rgba(0,0,0,0.14)");
  fade.addColorStop(1, "rgba(0,0,0,0)");
  mass.ctx.fillStyle = fade;
  mass.ctx.fillRect(BOX[0], BOX[1], BOX[2], BOX[3]);
  place(ctx, mass);
  const random = createRandom(61);
  const colour = hairRamp(LOOK);
  ctx.save();
  for (let i = 0; i < 3600; i++) {
    const left = random.next() < 0.5;
    const at = left ? random.range(0, 0.36) : random.range(0.64, 1);
    const k = Math.floor(at * 159);
    if (k < 3 || k > 156) continue;
    const v = random.range(0.02, 1.03);
    const [a, b] = [outer[k] as Point, inner[k] as Point];
    const [x, y] = [lerp(a[0], b[0], v), lerp(a[1], b[1], v)];
    const down = 1 - smoothstep(225, 326, y + 9 * Math.sin(x * 2.1));
    const length = lerp(5, 12, down) * random.range(0.7, 1.2);
    const s = left ? -1 : 1;
    // Combed down along the outline, a little back at the temple.
    const step = left ? -3 : 3;
    const [p, q] = [outer[k] as Point, outer[Math.max(0, Math.min(159, k + step))] as Point];
    const angle = Math.atan2(q[1] - p[1], q[0] - p[0]) - s * (0.1 + 0.14 * v) * down + random.bell() * 0.09;
    const light = left ? 0.34 : 0.2;
    const tone = light * smoothstep(1.1, 0.2, v) + random.bell() * 0.09 + 0.05;
    ctx.globalAlpha = random.range(0.3, 0.75) * down ** 1.4;
    ctx.strokeStyle = colour(tone);
    ctx.lineWidth = random.range(0.5, 1.05);
    ctx.beginPath();
    ctx.moveTo(x, y);
    ctx.quadraticCurveTo(
      x + Math.cos(angle) * length * 0.5 + s * 0.6,
      y + Math.sin(angle) * length * 0.5,
      x + Math.cos(angle) * length,
      y + Math.sin(angle) * length,
    );
    ctx.stroke();
  }
  ctx.restore();
}

/** Guides of the top, from the crown to the temple; x relative to the face axis. Neighbours bound one lock. */
// biome-ignore format: one guide per row
const SWEEP: readonly (readonly Point[])[] = [
  [[-66, 62], [-24, 44], [44, 49], [102, 76], [139, 132], [146.5, 190]],
  [[-80, 104], [-50, 64], [14, 49], [80, 66], [126, 104], [148, 168]],
  [[-86, 164], [-76, 108], [-20, 66], [56, 68], [110, 98], [143, 156]],
  [[-60, 153], [-52, 112], [2, 79], [68, 82], [115, 111], [144, 168]],
  [[-20, 153], [-10, 116], [38, 91], [88, 96], [123, 125], [146, 182]],
  [[24, 151], [36, 122], [72, 106], [105, 114], [129, 141], [145.5, 196]],
  [[62, 147], [74, 131], [98, 126], [119, 135], [135, 160], [144.5, 208]],
  [[90, 162], [101, 151], [117, 151], [130, 162], [140, 182], [144, 222]],
  [[110, 192], [117, 184], [127, 186], [136, 198], [140, 214], [142.5, 236]],
];
/** Left of the parting the hair is combed down to the side. */
// biome-ignore format: one guide per row
const LEFT: readonly (readonly Point[])[] = [
  [[-64, 60], [-100, 76], [-128, 108], [-142, 150], [-145.5, 200]],
  [[-70, 92], [-100, 104], [-124, 136], [-137, 176], [-142.5, 222]],
  [[-78, 128], [-98, 138], [-116, 164], [-128, 198], [-136, 236]],
  [[-84, 162], [-97, 172], [-108, 190], [-118, 214], [-126, 246]],
];

function top(ctx: Context): void {
  const lock = (a: readonly Point[], b: readonly Point[], seed: number, lift: number, strands: number): void =>
    paintLock(ctx, LOOK, {
      a: shift(spline(a, 12)),
      b: shift(spline(b, 12)),
      strands,
      seed,
      lift,
      shadow: 0.5,
      ragged: 0.16,
      gather: 0.5,
      clumps: 4,
      round: 0.6,
      width: [0.5, 1.35],
      stray: 0.07,
      body: 0.55,
      tone: (u, t) => 0.07 * Math.sin(Math.PI * t) - 0.1 * (1 - smoothstep(0, 0.3, u)) - 0.12 * smoothstep(0.7, 1, t),
    });
  for (let i = 0; i < LEFT.length - 1; i++)
    lock(LEFT[i] as Point[], LEFT[i + 1] as Point[], 280 + i, i % 2 === 0 ? 0 : 0.03, 220);
  // Each lock overlaps the next one to its right, so draw from the temple back to the parting.
  lock(SWEEP[0] as Point[], SWEEP[1] as Point[], 299, -0.02, 260);
  for (let i = SWEEP.length - 2; i >= 1; i--) {
    const [a, b] = [SWEEP[i] as Point[], SWEEP[i + 1] as Point[]];
    // A lock is wider than the gap between its guides: the overlap hides the joint.
    const over = a.map((p, k): Point => [lerp(p[0], (b[k] as Point)[0], -0.18), lerp(p[1], (b[k] as Point)[1], -0.18)]);
    lock(over, b, 300 + i, i % 2 === 0 ? 0.03 : -0.02, 240);
  }
}

/** Short locks that fall forward out of the sweep; each runs out in a point on the forehead. */
// biome-ignore format: one lock per row
const LOOSE: readonly (readonly [readonly Point[], readonly Point[]])[] = [
  [[[-70, 116], [-67, 140], [-60, 150], [-46, 157]], [[-50, 108], [-52, 132], [-50, 146], [-45, 157]]],
  [[[-22, 112], [-18, 138], [-4, 156], [22, 165]], [[6, 106], [8, 130], [12, 150], [24, 165]]],
  [[[46, 120], [52, 138], [66, 153], [88, 163]], [[66, 114], [68, 132], [76, 148], [89, 163]]],
];

/** Thins the hair toward the forehead, so that roots stand on skin and the mass has no cut edge. */
function feather(hair: Surface): void {
  const random = createRandom(71);
  // Bites of changing depth: a hairline is a row of tufts.
  for (let k = 24; k < 136; k += 2) {
    const [x, y] = inner[k] as Point;
    const depth = random.range(2, 9);
    soft(
      hair.ctx,
      [x - 20, y - 20, 40, 40],
      2.6,
      (c) => {
        c.fillStyle = "#000000";
        c.fill(ellipse(x + random.bell() * 2, y + 2, 3.2, depth));
      },
      { mode: "destination-out", alpha: 0.8 },
    );
  }
}

function loose(ctx: Context): void {
  LOOSE.forEach(([a, b], i) => {
    paintLock(ctx, LOOK, {
      a: shift(spline(a, 12)),
      b: shift(spline(b, 12)),
      strands: 70,
      seed: 340 + i,
      ragged: 0.4,
      gather: 0.2,
      clumps: 2,
      round: 0.5,
      width: [0.5, 1.2],
      stray: 0.1,
      body: 0,
      lift: 0.02,
      fade: (t) => 0.8 * smoothstep(0, 0.5, t),
    });
  });
}

/** Short faint hairs along the growth direction, so that the hairline is no edge. */
function hairline(ctx: Context): void {
  const random = createRandom(88);
  const colour = hairRamp(LOOK);
  ctx.save();
  for (let i = 0; i < 520; i++) {
    const k = Math.floor(random.range(22, 138));
    const [x, y] = inner[k] as Point;
    const t = (k - 80) / 58;
    const angle = -Math.PI / 2 + 0.25 + t * 0.35 + random.bell() * 0.18;
    const length = random.range(7, 17);
    const [sx, sy] = [x + random.bell() * 2, y + random.range(-4, 3.5)];
    ctx.globalAlpha = random.range(0.2, 0.6);
    ctx.strokeStyle = colour(random.range(0.08, 0.36));
    ctx.lineWidth = random.range(0.45, 0.8);
    ctx.beginPath();
    ctx.moveTo(sx, sy);
    ctx.quadraticCurveTo(
      sx + Math.cos(angle) * length * 0.5 - 0.5,
      sy + Math.sin(angle) * length * 0.5,
      sx + Math.cos(angle) * length,
      sy + Math.sin(angle) * length,
    );
    ctx.stroke();
  }
  ctx.restore();
}

/** A few short hairs leave the crown, so that its outline is no cap. */
function flyaways(ctx: Context): void {
  const random = createRandom(97);
  const colour = hairRamp(LOOK);
  ctx.save();
  for (let i = 0; i < 46; i++) {
    const k = Math.floor(random.range(34, 128));
    const [p, q] = [outer[k] as Point, outer[Math.min(159, k + 2)] as Point];
    const angle = Math.atan2(q[1] - p[1], q[0] - p[0]) + (k < 58 ? Math.PI : 0);
    const out = (k < 58 ? 1 : -1) * random.range(0.04, 0.2);
    const length = random.range(8, 18);
    ctx.globalAlpha = random.range(0.25, 0.55);
    ctx.strokeStyle = colour(random.range(0.05, 0.3));
    ctx.lineWidth = random.range(0.45, 0.8);
    ctx.beginPath();
    ctx.moveTo(p[0], p[1] + 1.5);
    ctx.quadraticCurveTo(
      p[0] + Math.cos(angle + out) * length * 0.5,
      p[1] + Math.sin(angle + out) * length * 0.5,
      p[0] + Math.cos(angle + out * 0.6) * length,
      p[1] + Math.sin(angle + out * 0.6) * length,
    );
    ctx.stroke();
  }
  ctx.restore();
}

export function paintManFrontHair(ctx: Context, face: Surface): void {
  const hair = createSurface(BOX);
  sides(hair.ctx);
  top(hair.ctx);
  feather(hair);
  hairline(hair.ctx);
  loose(hair.ctx);
  soft(
    hair.ctx,
    BOX,
    1.6,
    (c) => {
      c.strokeStyle = rgba("#D9A878", 0.45);
      c.lineWidth = 2.6;
      c.stroke(pathOf(outer.slice(104, 142), false));
    },
    { mode: "source-atop", alpha: 0.8 },
  );
  flyaways(hair.ctx);
  const shadow = createSurface(face.box);
  for (const [dx, dy, sigma, alpha] of [
    [5, 8, 6, 0.55],
    [2, 3.5, 2.6, 0.45],
  ] as const)
    soft(shadow.ctx, BOX, sigma, (c) => {
      c.translate(dx, dy);
      place(c, hair);
      c.globalCompositeOperation = "source-in";
      c.fillStyle = rgba("#6A3022", alpha);
      c.fillRect(BOX[0] - 20, BOX[1] - 20, BOX[2] + 40, BOX[3] + 40);
    });
  maskWith(shadow, face);
  place(ctx, shadow);
  place(ctx, hair);
}
