import type { ByteSource } from "../byte-source.ts";

/**
 * What a pickle can say here: data, and nothing that acts. Dicts are `Map`s, so that no key can reach a prototype; ints
 * beyond 2^53 are `bigint`s; strings of Python 2 are strings of the characters 0 to 255.
 */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly PickleValue[]
  | ReadonlyMap<PickleValue, PickleValue>
  | ReadonlySet<PickleValue>
  | Tuple
  | Bytes
  | Known
  | Inert
  | Word
  | Made;

/** What a name on the allow-list makes: a tensor, a storage, an array, or a type of them. */
export abstract class Made {
  /** Tells apart what is made on purpose from any other object. */
  readonly made = true;
}

export class Tuple {
  readonly items: readonly PickleValue[];

  constructor(items: readonly PickleValue[]) {
    this.items = items;
  }
}

/** Bytes of the pickle, left where they are. */
export class Bytes {
  readonly source: ByteSource;
  readonly offset: number;
  readonly length: number;

  constructor(source: ByteSource, offset: number, length: number) {
    this.source = source;
    this.offset = offset;
    this.length = length;
  }
}

/** A name without behaviour, such as `torch.float32`. */
export class Word {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** A name on the allow-list, with what calling it makes: data from data. */
export class Known {
  readonly name: string;
  /** @throws whatever is wrong with the arguments, as a text */
  readonly call: (args: readonly PickleValue[]) => PickleValue;

  constructor(name: string, call: (args: readonly PickleValue[]) => PickleValue) {
    this.name = name;
    this.call = call;
  }
}

/** An object of a class that is not known: its name and data, inert. */
export class Inert {
  readonly className: string;
  readonly args: readonly PickleValue[];
  state: PickleValue = null;

  constructor(className: string, args: readonly PickleValue[]) {
    this.className = className;
    this.args = args;
  }
}

/** What a BUILD may give its state to. */
export type Stateful = { setState(state: PickleValue): void };

export function isStateful(value: unknown): value is Stateful {
  return typeof (value as Partial<Stateful> | null)?.setState === "function";
}

/** A short text about a value for error messages. */
export function describeValue(value: PickleValue | undefined): string {
  if (value === null || value === undefined) return "None";
  if (typeof value === "object") return Array.isArray(value) ? "a list" : `a ${value.constructor.name}`;
  return `${typeof value} ${String(value).slice(0, 40)}`;
}
