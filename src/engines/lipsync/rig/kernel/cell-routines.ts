/** The drawing of one cell of a warp, line by line and eight pixels at a time. */
import {
  type Code,
  f64,
  f64x2,
  i16x8,
  i32,
  i32x4,
  i8x16,
  type Local,
  Routine,
  type Type,
  v128,
  when,
  whileLoop,
} from "./assembly.ts";
import { advance, type Eight, firstInTurns, lastInTurns, type Run, setEight, Window } from "./window.ts";

/** What lies over a picture: its opacity, and where it has none at all. */
class Veil {
  readonly #left: Eight;
  readonly #old: Eight;
  readonly #of: Readonly<Record<"above" | "below" | "empty" | "before", Local>>;

  constructor(routine: Routine) {
    this.#left = routine.locals("v128", "first", "last");
    this.#old = routine.locals("v128", "first", "last");
    this.#of = routine.locals("v128", "above", "below", "empty", "before");
  }

  /** Reads the opacity of eight pixels, and draws them with `shown` and `lay` where there is something to be seen. */
  draw(window: Window, opacity: Local, shown: (lay: (out: Local, value: Eight) => Code) => Code): Code {
    const { above, below, empty } = this.#of;
    const solid = i8x16.isEvery(i8x16.isEqual(v128.and(above.get, below.get), i8x16.const(255)));
    const left = this.#left;
    const veiled = [
      empty.set(i16x8.isEqual(v128.or(above.get, below.get), i16x8.const(0))),
      window.opacity(above, below, left),
      // What is left of the picture below, in 1/65280.
      setEight(left, (half) => i32x4.sub(i32x4.const(65280), i32x4.shrZero(left[half].get, 8))),
      shown((out, value) => this.#lay(out, value)),
    ];
    return window.unlessEmpty(opacity, [
      window.weigh(),
      window.read(opacity, above, below),
      when(
        solid,
        shown(() => []),
        veiled,
      ),
    ]);
  }

  /** Lays `value` over what is at `out`. */
  #lay(out: Local, value: Eight): Code {
    const { empty, before } = this.#of;
    const [left, old] = [this.#left, this.#old];
    // In 1/65536 of 0…255, as they were.
    const kept = (half: "first" | "last"): Code => i32x4.shl(old[half].get, 16);
    const mask = (half: "first" | "last"): Code =>
      (half === "first" ? firstInTurns : lastInTurns)(empty.get, empty.get);
    const times257 = (part: Local): Code => i32x4.add(i32x4.shl(part.get, 8), part.get);
    return [
      before.set(i16x8.ofBytes(v128.load64(out.get))),
      old.first.set(i32x4.ofFirst(before.get)),
      old.last.set(i32x4.ofLast(before.get)),
      setEight(value, (half) => {
        const under = before.set(i32x4.mul(old[half].get, left[half].get));
        const sum = i32x4.add(value[half].get, i32x4.shrZero(times257(before), 8));
        const most = i32x4.const(0x00ffffff);
        return [under, v128.select(kept(half), i32x4.least(sum, most), mask(half))];
      }),
    ];
  }
}

/**
 * Sizes of a cell in pixels, bytes from one line of the picture to the next, the texture's width, and in pairs of (x, y):
 * the texture place of its corner in luma texels, the steps down its left side and across its top per pixel of luma, and
 * how the latter changes going down.
 */
const CELL = {
  columns: "i32",
  lines: "i32",
  stride: "i32",
  width: "i32",
  corner: "v128",
  down: "v128",
  across: "v128",
  twist: "v128",
} as const;
type Cell = Readonly<Record<keyof typeof CELL, Local>>;

/** Runs `body` with each line of a cell as `run`. @param fine whether it is of luma, not of chroma */
function eachLine(routine: Routine, cell: Cell, fine: boolean, body: (run: Run, line: Local) => Code): Code {
  const { x, y, dx, dy, count, line } = routine.locals("i32", "x", "y", "dx", "dy", "count", "line");
  const { t, step, place } = routine.locals("v128", "t", "step", "place");
  const fixed = (value: Code): Code => f64x2.truncate(f64x2.mul(value, f64x2.const(65536)));
  // Chroma lies on the middle of the left pixel of its pair; its texels are twice as large, its steps too.
  const scaled = fine ? place.get : f64x2.mul(place.get, f64x2.const(0.5));
  return whileLoop(i32.isLess(line.get, cell.lines.get), [
    t.set(
      fine
        ? f64x2.add(f64x2.all(f64.of(line.get)), f64x2.const(0.5))
        : f64x2.all(f64.of(i32.add(i32.shl(line.get, i32.const(1)), i32.const(1)))),
    ),
    step.set(f64x2.add(cell.across.get, f64x2.mul(cell.twist.get, t.get))),
    // The middle of the first pixel, then back half a texel: texel i covers i to i + 1.
    place.set(f64x2.add(cell.corner.get, f64x2.mul(cell.down.get, t.get))),
    place.set(f64x2.add(place.get, f64x2.mul(step.get, f64x2.const(0.5)))),
    place.set(fixed(f64x2.sub(scaled, f64x2.const(0.5)))),
    step.set(fixed(step.get)),
    x.set(i32x4.lane(place.get, 0)),
    y.set(i32x4.lane(place.get, 1)),
    dx.set(i32x4.lane(step.get, 0)),
    dy.set(i32x4.lane(step.get, 1)),
    count.set(cell.columns.get),
    body({ x, y, dx, dy, count, width: cell.width }, line),
    advance(line, i32.const(1)),
  ]);
}

/** Draws one cell: of each plane given, from a plane of the texture, with the opacity that they share. */
function cellRoutine(name: string, planes: readonly string[], fine: boolean, opaque: boolean): Routine {
  const addresses = [...planes.flatMap((plane) => [`to ${plane}`, plane]), "opacity"];
  const types: Record<string, Type> = { ...Object.fromEntries(addresses.map((address) => [address, "i32"])), ...CELL };
  const routine = new Routine(name, types);
  const { params } = routine;
  const value: Eight = routine.locals("v128", "first", "last");
  const { above, below, bytes } = routine.locals("v128", "above", "below", "bytes");
  const { at, to } = routine.locals("i32", "at", "to");
  const cell = params as Cell;
  const drawn = eachLine(routine, cell, fine, (run, line) => {
    const window = new Window(routine, run);
    const veil = new Veil(routine);
    const shown = (lay: (to: Local, what: Eight) => Code): Code =>
      planes.map((plane) => [
        window.read(params[plane] as Local, above, below),
        window.colour(above, below, value),
        to.set(i32.add((params[`to ${plane}`] as Local).get, at.get)),
        lay(to, value),
        window.write(to, value, bytes),
      ]);
    return [
      at.set(i32.mul(line.get, cell.stride.get)),
      window.begin(),
      whileLoop(i32.isLess(i32.const(0), run.count.get), [
        window.locate(),
        opaque ? [window.weigh(), shown(() => [])] : veil.draw(window, params["opacity"] as Local, shown),
        window.step(),
        advance(at, i32.const(8)),
      ]),
    ];
  });
  return routine.body(drawn);
}

/** Draws a cell of luma: its address in the picture, in the texture's luma and in its opacity, then a `CELL`. */
export const lumaCell = (opaque: boolean): Routine =>
  cellRoutine(opaque ? "lumaOpaque" : "lumaOver", ["y"], true, opaque);

/** Draws a cell of chroma: the same for both planes, with the opacity that they share. */
export const chromaCell = (opaque: boolean): Routine =>
  cellRoutine(opaque ? "chromaOpaque" : "chromaOver", ["u", "v"], false, opaque);
