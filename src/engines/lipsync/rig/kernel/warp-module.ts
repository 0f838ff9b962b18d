/**
 * The drawing of warped textures as a WebAssembly module. Everything is whole numbers and doubles, so every machine draws
 * the same bytes.
 */
import {
  assemble,
  call,
  type Code,
  copyMemory,
  f64,
  f64x2,
  i32,
  type Local,
  Routine,
  type Type,
  when,
  whileLoop,
} from "./assembly.ts";
import { chromaCell, lumaCell } from "./cell-routines.ts";

const advance = (local: Local, by: number): Code => local.set(i32.add(local.get, i32.const(by)));

/** Numbers of the routines for opaque cells; those for others follow them. */
const LUMA = 0;
const CHROMA = 2;

/** Parameters of `draw`, in their order: addresses of planes, texture and grid, sizes, and the range of cells. */
export const DRAW = [
  "outY",
  "outU",
  "outV",
  "frameWidth",
  "frameHeight",
  "chromaWidth",
  "chromaHeight",
  "y",
  "a",
  "u",
  "v",
  "ca",
  "width",
  "gridX",
  "gridY",
  "seen",
  "cell",
  "columns",
  "stride",
  "left",
  "top",
  "right",
  "bottom",
] as const;

/** All cells of a range. */
function draw(): Routine {
  const routine = new Routine(
    "draw",
    Object.fromEntries(DRAW.map((name) => [name, "i32"])) as Record<(typeof DRAW)[number], Type>,
  );
  const p = routine.params;
  const { row, column, see, node, left, top, at } = routine.locals(
    "i32",
    ...(["row", "column", "see", "node", "left", "top", "at"] as const),
  );
  const { columns, lines, half } = routine.locals("i32", "columns", "lines", "half");
  const { inverse } = routine.locals("f64", "inverse");
  const { corner, down, across, twist } = routine.locals("v128", "corner", "down", "across", "twist");

  /** The texture place of a corner of the cell. */
  const place = (right: number, below: boolean): Code => {
    const index = i32.add(node.get, i32.const(right));
    const offset = i32.shl(below ? i32.add(index, p.stride.get) : index, i32.const(3));
    return f64x2.pair(f64.load(i32.add(p.gridX.get, offset)), f64.load(i32.add(p.gridY.get, offset)));
  };
  const perPixel = (distance: Code): Code => f64x2.mul(distance, f64x2.all(inverse.get));
  const halved = (value: Local): Code => i32.shr(value.get, i32.const(1));
  const least = (a: Local, size: Code, b: Code): Code => [a.set(size), when(i32.isLess(b, a.get), a.set(b))];
  const drawn = (fine: number, addresses: readonly Code[], stride: Local, width: Local): Code => {
    const args = [...addresses, columns.get, lines.get, stride.get, width.get];
    const pairs = [corner.get, down.get, across.get, twist.get];
    const opaque = i32.isLess(i32.const(1), see.get);
    return when(opaque, call(fine, ...args, ...pairs), call(fine + 1, ...args, ...pairs));
  };
  const cell = [
    node.set(i32.add(i32.mul(row.get, p.stride.get), column.get)),
    // Steps per pixel down the left side, to the right at the top, and how the latter changes going down.
    corner.set(place(0, false)),
    down.set(perPixel(f64x2.sub(place(0, true), corner.get))),
    across.set(perPixel(f64x2.sub(place(1, false), corner.get))),
    twist.set(perPixel(f64x2.sub(perPixel(f64x2.sub(place(1, true), place(0, true))), across.get))),
    left.set(i32.mul(column.get, p.cell.get)),
    top.set(i32.mul(row.get, p.cell.get)),
    least(columns, p.cell.get, i32.sub(p.frameWidth.get, left.get)),
    least(lines, p.cell.get, i32.sub(p.frameHeight.get, top.get)),
    at.set(i32.add(i32.mul(top.get, p.frameWidth.get), left.get)),
    drawn(LUMA, [i32.add(p.outY.get, at.get), p.y.get, p.a.get], p.frameWidth, p.width),
    least(columns, halved(p.cell), i32.sub(p.chromaWidth.get, halved(left))),
    least(lines, halved(p.cell), i32.sub(p.chromaHeight.get, halved(top))),
    at.set(i32.add(i32.mul(halved(top), p.chromaWidth.get), halved(left))),
    drawn(
      CHROMA,
      [i32.add(p.outU.get, at.get), p.u.get, i32.add(p.outV.get, at.get), p.v.get, p.ca.get],
      p.chromaWidth,
      half,
    ),
  ];
  return routine.body(
    inverse.set(f64.div(f64.const(1), f64.of(p.cell.get))),
    half.set(halved(p.width)),
    row.set(p.top.get),
    whileLoop(i32.isLess(row.get, p.bottom.get), [
      column.set(p.left.get),
      whileLoop(i32.isLess(column.get, p.right.get), [
        see.set(i32.loadByte(i32.add(p.seen.get, i32.add(i32.mul(row.get, p.columns.get), column.get)))),
        when(i32.isLess(i32.const(0), see.get), cell),
        advance(column, 1),
      ]),
      advance(row, 1),
    ]),
  );
}

/** Copies `rows` runs of `bytes` bytes, `stride` apart on either side. */
function copy(): Routine {
  const routine = new Routine("copy", { to: "i32", from: "i32", bytes: "i32", rows: "i32", stride: "i32" });
  const { to, from, bytes, rows, stride } = routine.params;
  return routine.body(
    whileLoop(i32.isLess(i32.const(0), rows.get), [
      copyMemory(to.get, from.get, bytes.get),
      to.set(i32.add(to.get, stride.get)),
      from.set(i32.add(from.get, stride.get)),
      advance(rows, -1),
    ]),
  );
}

/** The module: `draw` with the parameters of `DRAW`, and `copy`. */
export function warpModule(): Uint8Array<ArrayBuffer> {
  return assemble([lumaCell(true), lumaCell(false), chromaCell(true), chromaCell(false), draw(), copy()], 1);
}
