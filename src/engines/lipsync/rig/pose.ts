import type { AvatarSheet } from "./avatar-sheet.ts";
import { type CellGrid, type CellRange, cellsOf } from "./cell-grid.ts";
import type { Layers } from "./layers.ts";
import { DESIGN } from "./layers.ts";
import type { Texture } from "./texture.ts";

/** Where the head is and what the skin does, apart from mouth and eyes. Lengths in u. */
export type Pose = {
  /** Roll about the base of the neck, radians, clockwise positive. */
  roll: number;
  x: number;
  y: number;
  /** How far the middle of the face has turned to the right. */
  yaw: number;
  /** How far the middle of the face has turned down. */
  pitch: number;
  /** Fall of the chin. */
  jaw: number;
  /** 0…1.2; lifts the cheeks. */
  smile: number;
  /** Raise of the brows. */
  brow: number;
  /** Sideways place of the hair's tips against the head: they swing after it. */
  sway: number;
};

/** A head at rest. */
export const restPose = (): Pose => ({ roll: 0, x: 0, y: 0, yaw: 0, pitch: 0, jaw: 0, smile: 0, brow: 0, sway: 0 });

/** Cheeks rise by this much, u, at smile 1, and by this share of it outward. */
const CHEEK_LIFT = 2.6;
const CHEEK_OUT = 0.4;
/** Brow heights over which the skin of the forehead follows, u above and below. */
const BROW_REACH = 34;
/** Share of the brow's raise that its inner end takes: raising it all makes a pleading face. */
const BROW_INNER = 0.55;
/** Back hair lags behind the face: its share of the head's travel. */
const BACK_HAIR_TRAVEL = 0.85;

const smoothstep = (from: number, to: number, x: number): number => {
  const t = Math.min(1, Math.max(0, (x - from) / (to - from)));
  return t * t * (3 - 2 * t);
};

/** Where the share of a fall is looked at for its slope, u from the place. */
const AROUND = Float64Array.of(0, 0.5, -0.5);

/** Below the chin the fall dies away over this stretch, u: the shadow on the neck is pushed together, hair stays. */
const NECK = { from: 8, to: 76 } as const;

/** Share of the chin's fall at height `y` of the resting face: 0 under the nose, 1 at the chin, 0 down the neck. */
export function jawShare(sheet: AvatarSheet, y: number): number {
  const chin = sheet.face.chin_y;
  return smoothstep(sheet.jaw.from_y, sheet.jaw.to_y, y) * (1 - smoothstep(chin + NECK.from, chin + NECK.to, y));
}

/** Share of the chin's fall across the face: the jaw takes its outline along, not the hair beside it. */
function jawWidth(sheet: AvatarSheet, x: number, y: number): number {
  const { cx, half_width: half, chin_y: chin } = sheet.face;
  const edge = half * (1 - 0.2 * smoothstep(sheet.jaw.from_y, chin, y));
  return 1 - smoothstep(0.7 * edge, 1.22 * edge, Math.abs(x - cx));
}

/**
 * Finds what the head's layers show at the corners of the grid: from the frame back through roll, turn, brows,
 * cheeks and jaw to the resting picture. Returns the cells that the head may touch.
 */
export class HeadWarp {
  readonly #layers: Layers;
  readonly #texture: Texture;
  readonly #travel: number;
  readonly #flesh: boolean;
  readonly #shares = new Float64Array(AROUND.length);

  /** @param part `head` bends with the face; `backHair` only moves, and less far. */
  constructor(layers: Layers, texture: Texture, part: "head" | "backHair") {
    this.#layers = layers;
    this.#texture = texture;
    this.#flesh = part === "head";
    this.#travel = part === "head" ? 1 : BACK_HAIR_TRAVEL;
  }

  apply(grid: CellGrid, pose: Pose): CellRange {
    const roll = pose.roll * this.#travel;
    const shiftX = pose.x * this.#travel;
    const shiftY = pose.y * this.#travel;
    const range = this.#touched(grid, roll, shiftX, shiftY);
    for (let row = range.top; row <= range.bottom; row++) {
      const from = row * grid.stride + range.left;
      const to = row * grid.stride + range.right + 1;
      this.#place(grid, row, range, roll, shiftX, shiftY);
      if (this.#flesh) {
        this.#turn(grid.x, grid.y, from, to, pose);
        this.#lift(grid.x, grid.y, from, to, pose);
        this.#unfall(grid.x, grid.y, from, to, pose.jaw);
      }
      this.#toTexels(grid.x, grid.y, from, to);
    }
    return range;
  }

  // Each step runs along a row of corners, in place: numbers that are handed from call to call would be litter.

