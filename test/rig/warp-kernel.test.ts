import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type CellGrid, createGrid, gridSizes } from "../../src/engines/lipsync/rig/cell-grid.ts";
import { COVER } from "../../src/engines/lipsync/rig/cover-map.ts";
import { FramePool, MOST_FRAMES } from "../../src/engines/lipsync/rig/frame-pool.ts";
import { frameBytes, type FramePlanes, planesOf } from "../../src/engines/lipsync/rig/frame-planes.ts";
import { WarpKernel } from "../../src/engines/lipsync/rig/kernel/warp-kernel.ts";
import { type Texture, textureSizes } from "../../src/engines/lipsync/rig/texture.ts";
import { plainWarp } from "./plain-warp.ts";

const [TEXELS_ACROSS, TEXELS_DOWN] = [240, 200];

/** Numbers 0…1 that are the same every time. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A texture of noise; its opacity comes in patches that are empty, full and neither. */
function noise(random: () => number): Texture {
  const [w, h] = [TEXELS_ACROSS, TEXELS_DOWN];
  const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, () => random() * 256);
  const patches = (width: number, height: number): Uint8Array => {
    const kinds = Array.from({ length: 400 }, () => random());
    return Uint8Array.from({ length: width * height }, (_, at) => {
      const kind = kinds[(((at / width) >> 4) * 20 + ((at % width) >> 4)) % 400] as number;
      return kind < 0.35 ? 0 : kind < 0.7 ? 255 : random() * 256;
    });
  };
  const quarter = (w * h) / 4;
  const planes = { y: bytes(w * h), a: patches(w, h), u: bytes(quarter), v: bytes(quarter), ca: patches(w / 2, h / 2) };
  return { width: w, height: h, ...planes, scaleX: 1, scaleY: 1, originX: 0, originY: 0 };
}

/** Sees the texture turned by `angle` and scaled, bent a little everywhere, and inside of it. */
function bend(grid: CellGrid, angle: number, scale: number, random: () => number): void {
  const { cell, stride, rows, columns } = grid;
  const [middleX, middleY] = [(columns * cell) / 2, (rows * cell) / 2];
  for (let row = 0; row <= rows; row++) {
    for (let column = 0; column < stride; column++) {
      const [dx, dy] = [column * cell - middleX, row * cell - middleY];
      const x = TEXELS_ACROSS / 2 + scale * (dx * Math.cos(angle) - dy * Math.sin(angle)) + 2 * random();
      const y = TEXELS_DOWN / 2 + scale * (dx * Math.sin(angle) + dy * Math.cos(angle)) + 2 * random();
      grid.x[row * stride + column] = Math.min(TEXELS_ACROSS - 12, Math.max(6, x));
      grid.y[row * stride + column] = Math.min(TEXELS_DOWN - 12, Math.max(6, y));
    }
  }
}

function kernelFor(texture: Texture, width: number, height: number): WarpKernel {
  const [pictures, grid] = [[frameBytes(width, height), frameBytes(width, height)], gridSizes(width, height)];
  return new WarpKernel([...textureSizes(texture), ...pictures, ...grid]);
}

const bytesOf = ({ y, u, v }: FramePlanes): Buffer => Buffer.concat([y, u, v]);

describe("the kernel that draws warped textures", () => {
  // Cells of 16, 10 and 8 pixels; frames that end within a cell; lines that run level, steep, backwards and squeezed.
  for (const [width, height] of [
    [128, 720],
    [102, 480],
    [70, 360],
  ] as const) {
    for (const [angle, scale] of [
      [0, 0.25],
      [0.02, 1.5],
      [-0.3, 0.8],
      [1.4, 1.1],
      [Math.PI, 0.7],
      [0.05, 6],
    ] as const) {
      it(`draws ${width}×${height} turned by ${angle.toFixed(2)} at ${scale} as pixel by pixel, to the bit`, () => {
        const random = numbers(width + Math.round(100 * scale));
        const texture = noise(random);
        const kernel = kernelFor(texture, width, height);
        const grid = createGrid(width, height, (corners) => kernel.doubles(corners));
        bend(grid, angle, scale, random);
        const seen = kernel.bytes(grid.columns * grid.rows);
        for (let i = 0; i < seen.length; i++) seen[i] = Math.floor(3 * random());
        assert.ok([COVER.nothing, COVER.some, COVER.opaque].every((cover) => seen.includes(cover)));
        const drawn = kernel.picture(width, height);
        for (const plane of [drawn.y, drawn.u, drawn.v]) plane.forEach((_, at) => (plane[at] = 256 * random()));
        const expected = planesOf(Uint8Array.from(bytesOf(drawn)), width, height);
        const range = { left: 1, top: 0, right: grid.columns, bottom: grid.rows };
        kernel.draw(drawn, kernel.texture(texture), grid, range, seen);
        plainWarp(expected, texture, grid, range, seen);
        assert.equal(bytesOf(drawn).compare(bytesOf(expected)), 0);
      });
    }
  }

  it("copies a rectangle and nothing beside it, from a picture that begins further down", () => {
    const kernel = new WarpKernel([frameBytes(64, 40), frameBytes(64, 24)]);
    const [target, source] = [kernel.picture(64, 40), kernel.picture(64, 24)];
    for (const plane of [source.y, source.u, source.v]) plane.forEach((_, at) => (plane[at] = 1 + (at % 200)));
    kernel.copy(target, source, { left: 10, top: 20, right: 30, bottom: 36 }, 16);
    for (let row = 0; row < 40; row++) {
      for (let x = 0; x < 64; x++) {
        const inside = x >= 10 && x < 30 && row >= 20 && row < 36;
        assert.equal(target.y[row * 64 + x], inside ? source.y[(row - 16) * 64 + x] : 0, `${x}, ${row}`);
        const chroma = (row >> 1) * 32 + (x >> 1);
        assert.equal(target.v[chroma], inside ? source.v[chroma - 8 * 32] : 0, `chroma of ${x}, ${row}`);
      }
    }
  });

  it("refuses pictures that are not its own, and more of them than were announced", () => {
    const kernel = new WarpKernel([frameBytes(32, 32)]);
    const own = kernel.picture(32, 32);
    const foreign = planesOf(new Uint8Array(frameBytes(32, 32)), 32, 32);
    const box = { left: 0, top: 0, right: 32, bottom: 32 };
    assert.throws(() => kernel.copy(own, foreign, box), /not its own/);
    assert.throws(() => kernel.bytes(1 << 20), /made room for/);
  });
});

describe("a pool of frames", () => {
  it("gives copies to whoever holds more than there are buffers, and takes each buffer back once", () => {
    const pool = new FramePool(4, 4);
    const frames = Array.from({ length: MOST_FRAMES + 3 }, (_, index) =>
      pool.frame(index, ({ planes }) => planes.y.fill(index)),
    );
    for (const { data, index } of frames) assert.ok(data.subarray(0, 16).every((value) => value === index));
    assert.equal(new Set(frames.map(({ data }) => data.buffer)).size, frames.length);
    for (const frame of frames) {
      frame.release();
      frame.release();
    }
    const again = [pool.frame(0, () => undefined), pool.frame(1, () => undefined)];
    assert.notEqual(again[0]?.data.buffer, again[1]?.data.buffer);
    assert.ok(frames.some(({ data }) => data.buffer === again[0]?.data.buffer));
  });
});
