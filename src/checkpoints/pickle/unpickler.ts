import { AppError } from "../../errors.ts";
import { MAX_PICKLE_INTEGER_BYTES, MAX_PICKLE_NAME_BYTES, MAX_PICKLE_TEXT_BYTES } from "../../limits/checkpoints.ts";
import type { ByteSource } from "../byte-source.ts";
import { unusable } from "../unusable.ts";
import { Cursor } from "./cursor.ts";
import { OPCODE, REFUSED_OPCODES } from "./opcodes.ts";
import { Bytes, describeValue, Inert, isStateful, Known, type PickleValue, Tuple } from "./values.ts";

export type UnpickleOptions = {
  /** By `module name`. Anything else is refused as soon as it is named. */
  readonly allowed: ReadonlyMap<string, PickleValue>;
  /** Names that become inert records instead of being refused. Default none. */
  readonly inert?: (name: string) => boolean;
  /** What a persistent id stands for. Default: there are none. */
  readonly persistent?: (id: PickleValue) => PickleValue;
};

/** Where MARK was said. */
type Mark = { readonly mark: number };

/**
 * Interprets one pickle as data. Nothing is called but what the allow-list holds, and that makes data from data.
 * @param at offset of the pickle in the source
 * @returns the value, and the offset after it
 * @throws AppError `model_unusable` naming what was refused or is broken
 */
export function unpickle(
  source: ByteSource,
  at: number,
  options: UnpickleOptions,
): { readonly value: PickleValue; readonly end: number } {
  const machine = new Machine(new Cursor(source, at), options);
  try {
    const value = machine.run();
    return { value, end: machine.cursor.at };
  } catch (error) {
    if (error instanceof AppError) throw error;
    const problem = `its pickle is broken: ${error instanceof Error ? error.message : String(error)}`;
    throw unusable(source.name, problem, "Download it again, or save it anew with torch.save.", error);
  }
}

class Machine {
  readonly cursor: Cursor;
  readonly #options: UnpickleOptions;
  readonly #stack: PickleValue[] = [];
  readonly #marks: Mark[] = [];
  readonly #memo = new Map<number, PickleValue>();

  constructor(cursor: Cursor, options: UnpickleOptions) {
    this.cursor = cursor;
    this.#options = options;
  }

  run(): PickleValue {
    for (;;) {
      const code = this.cursor.byte();
      if (code === OPCODE.STOP) return this.#pop();
      this.#step(code);
    }
  }

