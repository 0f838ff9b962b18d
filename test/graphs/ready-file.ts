import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { formula } from "./formula.ts";

/** Fields of the messages of `onnx/onnx.proto` that are gone into. */
const MODEL_GRAPH = 7;
const GRAPH_WEIGHT = 5;
const TENSOR = { sides: 1, name: 8, raw: 9 } as const;

type Field = { readonly number: number; readonly whole: Buffer; readonly bytes: Buffer; readonly value: number };

/** A graph that PyTorch exported (tools/graph-goldens/ready.py), with the weights of the formula in it. */
export function readyFile(name: string): Buffer {
  const model = gunzipSync(readFileSync(join(import.meta.dirname, "fixtures", `ready-${name}.onnx.gz`)));
  return replaced(model, MODEL_GRAPH, (graph) => replaced(graph, GRAPH_WEIGHT, filled));
}

function filled(tensor: Buffer): Buffer {
  const shape: number[] = [];
  let name = "";
  for (const { number, bytes, value } of fieldsOf(tensor)) {
    if (number === TENSOR.raw) return tensor;
    if (number === TENSOR.sides) shape.push(value);
    if (number === TENSOR.name) name = bytes.toString();
  }
  const values = formula(name, shape);
  return Buffer.concat([tensor, field(TENSOR.raw, Buffer.from(values.buffer, values.byteOffset, values.byteLength))]);
}

/** A message with every field of a number changed. */
function replaced(message: Buffer, number: number, change: (bytes: Buffer) => Buffer): Buffer {
  return Buffer.concat(
    [...fieldsOf(message)].map((each) => (each.number === number ? field(number, change(each.bytes)) : each.whole)),
  );
}

function field(number: number, bytes: Buffer): Buffer {
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) + 128);
  }
}

function* fieldsOf(message: Buffer): Generator<Field, void> {
  for (let at = 0; at < message.length; ) {
    const begin = at;
    const next = (): number => {
      for (let value = 0, scale = 1; ; scale *= 128) {
        const byte = message[at++] as number;
        value += (byte % 128) * scale;
        if (byte < 128) return value;
      }
    };
    const tag = next();
    const fixed = ({ 1: 8, 5: 4 } as Readonly<Record<number, number>>)[tag % 8];
    const value = fixed === undefined ? next() : 0;
    const from = at;
    at += fixed ?? (tag % 8 === 2 ? value : 0);
    yield { number: Math.floor(tag / 8), whole: message.subarray(begin, at), bytes: message.subarray(from, at), value };
  }
}
