/**
 * Eight pixels of a line through a texture. Places along it are 16.16 fixed point texels. A pixel lies between two texels
 * of a row and the two below them; its place in texels has 8 bits of fraction.
 */
import { type Code, i16x8, i32, i32x4, i8x16, type Local, type Routine, v128, when } from "./assembly.ts";

/** Takes unsigned 16-bit numbers to signed ones; times weights that sum to 256, the difference is `SHIFT`. */
const SIGN = i16x8.const(0x8000);
const SHIFT = 32768 * 256;
/** What colours have on top, in 1/65536, so that they round to the nearest. */
const HALF = 32768;

/** The lower and the upper halves of eight numbers of 32 bits. */
const lowHalves = (a: Code, b: Code): Code =>
  i8x16.shuffle(a, b, [0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21, 24, 25, 28, 29]);
const highHalves = (a: Code, b: Code): Code =>
  i8x16.shuffle(a, b, [2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23, 26, 27, 30, 31]);
/** Numbers of 16 bits from `a` and `b` in turns: the first four of each, and the last four. */
export const firstInTurns = (a: Code, b: Code): Code =>
  i8x16.shuffle(a, b, [0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23]);
export const lastInTurns = (a: Code, b: Code): Code =>
  i8x16.shuffle(a, b, [8, 9, 24, 25, 10, 11, 26, 27, 12, 13, 28, 29, 14, 15, 30, 31]);

/** Eight numbers of 32 bits. */
export type Eight = { readonly first: Local; readonly last: Local };
export const setEight = ({ first, last }: Eight, of: (half: "first" | "last") => Code): Code => [
  first.set(of("first")),
  last.set(of("last")),
];

export const advance = (local: Local, by: Code): Code => local.set(i32.add(local.get, by));
/** Of a number in 16.16. */
const whole = (value: Code): Code => i32.shr(value, i32.const(16));

/** A run of pixels: those that are left of it, the texture's width, and where the next one lies. */
export type Run = Readonly<Record<"count" | "width" | "x" | "y" | "dx" | "dy", Local>>;

/** The eight pixels that a run is at: what of its texture they see, and by which weights. */
export class Window {
  readonly #run: Run;
  readonly #x: Eight;
  readonly #y: Eight;
  readonly #entry: Eight;
  readonly #weights: Eight;
  readonly #of: Readonly<
    Record<"stepX" | "stepY" | "right" | "left" | "places" | "upper" | "third" | "above" | "below" | "share", Local>
  >;
  readonly #at: Readonly<Record<"first" | "top" | "apart" | "near" | "seen", Local>>;

  constructor(routine: Routine, run: Run) {
    const eight = (): Eight => routine.locals("v128", "first", "last");
    this.#run = run;
    this.#x = eight();
    this.#y = eight();
    this.#entry = eight();
    this.#weights = eight();
    const steps = routine.locals("v128", "stepX", "stepY", "right", "left", "share");
    this.#of = { ...steps, ...routine.locals("v128", "places", "upper", "third", "above", "below") };
    this.#at = routine.locals("i32", "first", "top", "apart", "near", "seen");
  }

