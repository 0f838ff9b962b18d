/**
 * WebAssembly's instructions as functions: each answers the bytes of an expression from those of its operands. No more
 * of them than the kernels use. Source: the WebAssembly specification 2.0, chapter "Binary Format".
 */

/** Bytes of instructions, in any nesting. */
export type Code = readonly (number | Code)[];

/** Types of values, as the binary format numbers them. */
export const TYPE = { i32: 0x7f, f64: 0x7c, v128: 0x7b } as const;
export type Type = keyof typeof TYPE;

/** An integer in LEB128, unsigned. */
export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return [...bytes, rest];
}

/** A 32-bit integer in LEB128, signed. */
export function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value | 0;
  for (; rest > 63 || rest < -64; rest >>= 7) bytes.push((rest & 0x7f) | 0x80);
  return [...bytes, rest & 0x7f];
}

type Unary = (a: Code) => Code;
type Binary = (a: Code, b: Code) => Code;

const unary =
  (...opcode: number[]): Unary =>
  (a) => [a, opcode];
const binary =
  (...opcode: number[]): Binary =>
  (a, b) => [a, b, opcode];
/** Vector instructions have a prefix. */
const vector = (opcode: number): number[] => [0xfd, ...unsigned(opcode)];

/** Whole numbers of 32 bits. */
export const i32 = {
  const: (value: number): Code => [0x41, signed(value)],
  add: binary(0x6a),
  sub: binary(0x6b),
  mul: binary(0x6c),
  and: binary(0x71),
  shl: binary(0x74),
  /** Keeps the sign. */
  shr: binary(0x75),
  isEqual: binary(0x46),
  isLess: binary(0x48),
  /** Both as unsigned numbers. */
  isBelow: binary(0x49),
  isZero: unary(0x45),
  loadByte: (address: Code): Code => [address, 0x2d, 0, 0],
};

/** Doubles. */
export const f64 = {
  const: (value: number): Code => [0x44, [...new Uint8Array(new Float64Array([value]).buffer)]],
  div: binary(0xa3),
  /** Of a whole number. */
  of: unary(0xb7),
  load: (address: Code): Code => [address, 0x2b, 3, 0],
};

/**
 * Vectors that do not change lie in memory, from this address on, each once: V8 makes one that is in the code anew, of
 * three instructions, wherever it is used.
 */
const CONSTANTS_AT = 1024;
const constants = new Map<string, { readonly at: number; readonly bytes: readonly number[] }>();

/** Vectors of 128 bits as a whole. */
export const v128 = {
  const: (value: ArrayBufferView): Code => {
    const bytes = [...new Uint8Array(value.buffer)];
    const name = bytes.join(" ");
    const known = constants.get(name) ?? { at: CONSTANTS_AT + 16 * constants.size, bytes };
    constants.set(name, known);
    return [i32.const(0), vector(0x00), 0, unsigned(known.at)];
  },
  and: binary(...vector(0x4e)),
  or: binary(...vector(0x50)),
  xor: binary(...vector(0x51)),
  /** Bits of `a` where those of `mask` are set, else of `b`. */
  select: (a: Code, b: Code, mask: Code): Code => [a, b, mask, vector(0x52)],
  isAny: unary(...vector(0x53)),
  load: (address: Code): Code => [address, vector(0x00), 0, 0],
  /** Eight bytes, then zeros. */
  load64: (address: Code): Code => [address, vector(0x5d), 0, 0],
  /** Two bytes as one of the eight lanes. */
  load16: (address: Code, into: Code, lane: number): Code => [address, into, vector(0x55), 0, 0, lane],
  /** The first eight bytes. */
  store64: (address: Code, from: Code): Code => [address, from, vector(0x5b), 0, 0, 0],
};

/** Vectors of sixteen bytes. */
export const i8x16 = {
  all: unary(...vector(0x0f)),
  const: (value: number): Code => v128.const(new Uint8Array(16).fill(value)),
  /** Bytes of `a` at the places that `places` holds, which must be 0…15. */
  pick: binary(...vector(0x100)),
  /** Bytes of `a`, 0…15, and `b`, 16…31, at constant places. */
  shuffle: (a: Code, b: Code, places: readonly number[]): Code => [a, b, vector(0x0d), places],
  isEqual: binary(...vector(0x23)),
  isLess: binary(...vector(0x25)),
  isEvery: unary(...vector(0x63)),
  /** Of eight numbers of 16 bits and eight more, 0…255. */
  of: binary(...vector(0x66)),
};

/** Vectors of eight whole numbers of 16 bits. */
export const i16x8 = {
  all: unary(...vector(0x10)),
  const: (value: number): Code => v128.const(new Uint16Array(8).fill(value)),
  add: binary(...vector(0x8e)),
  sub: binary(...vector(0x91)),
  mul: binary(...vector(0x95)),
  isEqual: binary(...vector(0x2d)),
  /** Fills with zeros. */
  shrZero: (a: Code, bits: number): Code => [a, i32.const(bits), vector(0x8d)],
  /** Of four numbers of 32 bits and four more, 0…65535. */
  of: binary(...vector(0x86)),
  /** Of the first eight bytes. */
  ofBytes: unary(...vector(0x89)),
};

