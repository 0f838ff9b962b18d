import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { AppError } from "../errors.ts";
import type { ArtifactStore, StoredFile } from "../storage/artifact-store.ts";
import type { DiskStore } from "../storage/disk.ts";
import type { Access } from "./access.ts";
import { SERVER_ROUTES } from "./descriptions.ts";

/** Path under which stored files are served. */
const FILES = "/files";

/** The path of a stored file on this server, with the signature that opens it where a key is needed. */
export function filePath(key: string, access: Access): string {
  const signature = access.signature(key);
  const path = `${FILES}/${key.split("/").map(encodeURIComponent).join("/")}`;
  return signature === undefined ? path : `${path}?signature=${signature}`;
}

/** Where stored files can be. */
export type FileStores = { disk(): Promise<DiskStore>; readonly bucket: ArtifactStore | undefined };

/** Serves what lies on the disk, whole or in ranges, as long as it lives; leads on to what lies in the bucket. */
export function serveFiles(app: FastifyInstance, stores: FileStores, access: Access): void {
  const answer = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const key = (request.params as Record<string, string>)["*"] ?? "";
    access.checkSignature(request, key, (request.query as Record<string, unknown>)["signature"]);
    return answerStored(request, reply, key, stores);
  };
  app.route({
    method: "GET",
    url: `${FILES}/*`,
    config: { open: true, describe: SERVER_ROUTES.files },
    handler: answer,
    exposeHeadRoute: true,
  });
}

/**
 * Answers with a stored file, whole or in ranges, or leads on to it where it lies in the bucket.
 * @param name that it is to be saved under; default its own
 * @throws AppError `not_found`
 */
export async function answerStored(
  request: FastifyRequest,
  reply: FastifyReply,
  key: string,
  stores: FileStores,
  name?: string,
): Promise<FastifyReply> {
  const store = await stores.disk();
  const file = await findStored(store, key);
  if (file) return sendStored(request, reply, file, store, name);
  const elsewhere = stores.bucket && (await findStored(stores.bucket, key));
  if (!elsewhere) throw new AppError("not_found", "There is no such file, or it has expired.");
  return reply.redirect(elsewhere.url, 302);
}

/** What a store knows of a key; undefined where there is nothing, or nothing any more. */
export async function findStored(store: ArtifactStore, key: string): Promise<StoredFile | undefined> {
  try {
    return await store.stat(key);
  } catch (error) {
    // A key that cannot be one is that of a file that is not there.
    if (error instanceof AppError && (error.code === "not_found" || error.code === "invalid_input")) return undefined;
    throw error;
  }
}

/** Sends a file of the disk, whole or the range that is asked for, or that the caller has it already. */
export async function sendStored(
  request: FastifyRequest,
  reply: FastifyReply,
  file: StoredFile,
  store: DiskStore,
  name: string = file.key.split("/").at(-1) ?? "file",
): Promise<FastifyReply> {
  const etag = `"${file.sha256}"`;
  const left = file.expiresAt === null ? 31_536_000 : Math.max(0, Math.floor((file.expiresAt - Date.now()) / 1000));
  void reply
    .header("etag", etag)
    .header("accept-ranges", "bytes")
    .header("cache-control", `private, max-age=${left}`)
    .header("content-disposition", disposition(name))
    .header("x-content-type-options", "nosniff")
    .type(file.mime);
  const { range, "if-none-match": known, "if-range": ifRange } = request.headers;
  if (known === "*" || known?.split(",").some((tag) => tag.trim().replace(/^W\//, "") === etag)) {
    return reply.code(304).send();
  }
  const wanted =
    range === undefined || (ifRange !== undefined && ifRange !== etag) ? undefined : readRange(range, file);
  if (wanted === "unsatisfiable") {
    return reply.code(416).header("content-range", `bytes */${file.bytes}`).removeHeader("content-disposition").send();
  }
  const { start, end } = wanted ?? { start: 0, end: file.bytes - 1 };
  void reply.header("content-length", String(Math.max(0, end - start + 1)));
  if (wanted) void reply.code(206).header("content-range", `bytes ${start}-${end}/${file.bytes}`);
  // For HEAD the framework opens the stream and sends nothing of it.
  return reply.send(await store.open(file.key, { start, end }));
}

/** The one range of bytes that a header asks for; several at once, or what is no range, count as none. */
function readRange(
  header: string,
  { bytes }: StoredFile,
): { start: number; end: number } | "unsatisfiable" | undefined {
  const [, first = "", last = ""] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header.trim()) ?? [];
  if (first === "" && last === "") return undefined;
  const start = first === "" ? Math.max(0, bytes - Number(last)) : Number(first);
  const end = first === "" || last === "" ? bytes - 1 : Math.min(Number(last), bytes - 1);
  if (first !== "" && last !== "" && Number(last) < start) return undefined;
  return start >= bytes || (first === "" && Number(last) === 0) ? "unsatisfiable" : { start, end };
}

/** The name as a header can carry it: ASCII for old clients, UTF-8 for the others. */
function disposition(name: string): string {
  const plain = name.replace(/[^\x20-\x7e]|["\\]/g, "_");
  const encoded = encodeURIComponent(name).replace(/['()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16)}`);
  return `inline; filename="${plain}"; filename*=UTF-8''${encoded}`;
}