  /** Begins with the first eight pixels. */
  begin(): Code {
    const { x, y, dx, dy } = this.#run;
    const four = (start: Local, step: Local): Code =>
      i32x4.add(i32x4.all(start.get), i32x4.mul(i32x4.all(step.get), i32x4.const(0, 1, 2, 3)));
    const eight = (place: Eight, start: Local, step: Local): Code => [
      place.first.set(four(start, step)),
      place.last.set(i32x4.add(place.first.get, i32x4.shl(i32x4.all(step.get), 2))),
    ];
    const { stepX, stepY } = this.#of;
    return [
      eight(this.#x, x, dx),
      eight(this.#y, y, dy),
      stepX.set(i32x4.shl(i32x4.all(dx.get), 3)),
      stepY.set(i32x4.shl(i32x4.all(dy.get), 3)),
    ];
  }

  /** Finds where the eight pixels' texels are. */
  locate(): Code {
    const { x, y, dx, dy, width } = this.#run;
    const { first, top, apart, near } = this.#at;
    const seventh = (start: Local, step: Local): Code => i32.add(start.get, i32.mul(step.get, i32.const(7)));
    return [
      top.set(whole(y.get)),
      // The row of the last pixel less that of the first.
      apart.set(i32.sub(whole(seventh(y, dy)), top.get)),
      // In one row or two that touch, and within sixteen texels of them: they are read at once.
      near.set(
        i32.and(
          i32.isBelow(i32.add(apart.get, i32.const(1)), i32.const(3)),
          i32.isBelow(i32.sub(whole(seventh(x, dx)), whole(x.get)), i32.const(15)),
        ),
      ),
      when(i32.isLess(apart.get, i32.const(0)), top.set(i32.add(top.get, apart.get))),
      first.set(i32.add(i32.mul(top.get, width.get), whole(x.get))),
    ];
  }

  /** Finds each one's texels, and their weights. */
  weigh(): Code {
    const { x, width } = this.#run;
    const { right, left, places, share, upper } = this.#of;
    const { top, near } = this.#at;
    const fraction = ({ first: low, last }: Eight): Code => i16x8.shrZero(lowHalves(low.get, last.get), 8);
    const rest = (part: Local): Code => i16x8.sub(i16x8.const(256), part.get);
    const columns = i16x8.sub(highHalves(this.#x.first.get, this.#x.last.get), i16x8.all(whole(x.get)));
    return [
      when(
        near.get,
        [
          // Each column and the one to its right, as places of bytes.
          places.set(i16x8.add(i16x8.mul(columns, i16x8.const(0x0101)), i16x8.const(0x0100))),
          upper.set(i16x8.isEqual(highHalves(this.#y.first.get, this.#y.last.get), i16x8.all(top.get))),
        ],
        setEight(this.#entry, (half) =>
          i32x4.add(
            i32x4.mul(i32x4.shr(this.#y[half].get, 16), i32x4.all(width.get)),
            i32x4.shr(this.#x[half].get, 16),
          ),
        ),
      ),
      right.set(fraction(this.#x)),
      left.set(rest(right)),
      share.set(fraction(this.#y)),
      this.#weights.first.set(firstInTurns(rest(share), share.get)),
      this.#weights.last.set(lastInTurns(rest(share), share.get)),
    ];
  }

  /** Runs `body` unless a plane is 0 as far as the eight pixels can see. */
  unlessEmpty(plane: Local, body: Code): Code {
    const { near, seen } = this.#at;
    const any = v128.isAny(
      v128.or(v128.or(v128.load(this.#row(plane, 0)), v128.load(this.#row(plane, 1))), v128.load(this.#row(plane, 2))),
    );
    return [seen.set(i32.const(1)), when(near.get, seen.set(any)), when(seen.get, body)];
  }

  /** Address of the texels that begin with the first, or as many rows further down. */
  #row(plane: Local, down: 0 | 1 | 2): Code {
    const at = i32.add(plane.get, this.#at.first.get);
    return down === 0 ? at : i32.add(at, i32.shl(this.#run.width.get, i32.const(down - 1)));
  }

  /** Reads the texels of a plane: `above` and `below`, each with its right neighbour in the upper byte. */
  read(plane: Local, above: Local, below: Local): Code {
    const { apart, near } = this.#at;
    const { upper, third } = this.#of;
    const picked = (down: 0 | 1 | 2): Code => i8x16.pick(v128.load(this.#row(plane, down)), this.#of.places.get);
    const single = (lane: number, down: Code): Code =>
      i32.add(i32.add(i32x4.lane(this.#entry[lane < 4 ? "first" : "last"].get, lane & 3), plane.get), down);
    const scattered = (down: Code): Code => {
      let texels = i16x8.const(0);
      for (let lane = 0; lane < 8; lane++) texels = v128.load16(single(lane, down), texels, lane);
      return texels;
    };
    const inTwoRows = [
      third.set(v128.select(below.get, picked(2), upper.get)),
      above.set(v128.select(above.get, below.get, upper.get)),
      below.set(third.get),
    ];
    return when(
      near.get,
      [above.set(picked(0)), below.set(picked(1)), when(apart.get, inTwoRows)],
      [above.set(scattered(i32.const(0))), below.set(scattered(this.#run.width.get))],
    );
  }

  /** What eight pixels see of a plane of colour, from its texels, in 1/65536 of 0…255, and `HALF` on top. */
  colour(above: Local, below: Local, out: Eight): Code {
    return this.#mean(above, below, out, SHIFT + HALF);
  }

  /** What they see of a plane of opacity, in 1/65536 of 0…255. */
  opacity(above: Local, below: Local, out: Eight): Code {
    return this.#mean(above, below, out, SHIFT);
  }

  #mean(above: Local, below: Local, out: Eight, onTop: number): Code {
    const { left, right, above: upper, below: lower } = this.#of;
    const across = (texels: Local): Code =>
      v128.xor(
        i16x8.add(
          i16x8.mul(v128.and(texels.get, i16x8.const(0xff)), left.get),
          i16x8.mul(i16x8.shrZero(texels.get, 8), right.get),
        ),
        SIGN,
      );
    return [
      upper.set(across(above)),
      lower.set(across(below)),
      out.first.set(firstInTurns(upper.get, lower.get)),
      out.last.set(lastInTurns(upper.get, lower.get)),
      setEight(out, (half) => i32x4.add(i32x4.dot(out[half].get, this.#weights[half].get), i32x4.const(onTop))),
    ];
  }

  /** On to the next eight. */
  step(): Code {
    const { x, y, dx, dy, count } = this.#run;
    const { stepX, stepY } = this.#of;
    return [
      setEight(this.#x, (half) => i32x4.add(this.#x[half].get, stepX.get)),
      setEight(this.#y, (half) => i32x4.add(this.#y[half].get, stepY.get)),
      advance(x, i32.shl(dx.get, i32.const(3))),
      advance(y, i32.shl(dy.get, i32.const(3))),
      advance(count, i32.const(-8)),
    ];
  }

  /** Writes eight pixels, or as many as are left, from 1/65536. */
  write(out: Local, value: Eight, bytes: Local): Code {
    const round = (part: Local): Code => i32x4.shrZero(part.get, 16);
    const { count } = this.#run;
    const places = v128.const(Uint8Array.from({ length: 16 }, (_, place) => place));
    const wanted = i8x16.isLess(places, i8x16.all(count.get));
    return [
      bytes.set(i16x8.of(round(value.first), round(value.last))),
      bytes.set(i8x16.of(bytes.get, bytes.get)),
      when(i32.isLess(count.get, i32.const(8)), bytes.set(v128.select(bytes.get, v128.load64(out.get), wanted))),
      v128.store64(out.get, bytes.get),
    ];
  }
}
