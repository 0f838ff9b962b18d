import { AppError } from "../../errors.ts";
import { MAX_PICKLE_INTEGER_BYTES, MAX_PICKLE_NAME_BYTES, MAX_PICKLE_TEXT_BYTES } from "../../limits/checkpoints.ts";
import type { ByteSource } from "../byte-source.ts";
import { unusable } from "../unusable.ts";
import { Cursor } from "./cursor.ts";
import { OPCODE, REFUSED_OPCODES } from "./opcodes.ts";
import { PickleStack } from "./stack.ts";
import { Bytes, describeValue, Inert, isStateful, Known, type PickleValue, Tuple } from "./values.ts";

export type UnpickleOptions = {
  /** By `module name`. Anything else is refused as soon as it is named. */
  readonly allowed: ReadonlyMap<string, PickleValue>;
  /** Names that become inert records instead of being refused. Default none. */
  readonly inert?: (name: string) => boolean;
  /** What a persistent id stands for. Default: there are none. */
  readonly persistent?: (id: PickleValue) => PickleValue;
};

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
  readonly #stack = new PickleStack();
  readonly #memo = new Map<number, PickleValue>();

  constructor(cursor: Cursor, options: UnpickleOptions) {
    this.cursor = cursor;
    this.#options = options;
  }

  run(): PickleValue {
    for (;;) {
      const code = this.cursor.byte();
      if (code === OPCODE.STOP) return this.#stack.pop();
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
        return stack.push(null);
      case OPCODE.NEWTRUE:
        return stack.push(true);
      case OPCODE.NEWFALSE:
        return stack.push(false);
      case OPCODE.BININT:
        return stack.push(cursor.int32());
      case OPCODE.BININT1:
        return stack.push(cursor.byte());
      case OPCODE.BININT2:
        return stack.push(cursor.uint16());
      case OPCODE.BINFLOAT:
        return stack.push(cursor.double());
      case OPCODE.LONG1:
        return stack.push(this.#integer(cursor.byte()));
      case OPCODE.LONG4:
        return stack.push(this.#integer(cursor.uint32()));
      case OPCODE.SHORT_BINUNICODE:
        return stack.push(this.#text(cursor.byte(), "utf8"));
      case OPCODE.BINUNICODE:
        return stack.push(this.#text(cursor.uint32(), "utf8"));
      case OPCODE.BINUNICODE8:
        return stack.push(this.#text(cursor.uint64(), "utf8"));
      case OPCODE.SHORT_BINSTRING:
        return stack.push(this.#text(cursor.byte(), "latin1"));
      case OPCODE.BINSTRING:
        return stack.push(this.#text(cursor.uint32(), "latin1"));
      case OPCODE.SHORT_BINBYTES:
        return stack.push(this.#bytes(cursor.byte()));
      case OPCODE.BINBYTES:
        return stack.push(this.#bytes(cursor.uint32()));
      case OPCODE.BINBYTES8:
        return stack.push(this.#bytes(cursor.uint64()));
      case OPCODE.MARK:
        stack.mark();
        return;
      case OPCODE.POP:
        stack.pop();
        return;
      case OPCODE.POP_MARK:
        stack.popToMark();
        return;
      case OPCODE.DUP:
        return stack.push(stack.top());
      case OPCODE.EMPTY_TUPLE:
        return stack.push(new Tuple([]));
      case OPCODE.TUPLE1:
      case OPCODE.TUPLE2:
      case OPCODE.TUPLE3:
        return stack.push(new Tuple(stack.take(code - OPCODE.TUPLE1 + 1)));
      case OPCODE.TUPLE:
        return stack.push(new Tuple(stack.popToMark()));
      case OPCODE.EMPTY_LIST:
        return stack.push([]);
      case OPCODE.LIST:
        return stack.push(stack.popToMark());
      case OPCODE.APPEND: {
        const item = stack.pop();
        stack.list().push(item);
        return;
      }
      case OPCODE.APPENDS: {
        const items = stack.popToMark();
        const list = stack.list();
        for (const item of items) list.push(item);
        return;
      }
      case OPCODE.EMPTY_DICT:
        return stack.push(new Map());
      case OPCODE.DICT: {
        const items = stack.popToMark();
        stack.push(new Map());
        return stack.setItems(items);
      }
      case OPCODE.SETITEM: {
        const value = stack.pop();
        const key = stack.pop();
        return stack.setItems([key, value]);
      }
      case OPCODE.SETITEMS:
        return stack.setItems(stack.popToMark());
      case OPCODE.EMPTY_SET:
        return stack.push(new Set());
      case OPCODE.ADDITEMS: {
        const items = stack.popToMark();
        const set = stack.top();
        if (!(set instanceof Set)) throw new Error(`items are added to ${describeValue(set)}`);
        for (const item of items) set.add(item);
        return;
      }
      case OPCODE.FROZENSET:
        return stack.push(new Set(stack.popToMark()));
      case OPCODE.BINPUT:
        this.#memo.set(cursor.byte(), stack.top());
        return;
      case OPCODE.LONG_BINPUT:
        this.#memo.set(cursor.uint32(), stack.top());
        return;
      case OPCODE.MEMOIZE:
        this.#memo.set(this.#memo.size, stack.top());
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
        const name = stack.pop();
        const module = stack.pop();
        if (typeof name !== "string" || typeof module !== "string") throw new Error("a name is no text");
        return this.#global(module, name);
      }
      case OPCODE.REDUCE:
      case OPCODE.NEWOBJ:
        return this.#call();
      case OPCODE.BUILD:
        return this.#build();
      case OPCODE.BINPERSID: {
        const id = stack.pop();
        const { persistent } = this.#options;
        if (!persistent) throw new Error("it refers to data outside of it");
        return stack.push(persistent(id));
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
    if (known !== undefined) return this.#stack.push(known);
    if (this.#options.inert?.(full)) return this.#stack.push(new Inert(full, []));
    throw this.#refuse(`the name "${`${module}.${name}`.slice(0, 200)}"`);
  }

  #call(): void {
    const args = this.#stack.pop();
    const callee = this.#stack.pop();
    if (!(args instanceof Tuple)) throw new Error(`arguments are ${describeValue(args)}`);
    if (callee instanceof Known) return this.#stack.push(callee.call(args.items));
    if (callee instanceof Inert) return this.#stack.push(new Inert(callee.className, args.items));
    throw new Error(`${describeValue(callee)} is called`);
  }

  #build(): void {
    const state = this.#stack.pop();
    const target = this.#stack.top();
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

  #recall(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined) throw new Error(`nothing was remembered under ${index}`);
    this.#stack.push(value);
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
