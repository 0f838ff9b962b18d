/** What is in the file of a graph that others made: its weights and its nodes, as far as it has to be known to change it. */

import { type ByteSource, fromBuffer } from "../../checkpoints/byte-source.ts";
import { MODEL, NODE, TENSOR } from "../../checkpoints/onnx.ts";
import { type Field, fieldsOf, textOf, within } from "../../checkpoints/onnx-fields.ts";
import type { ReadyNode } from "./stop-places.ts";

/** Where a weight's bytes are in another file. */
const EXTERNAL = 1;
/** `AttributeProto`: g = 6, graphs = 11. */
const ATTRIBUTE_GRAPHS: readonly number[] = [6, 11];

/** A weight as the file has it: its fields, where its bytes lie if they have a field of their own, or are elsewhere. */
export type Weight = {
  readonly name: string;
  readonly fields: readonly Field[];
  readonly raw?: Field;
  readonly outside?: Outside;
};
type Outside = { readonly file: string; readonly offset: number; readonly length: number | undefined };

/** A weight of the graph. */
export function weightOf(source: ByteSource, weight: Field): Weight {
  const fields = within(source, weight);
  const raw = fields.find(({ number }) => number === TENSOR.raw);
  const name = fields.find(({ number }) => number === TENSOR.name);
  const outside = fields.some(({ number, value }) => number === TENSOR.location && value === EXTERNAL);
  return {
    name: name ? textOf(source, name) : "",
    fields,
    ...(raw ? { raw } : {}),
    ...(outside ? { outside: outsideOf(source, fields) } : {}),
  };
}

/** `StringStringEntryProto`: key = 1, value = 2. */
function outsideOf(source: ByteSource, fields: readonly Field[]): Outside {
  const said = new Map<string, string>();
  for (const entry of fields.filter(({ number }) => number === TENSOR.external)) {
    const [key, value] = [1, 2].map((wanted) => within(source, entry).find(({ number }) => number === wanted));
    if (key && value) said.set(textOf(source, key), textOf(source, value));
  }
  const length = said.get("length");
  return {
    file: said.get("location") ?? "",
    offset: Number(said.get("offset") ?? 0),
    length: length === undefined ? undefined : Number(length),
  };
}

/** A node of the graph. */
export function nodeOf(source: ByteSource, { at, length }: Field): ReadyNode {
  const node = fromBuffer(source.name, source.readSync(at, Math.max(0, length)));
  const fields = [...fieldsOf(node, 0, node.size)];
  const texts = (wanted: number): string[] =>
    fields.filter(({ number }) => number === wanted).map((field) => textOf(node, field));
  const domain = texts(NODE.domain).join("");
  const op = texts(NODE.op).join("");
  const nested = fields
    .filter(({ number }) => number === NODE.attribute)
    .some((attribute) => within(node, attribute).some(({ number }) => ATTRIBUTE_GRAPHS.includes(number)));
  return { op: domain === "" ? op : `${domain}:${op}`, inputs: texts(NODE.input), outputs: texts(NODE.output), nested };
}

/** The version of ONNX's own operators; 0 where it is not said. `OperatorSetIdProto`: domain = 1, version = 2. */
export function opsetOf(source: ByteSource, model: readonly Field[]): number {
  for (const opset of model.filter(({ number }) => number === MODEL.opset)) {
    const fields = within(source, opset);
    const domain = fields.find(({ number }) => number === 1);
    if (domain === undefined || domain.length === 0) return fields.find(({ number }) => number === 2)?.value ?? 0;
  }
  return 0;
}

/** The name of an input. `ValueInfoProto`: name = 1. */
export function nameOf(source: ByteSource, value: Field): string {
  const name = within(source, value).find(({ number }) => number === 1);
  return name ? textOf(source, name) : "";
}
