import { AppError } from "../../../../errors.ts";
import type { CellGrid, CellRange } from "../cell-grid.ts";
import { type FramePlanes, planesOf, frameBytes } from "../frame-planes.ts";
import type { Texture } from "../texture.ts";
import { warpModule } from "./warp-module.ts";

const PAGE = 65_536;
/** Bytes that everything kept is aligned to. */
const ALIGNMENT = 16;
/** Bytes kept free at either end: a sampler's last four pixels may reach past what they lie in. */
const MARGIN = PAGE;

type Exports = { readonly draw: (...args: number[]) => void; readonly copy: (...args: number[]) => void };

/** What of WebAssembly is used: Node's types do not tell of it, and the browser's are not for here. */
type Assembly = {
  readonly Memory: new (size: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: object };
};
const { Memory, Module, Instance } = (globalThis as unknown as { WebAssembly: Assembly }).WebAssembly;

let compiled: object | undefined;

/** A rectangle in luma pixels, edges even. */
export type PixelBox = { readonly left: number; readonly top: number; readonly right: number; readonly bottom: number };

/**
 * Textures and pictures in a memory of their own, and the loops that draw the ones into the others. The memory is as
 * large as it is made and goes when nothing of it is held any more.
 */
export class WarpKernel {
  readonly #buffer: ArrayBuffer;
  readonly #exports: Exports;
  #end = MARGIN;

  /** @param sizes bytes of everything that will be kept here */
  constructor(sizes: readonly number[]) {
    const bytes = sizes.reduce((sum, size) => sum + aligned(size), 2 * MARGIN);
    const pages = Math.ceil(bytes / PAGE);
    const memory = new Memory({ initial: pages, maximum: pages });
    compiled ??= new Module(warpModule());
    const { exports } = new Instance(compiled, { env: { memory } });
    this.#buffer = memory.buffer;
    this.#exports = exports as Exports;
  }

  /** @throws AppError `internal` where more is asked for than was announced */
  bytes(length: number): Uint8Array {
    return new Uint8Array(this.#buffer, this.#take(length), length);
  }

  doubles(length: number): Float64Array {
    return new Float64Array(this.#buffer, this.#take(8 * length), length);
  }

  /** A picture, all 0. */
  picture(width: number, height: number): FramePlanes {
    return planesOf(this.bytes(frameBytes(width, height)), width, height);
  }

  /** A copy of a texture that may be drawn and painted on. */
  texture(from: Texture): Texture {
    const copy = (plane: Uint8Array): Uint8Array => {
      const kept = this.bytes(plane.length);
      kept.set(plane);
      return kept;
    };
    return { ...from, y: copy(from.y), a: copy(from.a), u: copy(from.u), v: copy(from.v), ca: copy(from.ca) };
  }

  /**
   * Draws a texture over a picture through a warp: the grid gives the texture place of every cell corner, and within a
   * cell places are bilinear. Cells that see nothing are skipped; cells that see only opaque texels are written without
   * reading what is below. Everything given lies in this memory.
   *
   * @param seen what each cell of the grid sees of the texture, as a `COVER`
   * @param firstRow row of the grid's frame that `frame` begins with, even
   */
  draw(frame: FramePlanes, texture: Texture, grid: CellGrid, range: CellRange, seen: Uint8Array, firstRow = 0): void {
    const half = firstRow >> 1;
    this.#exports.draw(
      this.#at(frame.y) - firstRow * frame.width,
      this.#at(frame.u) - half * frame.chromaWidth,
      this.#at(frame.v) - half * frame.chromaWidth,
      frame.width,
      frame.height + firstRow,
      frame.chromaWidth,
      frame.chromaHeight + half,
      this.#at(texture.y),
      this.#at(texture.a),
      this.#at(texture.u),
      this.#at(texture.v),
      this.#at(texture.ca),
      texture.width,
      this.#at(grid.x),
      this.#at(grid.y),
      this.#at(seen),
      grid.cell,
      grid.columns,
      grid.stride,
      range.left,
      range.top,
      range.right,
      range.bottom,
    );
  }

  /** Copies a rectangle from one picture to another as wide. @param firstRow row of `target` that `source` begins with */
  copy(target: FramePlanes, source: FramePlanes, box: PixelBox, firstRow = 0): void {
    for (const plane of ["y", "u", "v"] as const) {
      const half = plane === "y" ? 0 : 1;
      const stride = half ? target.chromaWidth : target.width;
      const left = box.left >> half;
      const bytes = ((box.right + half) >> half) - left;
      const top = box.top >> half;
      const rows = ((box.bottom + half) >> half) - top;
      if (bytes <= 0 || rows <= 0) continue;
      const to = this.#at(target[plane]) + top * stride + left;
      const from = this.#at(source[plane]) + (top - (firstRow >> half)) * stride + left;
      this.#exports.copy(to, from, bytes, rows, stride);
    }
  }

  #take(length: number): number {
    const start = this.#end;
    this.#end += aligned(length);
    if (this.#end > this.#buffer.byteLength - MARGIN) {
      throw new AppError("internal", "A renderer keeps more pictures than it made room for.");
    }
    return start;
  }

  #at(view: ArrayBufferView): number {
    if (view.buffer !== this.#buffer) {
      throw new AppError("internal", "A renderer was given a picture that is not its own.");
    }
    return view.byteOffset;
  }
}

const aligned = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
