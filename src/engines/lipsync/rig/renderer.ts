import { Body } from "./body.ts";
import { type CellGrid, type CellRange, createGrid } from "./cell-grid.ts";
import { CoverMap } from "./cover-map.ts";
import { type EyeState, Eyes } from "./eyes.ts";
import { copyRows, type FramePlanes } from "./frame-planes.ts";
import type { Layers } from "./layers.ts";
import { MouthPainter } from "./mouth-painter.ts";
import { PARAMETER } from "./mouth-parameters.ts";
import { HeadWarp, type Pose } from "./pose.ts";
import { pack, type PackedTexture, repack } from "./packed-texture.ts";
import { boxOf, cloneTexture, drawSprite } from "./sprite.ts";
import type { Texture } from "./texture.ts";
import { classify, drawWarped } from "./warp.ts";

/** Everything that a frame shows. */
export type Look = {
  readonly pose: Pose;
  readonly eyes: EyeState;
  /** Raise of the shoulders, u. */
  readonly breath: number;
  /** Mouth parameters. */
  readonly mouth: Float64Array;
};

/** A picture that is drawn again and again, and what of it the last drawing touched. */
export type Canvas = { readonly planes: FramePlanes; level: number; top: number; bottom: number };

/** A canvas that nothing has been drawn on. */
export const createCanvas = (planes: FramePlanes): Canvas => ({ planes, level: Number.NaN, top: 0, bottom: 0 });

/** One warped layer: its texture, grid and what its cells see. */
class Sheet {
  readonly texture: PackedTexture;
  readonly grid: CellGrid;
  readonly seen: Uint8Array;
  readonly #cover: CoverMap;
  readonly #warp: HeadWarp;

  constructor(layers: Layers, texture: Texture, part: "head" | "backHair") {
    this.texture = pack(texture);
    this.grid = createGrid(layers.width, layers.height);
    this.seen = new Uint8Array(this.grid.columns * this.grid.rows);
    this.#cover = new CoverMap(texture);
    this.#warp = new HeadWarp(layers, texture, part);
  }

  place(pose: Pose): CellRange {
    const range = this.#warp.apply(this.grid, pose);
    classify(this.#cover, this.grid, range, this.seen);
    return range;
  }

  draw(frame: FramePlanes, range: CellRange): void {
    drawWarped(frame, this.texture, this.grid, range, this.seen);
  }
}

/** Draws one person at one size; several videos may share it, since every drawing is complete when it returns. */
export class Renderer {
  readonly #layers: Layers;
  readonly #body: Body;
  readonly #eyes: Eyes;
  readonly #mouth: MouthPainter;
  /** The head's texture with the last eyes and mouth on it. */
  readonly #face: Texture;
  readonly #head: Sheet;
  readonly #backHair: Sheet | undefined;

  constructor(layers: Layers) {
    this.#layers = layers;
    this.#body = new Body(layers);
    const bare = cloneTexture(layers.head);
    const { brows, lids } = layers.sheet.layers;
    drawSprite(bare, layers.brows, brows.x, brows.y, boxOf(bare, brows, 4));
    this.#eyes = new Eyes(layers, bare);
    this.#mouth = new MouthPainter(layers.sheet, bare);
    this.#face = cloneTexture(bare);
    this.#eyes.open(this.#face);
    fill(this.#face, boxOf(this.#face, lids, -8));
    this.#head = new Sheet(layers, this.#face, "head");
    this.#backHair = layers.backHair && new Sheet(layers, layers.backHair, "backHair");
  }

  /** Draws `look` on a canvas that this renderer, or none, has drawn on before. */
  draw(canvas: Canvas, look: Look): void {
    const head = this.#head;
    const eyes = this.#eyes.paint(this.#face, look.eyes);
    if (eyes) repack(head.texture, this.#face, eyes);
    const mouth = this.#mouth.paint(this.#face, look.mouth);
    if (mouth) repack(head.texture, this.#face, mouth);
    look.pose.jaw = this.#layers.sheet.jaw.drop * (look.mouth[PARAMETER.jaw] as number);
    const range = head.place(look.pose);
    const hair = this.#backHair;
    const hairRange = hair?.place(look.pose);
    const level = this.#body.levelOf(look.breath);
    const { cell } = head.grid;
    const top = Math.min(range.top, hairRange?.top ?? range.top) * cell;
    const bottom = Math.max(range.bottom, hairRange?.bottom ?? range.bottom) * cell;
    this.#restore(canvas, level, top, Math.min(bottom, this.#layers.height));
    if (hair && hairRange) {
      this.#body.inFrontOf(canvas.planes, level, hairRange, hair.seen, head.seen, () =>
        hair.draw(canvas.planes, hairRange),
      );
    }
    head.draw(canvas.planes, range);
  }

  /** Puts background and torso back where this and the last drawing lie. */
  #restore(canvas: Canvas, level: number, top: number, bottom: number): void {
    const { planes } = canvas;
    const { background, height } = this.#layers;
    const band = this.#body.band(level);
    const first = Number.isNaN(canvas.level) ? 0 : Math.min(top, canvas.top);
    const last = level === canvas.level ? Math.max(bottom, canvas.bottom) : height;
    if (first < band.top) copyRows(planes, background, first, Math.min(last, band.top));
    if (last > band.top) {
      const from = Math.max(0, first - band.top);
      copyRows(shifted(planes, band.top), band.planes, from, last - band.top);
    }
    canvas.level = level;
    canvas.top = top;
    canvas.bottom = bottom;
  }
}

/** The picture from row `top` on, as a picture of its own. */
function shifted(planes: FramePlanes, top: number): FramePlanes {
  return {
    ...planes,
    height: planes.height - top,
    chromaHeight: planes.chromaHeight - (top >> 1),
    y: planes.y.subarray(top * planes.width),
    u: planes.u.subarray((top >> 1) * planes.chromaWidth),
    v: planes.v.subarray((top >> 1) * planes.chromaWidth),
  };
}

/** Eyes and lids leave no hole: what their layers leave at 254 of 255 counts as opaque. */
function fill(texture: Texture, box: ReturnType<typeof boxOf>): void {
  for (let row = box.top; row < box.bottom; row++) {
    for (let at = row * texture.width + box.left, end = at + box.right - box.left; at < end; at++) {
      if ((texture.a[at] as number) >= 250) texture.a[at] = 255;
    }
  }
}