  #step(code: number): void {
    const { cursor } = this;
    const stack = this.#stack;
    switch (code) {
      case OPCODE.PROTO: {
        const protocol = cursor.byte();
        if (protocol > 5) throw new Error(`protocol ${protocol} is not known`);
        return;
      }
      case OPCODE.FRAME:
        cursor.uint64();
        return;
      case OPCODE.NONE:
        return this.#push(null);
      case OPCODE.NEWTRUE:
        return this.#push(true);
      case OPCODE.NEWFALSE:
        return this.#push(false);
      case OPCODE.BININT:
        return this.#push(cursor.int32());
      case OPCODE.BININT1:
        return this.#push(cursor.byte());
      case OPCODE.BININT2:
        return this.#push(cursor.uint16());
      case OPCODE.BINFLOAT:
        return this.#push(cursor.double());
      case OPCODE.LONG1:
        return this.#push(this.#integer(cursor.byte()));
      case OPCODE.LONG4:
        return this.#push(this.#integer(cursor.uint32()));
      case OPCODE.SHORT_BINUNICODE:
        return this.#push(this.#text(cursor.byte(), "utf8"));
      case OPCODE.BINUNICODE:
        return this.#push(this.#text(cursor.uint32(), "utf8"));
      case OPCODE.BINUNICODE8:
        return this.#push(this.#text(cursor.uint64(), "utf8"));
      case OPCODE.SHORT_BINSTRING:
        return this.#push(this.#text(cursor.byte(), "latin1"));
      case OPCODE.BINSTRING:
        return this.#push(this.#text(cursor.uint32(), "latin1"));
      case OPCODE.SHORT_BINBYTES:
        return this.#push(this.#bytes(cursor.byte()));
      case OPCODE.BINBYTES:
        return this.#push(this.#bytes(cursor.uint32()));
      case OPCODE.BINBYTES8:
        return this.#push(this.#bytes(cursor.uint64()));
      case OPCODE.MARK:
        this.#marks.push({ mark: stack.length });
        return;
      case OPCODE.POP:
        this.#pop();
        return;
      case OPCODE.POP_MARK:
        this.#popToMark();
        return;
      case OPCODE.DUP:
        return this.#push(this.#top());
      case OPCODE.EMPTY_TUPLE:
        return this.#push(new Tuple([]));
      case OPCODE.TUPLE1:
      case OPCODE.TUPLE2:
      case OPCODE.TUPLE3: {
        const count = code - OPCODE.TUPLE1 + 1;
        this.#need(count);
        return this.#push(new Tuple(stack.splice(-count)));
      }
      case OPCODE.TUPLE:
        return this.#push(new Tuple(this.#popToMark()));
      case OPCODE.EMPTY_LIST:
        return this.#push([]);
      case OPCODE.LIST:
        return this.#push(this.#popToMark());
      case OPCODE.APPEND: {
        const item = this.#pop();
        this.#list().push(item);
        return;
      }
      case OPCODE.APPENDS: {
        const items = this.#popToMark();
        const list = this.#list();
        for (const item of items) list.push(item);
        return;
      }
      case OPCODE.EMPTY_DICT:
        return this.#push(new Map());
      case OPCODE.DICT: {
        const items = this.#popToMark();
        this.#push(new Map());
        return this.#setItems(items);
      }
      case OPCODE.SETITEM: {
        const value = this.#pop();
        const key = this.#pop();
        return this.#setItems([key, value]);
      }
      case OPCODE.SETITEMS:
        return this.#setItems(this.#popToMark());
      case OPCODE.EMPTY_SET:
        return this.#push(new Set());
      case OPCODE.ADDITEMS: {
        const items = this.#popToMark();
        const set = this.#top();
        if (!(set instanceof Set)) throw new Error(`items are added to ${describeValue(set)}`);
        for (const item of items) set.add(item);
        return;
      }
      case OPCODE.FROZENSET:
        return this.#push(new Set(this.#popToMark()));
      case OPCODE.BINPUT:
        this.#memo.set(cursor.byte(), this.#top());
        return;
      case OPCODE.LONG_BINPUT:
        this.#memo.set(cursor.uint32(), this.#top());
        return;
      case OPCODE.MEMOIZE:
        this.#memo.set(this.#memo.size, this.#top());
        return;
      case OPCODE.BINGET:
        return this.#recall(cursor.byte());
      case OPCODE.LONG_BINGET:
        return this.#recall(cursor.uint32());
      case OPCODE.GLOBAL: {
        const module = cursor.line(MAX_PICKLE_NAME_BYTES);
        return this.#global(module, cursor.line(MAX_PICKLE_NAME_BYTES));
      }
      case OPCODE.STACK_GLOBAL: {
        const name = this.#pop();
        const module = this.#pop();
        if (typeof name !== "string" || typeof module !== "string") throw new Error("a name is no text");
        return this.#global(module, name);
      }
      case OPCODE.REDUCE:
      case OPCODE.NEWOBJ:
        return this.#call();
      case OPCODE.BUILD:
        return this.#build();
      case OPCODE.BINPERSID: {
        const id = this.#pop();
        const { persistent } = this.#options;
        if (!persistent) throw new Error("it refers to data outside of it");
        return this.#push(persistent(id));
      }
      default: {
        const refused = REFUSED_OPCODES.get(code);
        if (refused === undefined) throw new Error(`0x${code.toString(16)} is no opcode`);
        throw this.#refuse(`the pickle opcode ${refused}`);
      }
    }
  }

  /** A name. What is on no list ends the reading, before anything is made of it. */
  #global(module: string, name: string): void {
    const full = `${module} ${name}`;
    const known = this.#options.allowed.get(full);
    if (known !== undefined) return this.#push(known);
    if (this.#options.inert?.(full)) return this.#push(new Inert(full, []));
    throw this.#refuse(`the name "${`${module}.${name}`.slice(0, 200)}"`);
  }

  #call(): void {
    const args = this.#pop();
    const callee = this.#pop();
    if (!(args instanceof Tuple)) throw new Error(`arguments are ${describeValue(args)}`);
    if (callee instanceof Known) return this.#push(callee.call(args.items));
    if (callee instanceof Inert) return this.#push(new Inert(callee.className, args.items));
    throw new Error(`${describeValue(callee)} is called`);
  }

  #build(): void {
    const state = this.#pop();
    const target = this.#top();
    if (target instanceof Inert) target.state = state;
    else if (isStateful(target)) target.setState(state);
    // What else has state keeps attributes beside its data, such as a state dict's `_metadata`: of no use here.
    else if (!(target instanceof Map)) throw new Error(`${describeValue(target)} is given a state`);
  }

  #refuse(what: string): AppError {
    return unusable(
      this.cursor.source.name,
      `it contains ${what}, which files of weights have no need of and which may be an attack; nothing of it was run`,
      "Use the file only if you trust its maker: load it with torch and save its state dict as safetensors.",
    );
  }

  #push(value: PickleValue): void {
    this.#stack.push(value);
  }

  #pop(): PickleValue {
    this.#need(1);
    return this.#stack.pop() as PickleValue;
  }

  #top(): PickleValue {
    this.#need(1);
    return this.#stack.at(-1) as PickleValue;
  }

  #need(count: number): void {
    const floor = this.#marks.at(-1)?.mark ?? 0;
    if (this.#stack.length - floor < count) throw new Error("its stack is empty");
  }

  #popToMark(): PickleValue[] {
    const mark = this.#marks.pop();
    if (!mark) throw new Error("a mark is missing");
    return this.#stack.splice(mark.mark);
  }

  #list(): PickleValue[] {
    const list = this.#top();
    if (!Array.isArray(list)) throw new Error(`something is appended to ${describeValue(list)}`);
    return list;
  }

  #setItems(items: readonly PickleValue[]): void {
    const dict = this.#top();
    if (!(dict instanceof Map)) throw new Error(`an item is set in ${describeValue(dict)}`);
    if (items.length % 2 === 1) throw new Error("a key has no value");
    for (let i = 0; i < items.length; i += 2) dict.set(items[i], items[i + 1]);
  }

  #recall(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined) throw new Error(`nothing was remembered under ${index}`);
    this.#push(value);
  }

  #integer(length: number): number | bigint {
    if (length > MAX_PICKLE_INTEGER_BYTES) throw new Error(`an integer has ${length} bytes`);
    let value = 0n;
    const bytes = this.cursor.bytes(length);
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] as number);
    if (length > 0 && (bytes[length - 1] as number) >= 0x80) value -= 1n << BigInt(8 * length);
    return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
  }

  #text(length: number, encoding: "utf8" | "latin1"): string {
    if (length > MAX_PICKLE_TEXT_BYTES) throw new Error(`a text has ${length} bytes`);
    return this.cursor.bytes(length).toString(encoding);
  }

  #bytes(length: number): Bytes {
    return new Bytes(this.cursor.source, this.cursor.skip(length), length);
  }
}
