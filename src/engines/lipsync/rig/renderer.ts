import { Body } from "./body.ts";
import type { Canvas } from "./canvas.ts";
import { type CellGrid, type CellRange, createGrid, gridSizes } from "./cell-grid.ts";
import { CoverMap } from "./cover-map.ts";
import { type EyeState, Eyes } from "./eyes.ts";
import { frameBytes, type FramePlanes } from "./frame-planes.ts";
import { FramePool, MOST_FRAMES } from "./frame-pool.ts";
import { type PixelBox, WarpKernel } from "./kernel/warp-kernel.ts";
import type { Layers } from "./layers.ts";
import { MouthPainter } from "./mouth-painter.ts";
import { PARAMETER } from "./mouth-parameters.ts";
import { HeadWarp, type Pose } from "./pose.ts";
import { boxOf, cloneTexture, drawSprite } from "./sprite.ts";
import { type Texture, textureSizes } from "./texture.ts";

/** Everything that a frame shows. */
export type Look = {
  readonly pose: Pose;
  readonly eyes: EyeState;
  /** Raise of the shoulders, u. */
  readonly breath: number;
  /** Mouth parameters. */
  readonly mouth: Float64Array;
};

/** One warped layer: its texture, grid and what its cells see. */
class Sheet {
  readonly texture: Texture;
  readonly grid: CellGrid;
  readonly seen: Uint8Array;
  readonly #kernel: WarpKernel;
  readonly #cover: CoverMap;
  readonly #warp: HeadWarp;

  constructor(layers: Layers, texture: Texture, part: "head" | "backHair", kernel: WarpKernel) {
    this.#kernel = kernel;
    this.texture = kernel.texture(texture);
    this.grid = createGrid(layers.width, layers.height, (corners) => kernel.doubles(corners));
    this.seen = kernel.bytes(this.grid.columns * this.grid.rows);
    this.#cover = new CoverMap(texture);
    this.#warp = new HeadWarp(layers, texture, part);
  }

  place(pose: Pose): CellRange {
    const range = this.#warp.apply(this.grid, pose);
    this.#cover.classify(this.grid, range, this.seen);
    return range;
  }

  draw(frame: FramePlanes, range: CellRange): void {
    this.#kernel.draw(frame, this.texture, this.grid, range, this.seen);
  }
}

/** Draws one person at one size; several videos may share it, since every drawing is complete when it returns. */
export class Renderer {
  /** Frames that this renderer can draw on. */
  readonly frames: FramePool;
  readonly #layers: Layers;
  readonly #kernel: WarpKernel;
  readonly #background: FramePlanes;
  readonly #body: Body;
  readonly #eyes: Eyes;
  readonly #mouth: MouthPainter;
  readonly #head: Sheet;
  readonly #backHair: Sheet | undefined;

  constructor(layers: Layers) {
    const { width, height } = layers;
    const kernel = new WarpKernel(sizesOf(layers));
    this.#layers = layers;
    this.#kernel = kernel;
    this.frames = new FramePool(width, height, (bytes) => kernel.bytes(bytes));
    this.#background = kernel.picture(width, height);
    for (const plane of ["y", "u", "v"] as const) this.#background[plane].set(layers.background[plane]);
    this.#body = new Body(layers, kernel, this.#background);
    const bare = cloneTexture(layers.head);
    const { brows, lids } = layers.sheet.layers;
    drawSprite(bare, layers.brows, brows.x, brows.y, boxOf(bare, brows, 4));
    this.#eyes = new Eyes(layers, bare);
    this.#mouth = new MouthPainter(layers.sheet, bare);
    const face = cloneTexture(bare);
    this.#eyes.open(face);
    fill(face, boxOf(face, lids, -8));
    this.#head = new Sheet(layers, face, "head", kernel);
    this.#backHair = layers.backHair && new Sheet(layers, layers.backHair, "backHair", kernel);
  }

  /** Draws `look` on a canvas of `frames`. */
  draw(canvas: Canvas, look: Look): void {
    const head = this.#head;
    // The head's texture carries the last eyes and mouth.
    this.#eyes.paint(head.texture, look.eyes);
    this.#mouth.paint(head.texture, look.mouth);
    look.pose.jaw = this.#layers.sheet.jaw.drop * (look.mouth[PARAMETER.jaw] as number);
    const range = head.place(look.pose);
    const hair = this.#backHair;
    const hairRange = hair?.place(look.pose);
    const level = this.#body.levelOf(look.breath);
    this.#restore(canvas, level);
    const { cell } = head.grid;
    canvas.left = Math.min(range.left, hairRange?.left ?? range.left) * cell;
    canvas.top = Math.min(range.top, hairRange?.top ?? range.top) * cell;
    canvas.right = Math.min(Math.max(range.right, hairRange?.right ?? range.right) * cell, this.#layers.width);
    canvas.bottom = Math.min(Math.max(range.bottom, hairRange?.bottom ?? range.bottom) * cell, this.#layers.height);
    if (hair && hairRange) {
      this.#body.inFrontOf(canvas.planes, level, hairRange, hair.seen, head.seen, () =>
        hair.draw(canvas.planes, hairRange),
      );
    }
    head.draw(canvas.planes, range);
  }

  /** Puts background and torso back where the last drawing lies, and the torso everywhere when it has breathed. */
  #restore(canvas: Canvas, level: number): void {
    const { width, height } = this.#layers;
    const band = this.#body.band(level);
    const isNew = Number.isNaN(canvas.level);
    const old: PixelBox = isNew ? { left: 0, top: 0, right: width, bottom: height } : canvas;
    const { left, top, right, bottom } = old;
    this.#kernel.copy(canvas.planes, this.#background, { left, top, right, bottom: Math.min(bottom, band.top) });
    if (level === canvas.level) {
      this.#kernel.copy(canvas.planes, band.planes, { left, top: Math.max(top, band.top), right, bottom }, band.top);
    } else {
      const torso = this.#body.box;
      const wide = { left: Math.min(left, torso.left), right: Math.max(right, torso.right) };
      this.#kernel.copy(canvas.planes, band.planes, { ...wide, top: band.top, bottom: height }, band.top);
    }
    canvas.level = level;
  }
}

/** Sizes of what a renderer keeps in its kernel, bytes. */
function sizesOf(layers: Layers): readonly number[] {
  const { width, height, head, backHair } = layers;
  const pictures = Array.from({ length: MOST_FRAMES + 1 }, () => frameBytes(width, height));
  const sheets = [head, ...(backHair ? [backHair] : [])];
  return [
    ...pictures,
    ...sheets.flatMap((texture) => [...textureSizes(texture), ...gridSizes(width, height)]),
    ...Body.sizes(layers),
  ];
}

/** Eyes and lids leave no hole: what their layers leave at 254 of 255 counts as opaque. */
function fill(texture: Texture, box: ReturnType<typeof boxOf>): void {
  for (let row = box.top; row < box.bottom; row++) {
    for (let at = row * texture.width + box.left, end = at + box.right - box.left; at < end; at++) {
      if ((texture.a[at] as number) >= 250) texture.a[at] = 255;
    }
  }
}
