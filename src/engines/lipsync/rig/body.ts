import { type CellGrid, type CellRange, cellsOf, createGrid } from "./cell-grid.ts";
import { COVER, CoverMap } from "./cover-map.ts";
import { frameBytes, type FramePlanes, planesOf } from "./frame-planes.ts";
import { DESIGN, type Layers } from "./layers.ts";
import { pack, type PackedTexture } from "./packed-texture.ts";
import { classify, drawWarped } from "./warp.ts";

/** Levels of breath per output pixel: finer steps than this are not seen. */
const LEVELS_PER_PIXEL = 8;

/** The rows of the picture that the torso lies in, with the background behind it; rows count from `top`. */
export type Band = { readonly top: number; readonly planes: FramePlanes };

/** The breathing torso. Every level of breath is drawn once and kept: there are some twenty of them. */
export class Body {
  readonly #layers: Layers;
  readonly #grid: CellGrid;
  readonly #range: CellRange;
  readonly #cover: CoverMap;
  readonly #torso: PackedTexture;
  readonly #visible: Uint8Array;
  readonly #seen: Uint8Array;
  readonly #bands = new Map<number, Band>();
  #gridLevel = Number.NaN;
  /** A whole picture that bands are drawn in; a new one for each would be 1.4 MB of litter. */
  #sketch: FramePlanes | undefined;

  constructor(layers: Layers) {
    this.#layers = layers;
    this.#grid = createGrid(layers.width, layers.height);
    this.#cover = new CoverMap(layers.torso);
    this.#torso = pack(layers.torso);
    this.#seen = new Uint8Array(this.#grid.columns * this.#grid.rows);
    this.#visible = new Uint8Array(this.#seen.length);
    const { torso } = layers.sheet.layers;
    const scaleX = layers.width / DESIGN.width;
    const scaleY = layers.height / DESIGN.height;
    const top = (torso.y - 4) * scaleY;
    this.#range = cellsOf(this.#grid, torso.x * scaleX, top, (torso.x + torso.width) * scaleX, layers.height);
  }

  /** The level for a raise of the shoulders in u. */
  levelOf(raise: number): number {
    return Math.round((raise * this.#layers.height * LEVELS_PER_PIXEL) / DESIGN.height);
  }

  /** Torso over background at a level of breath. */
  band(level: number): Band {
    const known = this.#bands.get(level);
    if (known) return known;
    const { width, height, background } = this.#layers;
    const top = this.#range.top * this.#grid.cell;
    this.#sketch ??= planesOf(new Uint8Array(frameBytes(width, height)), width, height);
    const full = this.#sketch;
    full.y.set(background.y);
    full.u.set(background.u);
    full.v.set(background.v);
    this.#bend(level);
    drawWarped(full, this.#torso, this.#grid, this.#range, this.#seen);
    const planes: FramePlanes = {
      ...full,
      height: height - top,
      chromaHeight: full.chromaHeight - (top >> 1),
      y: full.y.slice(top * width),
      u: full.u.slice((top >> 1) * full.chromaWidth),
      v: full.v.slice((top >> 1) * full.chromaWidth),
    };
    const band = { top, planes };
    this.#bands.set(level, band);
    return band;
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
    drawWarped(frame, this.#torso, this.#grid, range, visible);
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
    classify(this.#cover, grid, this.#range, this.#seen);
  }
}
