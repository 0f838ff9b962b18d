import { once } from "node:events";
import { Readable } from "node:stream";
import type { FastifyReply } from "fastify";
import type { JobResult } from "../../handler/index.ts";
import { AppError } from "../errors.ts";
import { encodedLength } from "../storage/inline.ts";
import type { FileStores } from "./files.ts";

/** Bytes that are encoded between two turns of the event loop; three at a time make four characters. */
const SLICE = 3 << 16;

/** The sound of a job, wherever it was delivered: in the answer, or for its size in a store. @throws AppError `not_found` */
export async function answeredAudio({ artifacts }: JobResult, files: FileStores): Promise<Buffer> {
  const { bucket } = files;
  const audio = artifacts.find(({ kind }) => kind === "audio");
  if (!audio) throw new AppError("internal", "The job made no sound.");
  if (audio.base64 !== undefined) return Buffer.from(audio.base64, "base64");
  const store = await files.disk();
  const onDisk = await store.stat(audio.key).then(
    () => true,
    () => false,
  );
  const holder = onDisk || !bucket ? store : bucket;
  const stream = await holder.open(audio.key);
  const pieces: Buffer[] = [];
  stream.on("data", (piece: Buffer) => pieces.push(piece));
  await once(stream, "end");
  return Buffer.concat(pieces);
}

/** Answers an object whose first field is a file as base64, which is encoded as it is sent. @param rest at least one field */
export function sendWithBase64(reply: FastifyReply, field: string, file: Buffer, rest: object): FastifyReply {
  const head = `{"${field}":"`;
  const tail = `",${JSON.stringify(rest).slice(1)}`;
  const length = head.length + encodedLength(file.length) + Buffer.byteLength(tail);
  void reply.type("application/json; charset=utf-8").header("content-length", String(length));
  return reply.send(Readable.from(encoded(head, file, tail), { objectMode: false }));
}

function* encoded(head: string, file: Buffer, tail: string): Generator<Buffer> {
  yield Buffer.from(head);
  for (let at = 0; at < file.length; at += SLICE) {
    yield Buffer.from(file.subarray(at, at + SLICE).toString("base64"), "latin1");
  }
  yield Buffer.from(tail);
}
