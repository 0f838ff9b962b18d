/** The fields of the messages that ONNX files are made of, as protobuf lays them out: read one by one, large ones not at all. */

import type { ByteSource } from "./byte-source.ts";
import { unusable } from "./unusable.ts";

/** A field of a message: a number, or where its bytes lie. */
export type Field = {
  readonly number: number;
  /** Of a varint; 0 for others. */
  readonly value: number;
  /** Where its content lies, and how many bytes that is; −1 for a number. */
  readonly at: number;
  readonly length: number;
  /** Where all of it lies. */
  readonly from: number;
  readonly to: number;
};

/** Longest tag and length of a field together. */
const HEAD_BYTES = 20;
/** Kinds of fields. */
const VARINT = 0;
const BYTES = 2;
/** Bytes of numbers that are always as long. */
const FIXED: Readonly<Record<number, number>> = { 1: 8, 5: 4 };

/**
 * The fields of a message, one after the other; the bytes of long ones are not read.
 * @throws AppError `model_unusable` for what is no such message, or not all of one
 */
export function* fieldsOf(source: ByteSource, from: number, to: number): Generator<Field, void> {
  for (let at = from; at < to; ) {
    const head = source.readSync(at, Math.min(HEAD_BYTES, to - at));
    const tag = varint(source, head, 0);
    const number = Math.floor(tag.value / 8);
    const wire = tag.value % 8;
    const fixed = FIXED[wire];
    if (number === 0 || (fixed === undefined && wire !== VARINT && wire !== BYTES)) throw broken(source);
    const { value, next } = fixed === undefined ? varint(source, head, tag.next) : { value: 0, next: tag.next };
    const length = wire === BYTES ? value : -1;
    const end = at + next + (fixed ?? Math.max(0, length));
    if (end > to) throw broken(source);
    yield { number, value: wire === VARINT ? value : 0, at: at + next, length, from: at, to: end };
    at = end;
  }
}

/** The fields of a field that is a message. */
export function within(source: ByteSource, { at, length }: Field): readonly Field[] {
  return length < 0 ? [] : [...fieldsOf(source, at, at + length)];
}

/** Numbers of a repeated field, packed or one by one. */
export function numbersOf(source: ByteSource, { at, length, value }: Field): number[] {
  if (length < 0) return [value];
  const bytes = source.readSync(at, length);
  const numbers: number[] = [];
  for (let i = 0; i < bytes.length; ) {
    const read = varint(source, bytes, i);
    numbers.push(read.value);
    i = read.next;
  }
  return numbers;
}

/** A field's text; its first 1000 bytes. */
export function textOf(source: ByteSource, { at, length }: Field): string {
  return length > 0 ? source.readSync(at, Math.min(length, 1000)).toString("utf8") : "";
}

function varint(source: ByteSource, bytes: Buffer, from: number): { value: number; next: number } {
  let value = 0;
  for (let i = from, scale = 1; i < bytes.length && i < from + 10; i++, scale *= 128) {
    const byte = bytes[i] as number;
    value += (byte % 128) * scale;
    if (byte < 128) return { value, next: i + 1 };
  }
  throw broken(source);
}

function broken(source: ByteSource): Error {
  return unusable(source.name, "it is no whole ONNX file", "Download it again.");
}
