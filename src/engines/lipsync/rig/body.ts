import { type CellGrid, type CellRange, cellsOf, createGrid, gridSizes } from "./cell-grid.ts";
import { COVER, CoverMap } from "./cover-map.ts";
import { frameBytes, type FramePlanes } from "./frame-planes.ts";
import type { PixelBox, WarpKernel } from "./kernel/warp-kernel.ts";
import { DESIGN, type Layers } from "./layers.ts";
import { type Texture, textureSizes } from "./texture.ts";

/** Levels of breath per output pixel: finer steps than this are not seen. */
const LEVELS_PER_PIXEL = 8;
/** Levels that are kept at 720p: breath raises the shoulders by less than three pixels. */
const KEPT_AT_720 = 24;

/** Rows that a cell may have, at every size of frame. */
const TALLEST_CELL = 64;

/** Row that the torso begins above, with room for its raise. */
const topOf = ({ sheet, height }: Layers): number => ((sheet.layers.torso.y - 4) * height) / DESIGN.height;
const bandsKept = (height: number): number => Math.ceil((KEPT_AT_720 * height) / 720);

/** The rows of the picture that the torso lies in, with the background behind it; rows count from `top`. */
export type Band = { readonly top: number; readonly planes: FramePlanes };

/** The breathing torso. Every level of breath is drawn once and kept: there are some twenty of them. */
export class Body {
  readonly #kernel: WarpKernel;
  readonly #background: FramePlanes;
  readonly #layers: Layers;
  readonly #grid: CellGrid;
  readonly #range: CellRange;
  readonly #cover: CoverMap;
  readonly #torso: Texture;
  readonly #visible: Uint8Array;
  readonly #seen: Uint8Array;
  readonly #bands = new Map<number, Band>();
  readonly #kept: number;
  #gridLevel = Number.NaN;

  /** @param background the background of `layers`, in `kernel` */
  constructor(layers: Layers, kernel: WarpKernel, background: FramePlanes) {
    const { width, height } = layers;
    this.#layers = layers;
    this.#kernel = kernel;
    this.#background = background;
    this.#grid = createGrid(width, height, (corners) => kernel.doubles(corners));
    this.#cover = new CoverMap(layers.torso);
    this.#torso = kernel.texture(layers.torso);
    this.#seen = kernel.bytes(this.#grid.columns * this.#grid.rows);
    this.#visible = kernel.bytes(this.#seen.length);
    const { torso } = layers.sheet.layers;
    const scaleX = width / DESIGN.width;
    const top = topOf(layers);
    this.#range = cellsOf(this.#grid, torso.x * scaleX, top, (torso.x + torso.width) * scaleX, height);
    this.#kept = bandsKept(height);
  }

  /** Sizes of what it keeps in the kernel, bytes. */
  static sizes(layers: Layers): readonly number[] {
    const { width, height, torso } = layers;
    const grid = gridSizes(width, height);
    // A band begins with a cell, at most one cell above the torso.
    const rows = height - Math.floor(topOf(layers)) + 2 * TALLEST_CELL;
    const band = frameBytes(width, Math.min(height, rows));
    return [...grid, ...grid, ...textureSizes(torso), ...Array.from({ length: bandsKept(height) }, () => band)];
  }

  /** What the torso can cover. */
  get box(): PixelBox {
    const { left, top, right, bottom } = this.#range;
    const { cell } = this.#grid;
    const { width, height } = this.#layers;
    return {
      left: left * cell,
      top: top * cell,
      right: Math.min(width, right * cell),
      bottom: Math.min(height, bottom * cell),
    };
  }

  /** The level for a raise of the shoulders in u. */
  levelOf(raise: number): number {
    return Math.round((raise * this.#layers.height * LEVELS_PER_PIXEL) / DESIGN.height);
  }

  /** Torso over background at a level of breath. */
  band(level: number): Band {
    const known = this.#bands.get(level);
    if (known) return known;
    const { width, height } = this.#layers;
    const top = this.#range.top * this.#grid.cell;
    const band = { top, planes: this.#oldest() ?? this.#kernel.picture(width, height - top) };
    this.#kernel.copy(band.planes, this.#background, { left: 0, top: 0, right: width, bottom: height - top }, -top);
    this.#bend(level);
    this.#kernel.draw(band.planes, this.#torso, this.#grid, this.#range, this.#seen, top);
    this.#bands.set(level, band);
    return band;
  }

  /** The picture of the level that was drawn first, where no more may be kept. */
  #oldest(): FramePlanes | undefined {
    const [level] = this.#bands.size < this.#kept ? [] : this.#bands.keys();
    if (level === undefined) return undefined;
    const planes = this.#bands.get(level)?.planes;
    this.#bands.delete(level);
    return planes;
  }

  /**
   * Puts the torso's edges back over hair that hangs behind it. Cells under an opaque torso, or under what `front`
   * covers, are taken out of `hair` first: nothing of them would be seen.
   *
   * @param hair what each cell sees of the hair; `draw` draws what is left of it
   */
  inFrontOf(
    frame: FramePlanes,
    level: number,
    range: CellRange,
    hair: Uint8Array,
    front: Uint8Array,
    draw: () => void,
  ): void {
    this.#bend(level);
    const visible = this.#visible;
    const { columns } = this.#grid;
    for (let row = range.top; row < range.bottom; row++) {
      for (let i = row * columns + range.left, end = row * columns + range.right; i < end; i++) {
        if (front[i] === COVER.opaque || this.#seen[i] === COVER.opaque) hair[i] = COVER.nothing;
        visible[i] = hair[i] === COVER.nothing ? COVER.nothing : (this.#seen[i] as number);
      }
    }
    draw();
    this.#kernel.draw(frame, this.#torso, this.#grid, range, visible);
  }

  /** Shoulders rise by the level, the foot of the frame stays. */
  #bend(level: number): void {
    if (level === this.#gridLevel) return;
    this.#gridLevel = level;
    const { torso, sheet, width, height } = this.#layers;
    const grid = this.#grid;
    const raise = (level * DESIGN.height) / (height * LEVELS_PER_PIXEL);
    const foot = DESIGN.height + 24;
    for (let row = this.#range.top; row <= this.#range.bottom; row++) {
      const y = (row * grid.cell * DESIGN.height) / height;
      const share = Math.min(1, Math.max(0, (foot - y) / (foot - sheet.shoulder_y)));
      const from = y + raise * share;
      for (let column = this.#range.left; column <= this.#range.right; column++) {
        const x = (column * grid.cell * DESIGN.width) / width;
        const n = row * grid.stride + column;
        grid.x[n] = (x - torso.originX) * torso.scaleX;
        grid.y[n] = (from - torso.originY) * torso.scaleY;
      }
    }
    this.#cover.classify(grid, this.#range, this.#seen);
  }
}
