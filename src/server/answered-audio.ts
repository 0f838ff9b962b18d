import { once } from "node:events";
import type { JobResult } from "../../handler/index.ts";
import { AppError } from "../errors.ts";
import type { FileStores } from "./files.ts";

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
