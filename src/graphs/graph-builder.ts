import { stopInput } from "../inference/stop-input.ts";
import {
  type Attribute,
  describeShape,
  type Dim,
  type ElementType,
  elementsOf,
  type GraphNode,
  type Initializer,
  type Value,
} from "./onnx/types.ts";

/** Numbers that a graph computes with. */
export type Precision = "float32" | "float16";

/** A finished graph. */
export type Graph = {
  readonly name: string;
  readonly opset: number;
  readonly nodes: readonly GraphNode[];
  readonly initializers: readonly Initializer[];
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  /** Every value that a node makes, for dumps and viewers. */
  readonly values: readonly Value[];
};

/** The opset of every graph of ours. */
const OPSET = 17;

/**
 * Puts a graph together, node by node. Each layer says what shape it makes, so that a weight that does not fit is
 * noticed where it is used and not when the graph runs. Nodes are named after the checkpoint's keys (`scope`).
 */
export class GraphBuilder {
  readonly name: string;
  readonly precision: Precision;
  readonly #nodes: GraphNode[] = [];
  readonly #initializers = new Map<string, Initializer>();
  readonly #inputs: Value[] = [];
  readonly #outputs: Value[] = [];
  readonly #values: Value[] = [];
  readonly #names = new Map<string, number>();
  readonly #scope: string[] = [];

  constructor(name: string, precision: Precision = "float32") {
    this.name = name;
    this.precision = precision;
  }

  input(name: string, type: ElementType, shape: readonly Dim[]): Value {
    const value = { name: this.#unique(name), type, shape };
    this.#inputs.push(value);
    return value;
  }

  /** Makes a value an output under a name of its own. */
  output(name: string, value: Value): void {
    const out = { ...value, name: this.#unique(name) };
    this.#nodes.push({
      op: "Identity",
      name: `output/${name}`,
      inputs: [value.name],
      outputs: [out.name],
      attributes: {},
    });
    this.#outputs.push(out);
  }

  /** Names what `make` adds after a part of the checkpoint. */
  scope<T>(name: string, make: () => T): T {
    this.#scope.push(name);
    try {
      return make();
    } finally {
      this.#scope.pop();
    }
  }

  /**
   * Passes a value on, at a place where a run can be stopped: see `src/inference/stop-input.ts`, which feeds the input that
   * this needs. In float16 there is none: runs on GPUs are short, and not all of their runtimes take such an input.
   */
  stoppable(value: Value): Value {
    if (this.precision !== "float32") return value;
    const rank = value.shape.length;
    const name = stopInput(rank);
    const input = this.#inputs.find((known) => known.name === name) ?? this.input(name, "int64", [rank]);
    return this.node("Reshape", [value, input], value);
  }

  /** Adds a node that makes one value. */
  node(
    op: string,
    inputs: readonly (Value | undefined)[],
    made: { readonly type?: ElementType; readonly shape: readonly Dim[] },
    attributes: Readonly<Record<string, Attribute>> = {},
  ): Value {
    const type = made.type ?? inputs[0]?.type ?? this.precision;
    return this.nodes(op, inputs, [{ type, shape: made.shape }], attributes)[0] as Value;
  }

  /** Adds a node that makes several values. */
  nodes(
    op: string,
    inputs: readonly (Value | undefined)[],
    made: readonly { readonly type: ElementType; readonly shape: readonly Dim[] }[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): Value[] {
    const name = this.#unique([...this.#scope, op].join("/"));
    const outputs = made.map((value, i) => ({ ...value, name: i === 0 ? `${name}:out` : `${name}:out${i}` }));
    this.#nodes.push({
      op,
      name,
      inputs: inputs.map((value) => value?.name ?? ""),
      outputs: outputs.map((value) => value.name),
      attributes,
    });
    this.#values.push(...outputs);
    return outputs;
  }

  /**
   * A weight, by its name in the checkpoint; asked for twice it is there once.
   * @param bytes its elements, in the type that is said
   */
  weight(name: string, type: ElementType, shape: readonly number[], bytes: () => Promise<Uint8Array>): Value {
    const known = this.#initializers.get(name);
    if (known) {
      if (known.type === type && describeShape(known.shape) === describeShape(shape)) return known;
      throw new Error(`weight ${name} is used as ${describeShape(known.shape)} and as ${describeShape(shape)}`);
    }
    const value = { name, type, shape, bytes };
    this.#initializers.set(name, value);
    return value;
  }

  /** Numbers that are part of the graph itself. */
  constant(
    name: string,
    type: "float32" | "int64" | "float16",
    shape: readonly number[],
    values: readonly number[],
  ): Value {
    if (elementsOf(shape) !== values.length) throw new Error(`constant ${name} is ${describeShape(shape)}`);
    const typed =
      type === "int64"
        ? BigInt64Array.from(values, BigInt)
        : type === "float16"
          ? Float16Array.from(values)
          : Float32Array.from(values);
    const bytes = new Uint8Array(typed.buffer);
    return this.weight(this.#unique(`constant/${[...this.#scope, name].join("/")}`), type, shape, async () => bytes);
  }

  finish(): Graph {
    const used = new Set(this.#nodes.flatMap(({ inputs }) => inputs));
    const { name } = this;
    return {
      name,
      opset: OPSET,
      nodes: [...this.#nodes],
      initializers: [...this.#initializers.values()].filter((weight) => used.has(weight.name)),
      inputs: [...this.#inputs],
      outputs: [...this.#outputs],
      values: [...this.#values],
    };
  }

  #unique(name: string): string {
    const count = this.#names.get(name) ?? 0;
    this.#names.set(name, count + 1);
    return count === 0 ? name : `${name}#${count}`;
  }
}