  /** Where the row's corners lie in the design frame, before roll and travel. */
  #place(grid: CellGrid, row: number, range: CellRange, roll: number, shiftX: number, shiftY: number): void {
    const { sheet, width, height } = this.#layers;
    const unitX = DESIGN.width / width;
    const unitY = DESIGN.height / height;
    const cos = Math.cos(roll);
    const sin = Math.sin(roll);
    const [pivotX, pivotY] = sheet.pivot;
    const { x, y, cell, stride } = grid;
    const dy = row * cell * unitY - shiftY - pivotY;
    for (let column = range.left, n = row * stride + column; column <= range.right; column++, n++) {
      const dx = column * cell * unitX - shiftX - pivotX;
      x[n] = pivotX + dx * cos + dy * sin;
      y[n] = pivotY - dx * sin + dy * cos;
    }
  }

  #toTexels(x: Float64Array, y: Float64Array, from: number, to: number): void {
    const { originX, originY, scaleX, scaleY } = this.#texture;
    for (let n = from; n < to; n++) {
      x[n] = ((x[n] as number) - originX) * scaleX;
      y[n] = ((y[n] as number) - originY) * scaleY;
    }
  }

  /** Cells under the layer's rectangle, rolled and moved, with room for every bend. */
  #touched(grid: CellGrid, roll: number, shiftX: number, shiftY: number): CellRange {
    const { sheet, width, height } = this.#layers;
    const place = this.#flesh ? sheet.layers.head : (sheet.layers.back_hair ?? sheet.layers.head);
    const [pivotX, pivotY] = sheet.pivot;
    const reach = Math.abs(Math.sin(roll));
    const room = 6;
    const left = place.x - reach * Math.max(pivotY - place.y, place.y + place.height - pivotY) + shiftX - room;
    const right = 2 * (place.x + place.width / 2 + shiftX) - left;
    const sink = reach * Math.max(pivotX - place.x, place.x + place.width - pivotX) + room;
    const top = place.y - sink + shiftY;
    const bottom = place.y + place.height + sink + shiftY + sheet.jaw.drop;
    const scaleX = width / DESIGN.width;
    const scaleY = height / DESIGN.height;
    return cellsOf(grid, left * scaleX, top * scaleY, right * scaleX, bottom * scaleY);
  }

  /**
   * Back from the turn of the face, in which a place takes part most at the nose and not at the outline of the head, and
   * from the sideways swing of the hair beside and below it.
   */
  #turn(xs: Float64Array, ys: Float64Array, from: number, to: number, pose: Pose): void {
    const { yaw, pitch, sway } = pose;
    const { cx, cy, half_width: half, top_y: top, chin_y: chin } = this.#layers.sheet.face;
    const noseY = this.#layers.sheet.nose_base_y - 14;
    const still = yaw === 0 && pitch === 0;
    for (let n = from; n < to; n++) {
      const x = xs[n] as number;
      const y = ys[n] as number;
      let turned = 0;
      if (!still) {
        const u = (x - cx) / (half * 1.22);
        const v = (y - cy) / ((chin - top) * 0.6);
        const inside = Math.max(0, 1 - u * u - v * v);
        const nx = (x - cx) / 22;
        const ny = (y - noseY) / 34;
        turned = inside * inside * (3 - 2 * inside) + 0.3 * Math.exp(-0.5 * (nx * nx + ny * ny));
      }
      let swing = 0;
      if (sway !== 0) {
        const beside = smoothstep(0.8 * half, 1.1 * half, Math.abs(x - cx));
        swing = sway * beside * smoothstep(cy, chin + 30, y);
      }
      xs[n] = x - (turned * yaw + swing);
      ys[n] = y - turned * pitch;
    }
  }

  /** Back from the lift of cheeks and brows. */
  #lift(xs: Float64Array, ys: Float64Array, from: number, to: number, { smile, brow }: Pose): void {
    const { face, mouth, layers } = this.#layers.sheet;
    const { brows } = layers;
    const browY = brows.y + brows.height / 2;
    const half = brows.width / 2;
    for (let n = from; n < to; n++) {
      let x = xs[n] as number;
      let y = ys[n] as number;
      const side = (Math.abs(x - face.cx) - 0.48 * face.half_width) / (0.26 * face.half_width);
      const up = (y - (mouth.cy - 44)) / 30;
      const cheek = CHEEK_LIFT * Math.exp(-0.5 * (side * side + up * up)) * smile;
      x -= cheek * CHEEK_OUT * Math.sign(x - face.cx);
      // The skin of the brows as it was before the cheeks rose.
      const away = Math.abs(y - browY) / BROW_REACH;
      let raised = 0;
      if (away < 1) {
        const along = Math.abs(x - (brows.x + half)) / half;
        const across = BROW_INNER + (1 - BROW_INNER) * smoothstep(0.15, 0.65, along);
        raised = (1 - away * away) ** 2 * across * (1 - smoothstep(1, 1.3, along));
      }
      y += cheek + raised * brow;
      xs[n] = x;
      ys[n] = y;
    }
  }

  /** To the heights at rest of what is now there; three Newton steps are exact to a hundredth of a pixel. */
  #unfall(xs: Float64Array, ys: Float64Array, from: number, to: number, fall: number): void {
    const { sheet } = this.#layers;
    if (fall === 0) return;
    const lowest = sheet.face.chin_y + NECK.to;
    const shares = this.#shares;
    for (let n = from; n < to; n++) {
      const y = ys[n] as number;
      if (y < sheet.jaw.from_y) continue;
      const drop = fall * jawWidth(sheet, xs[n] as number, y);
      if (drop === 0 || y > lowest) continue;
      let rest = y - drop * jawShare(sheet, y - drop * 0.5);
      for (let step = 0; step < 3; step++) {
        for (let k = 0; k < 3; k++) shares[k] = jawShare(sheet, rest + (AROUND[k] as number));
        const slope = 1 + drop * ((shares[1] as number) - (shares[2] as number));
        rest -= (rest + drop * (shares[0] as number) - y) / Math.max(0.3, slope);
      }
      ys[n] = rest;
    }
  }
}