/** Vectors of four whole numbers of 32 bits. */
export const i32x4 = {
  all: unary(...vector(0x11)),
  const: (...values: [number] | [number, number, number, number]): Code =>
    v128.const(values.length === 4 ? Int32Array.from(values) : new Int32Array(4).fill(values[0])),
  lane: (a: Code, lane: number): Code => [a, vector(0x1b), lane],
  add: binary(...vector(0xae)),
  sub: binary(...vector(0xb1)),
  mul: binary(...vector(0xb5)),
  least: binary(...vector(0xb7)),
  shl: (a: Code, bits: number): Code => [a, i32.const(bits), vector(0xab)],
  /** Keeps the sign. */
  shr: (a: Code, bits: number): Code => [a, i32.const(bits), vector(0xac)],
  /** Fills with zeros. */
  shrZero: (a: Code, bits: number): Code => [a, i32.const(bits), vector(0xad)],
  /** Of pairs of signed 16-bit numbers: the sum of the two products. */
  dot: binary(...vector(0xba)),
  /** Of the first four numbers of 16 bits, and of the last four. */
  ofFirst: unary(...vector(0xa9)),
  ofLast: unary(...vector(0xaa)),
};

/** Vectors of two doubles. */
export const f64x2 = {
  all: unary(...vector(0x14)),
  const: (value: number): Code => v128.const(new Float64Array(2).fill(value)),
  pair: (a: Code, b: Code): Code => [a, vector(0x14), b, vector(0x22), 1],
  add: binary(...vector(0xf0)),
  sub: binary(...vector(0xf1)),
  mul: binary(...vector(0xf2)),
  /** Towards zero, as the first two of four whole numbers of 32 bits. */
  truncate: unary(...vector(0xfc)),
};

/** A value with a name. */
export type Local = {
  readonly get: Code;
  /** Sets it. */
  readonly set: (value: Code) => Code;
  /** Sets it, and is its value. */
  readonly tee: (value: Code) => Code;
};

/** Runs `body` while `condition` holds, which is asked before each round. */
export const whileLoop = (condition: Code, body: Code): Code => [
  [0x02, 0x40, 0x03, 0x40],
  [condition, 0x45, 0x0d, 1],
  body,
  [0x0c, 0, 0x0b, 0x0b],
];

/** Runs `body` if `condition` holds, else `otherwise`. */
export const when = (condition: Code, body: Code, otherwise: Code = []): Code => [
  condition,
  [0x04, 0x40],
  body,
  otherwise.length > 0 ? [0x05, otherwise] : [],
  0x0b,
];

/** Copies `bytes` from one address to another. */
export const copyMemory = (to: Code, from: Code, bytes: Code): Code => [to, from, bytes, 0xfc, 0x0a, 0, 0];

/** Calls a function by its number. */
export const call = (index: number, ...args: readonly Code[]): Code => [...args, 0x10, unsigned(index)];

/** A function without a result; its parameters by name. */
export class Routine<Name extends string = string> {
  readonly name: string;
  readonly params: Readonly<Record<Name, Local>>;
  readonly #types: readonly Type[];
  readonly #locals: Type[] = [];
  #body: Code = [];

  constructor(name: string, params: Readonly<Record<Name, Type>>) {
    this.name = name;
    this.#types = Object.values(params);
    const named = Object.keys(params).map((param, index) => [param, localAt(index)]);
    this.params = Object.fromEntries(named) as Record<Name, Local>;
  }

  /** Values of its own, by name; 0 at first. */
  locals<const Own extends string>(type: Type, ...names: readonly Own[]): Readonly<Record<Own, Local>> {
    const named = names.map((own) => [own, localAt(this.#types.length + this.#locals.push(type) - 1)]);
    return Object.fromEntries(named) as Record<Own, Local>;
  }

  body(...code: readonly Code[]): this {
    this.#body = code;
    return this;
  }

  get signature(): Code {
    return [0x60, list(this.#types.map((type) => TYPE[type])), 0];
  }

  get code(): number[] {
    const declared = this.#locals.map((type) => [1, TYPE[type]]);
    return sized([list(declared), this.#body, 0x0b]);
  }
}

const localAt = (index: number): Local => {
  const at = unsigned(index);
  return { get: [0x20, at], set: (value) => [value, 0x21, at], tee: (value) => [value, 0x22, at] };
};

const flat = (code: Code): number[] => code.flat(Infinity as 1) as number[];
const list = (items: Code): Code => [unsigned(items.length), items];
const sized = (code: Code): number[] => {
  const bytes = flat(code);
  return [...unsigned(bytes.length), ...bytes];
};
const text = (value: string): Code => list([...Buffer.from(value)]);

/**
 * A module of routines, all exported by name, over a memory that is imported as `env.memory`; it takes the first KiB of it
 * and what the constants need. Calls count from 0.
 */
export function assemble(routines: readonly Routine[], pages: number): Uint8Array<ArrayBuffer> {
  const section = (id: number, content: Code): Code => [id, sized(content)];
  const magic = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  return Uint8Array.from(
    flat([
      magic,
      section(1, list(routines.map(({ signature }) => signature))),
      section(2, list([[text("env"), text("memory"), 2, 0, unsigned(pages)]])),
      section(3, list(routines.map((_, index) => unsigned(index)))),
      section(7, list(routines.map(({ name }, index) => [text(name), 0, unsigned(index)]))),
      section(10, list(routines.map(({ code }) => code))),
      section(
        11,
        list([[0, i32.const(CONSTANTS_AT), 0x0b, list([...constants.values()].flatMap(({ bytes }) => bytes))]]),
      ),
    ]),
  );
}
