import { describeValue, type PickleValue } from "./values.ts";

/** What a pickle's opcodes work on: values, and marks between them. @throws Error where a pickle takes what is not there */
export class PickleStack {
  readonly #values: PickleValue[] = [];
  /** How many values lay below each mark. */
  readonly #marks: number[] = [];

  push(value: PickleValue): void {
    this.#values.push(value);
  }

  pop(): PickleValue {
    this.#need(1);
    return this.#values.pop() as PickleValue;
  }

  top(): PickleValue {
    this.#need(1);
    return this.#values.at(-1) as PickleValue;
  }

  /** The last so many, in the order in which they came. */
  take(count: number): PickleValue[] {
    this.#need(count);
    return this.#values.splice(-count);
  }

  mark(): void {
    this.#marks.push(this.#values.length);
  }

  /** All since the last mark, which goes with them. */
  popToMark(): PickleValue[] {
    const mark = this.#marks.pop();
    if (mark === undefined) throw new Error("a mark is missing");
    return this.#values.splice(mark);
  }

  /** The list on top. */
  list(): PickleValue[] {
    const list = this.top();
    if (!Array.isArray(list)) throw new Error(`something is appended to ${describeValue(list)}`);
    return list;
  }

  /** Sets items, keys and values by turns, in the dict on top. */
  setItems(items: readonly PickleValue[]): void {
    const dict = this.top();
    if (!(dict instanceof Map)) throw new Error(`an item is set in ${describeValue(dict)}`);
    if (items.length % 2 === 1) throw new Error("a key has no value");
    for (let i = 0; i < items.length; i += 2) dict.set(items[i], items[i + 1]);
  }

  #need(count: number): void {
    const floor = this.#marks.at(-1) ?? 0;
    if (this.#values.length - floor < count) throw new Error("its stack is empty");
  }
}
