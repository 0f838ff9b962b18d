/** Element types of values in a graph. */
export type ElementType = "float32" | "float16" | "uint8" | "int32" | "int64" | "bool";

/** ONNX's numbers for them (`TensorProto.DataType`), and bytes of one element. */
export const ELEMENT_TYPES: Readonly<Record<ElementType, { readonly code: number; readonly bytes: number }>> = {
  float32: { code: 1, bytes: 4 },
  uint8: { code: 2, bytes: 1 },
  int32: { code: 6, bytes: 4 },
  int64: { code: 7, bytes: 8 },
  bool: { code: 9, bytes: 1 },
  float16: { code: 10, bytes: 2 },
};

/** A side of a tensor: a number, or the name of one that is known when the graph runs. */
export type Dim = number | string;

/** A value in a graph: what a node makes, an input or a weight. */
export type Value = { readonly name: string; readonly type: ElementType; readonly shape: readonly Dim[] };

/** An attribute of a node. */
export type Attribute = number | string | readonly number[] | { readonly float: number };

/** A node of a graph. */
export type GraphNode = {
  /** ONNX's name, or `domain:name` for one of a runtime's own. */
  readonly op: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
};

/** A weight of a graph, made when the graph is written. */
export type Initializer = Value & {
  readonly shape: readonly number[];
  /** The elements in C order, little-endian. */
  readonly bytes: () => Promise<Uint8Array>;
};

/** Elements of a shape of numbers. */
export function elementsOf(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}

/** A shape as people write it. */
export function describeShape(shape: readonly Dim[]): string {
  return `[${shape.join(", ")}]`;
}
