import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import type { PutObjectCommandInput, S3Client, UploadPartCommandInput } from "@aws-sdk/client-s3";
import { AppError } from "../../errors.ts";
import { S3_PARTS_AT_ONCE, S3_PART_BYTES } from "../../limits/storage.ts";
import type { FileDigest } from "../hash-file.ts";
import type { BucketClient, Connection } from "./bucket-client.ts";
import { asBucketError, BucketFault, faultCode } from "./fault.ts";

/** What is uploaded, and what the object says of itself. */
export type UploadRequest = {
  readonly source: string | Uint8Array;
  readonly digest: FileDigest;
  readonly target: Pick<PutObjectCommandInput, "Bucket" | "Key" | "ContentType" | "ContentDisposition" | "Metadata">;
  readonly signal?: AbortSignal | undefined;
  /** Bytes that the bucket has so far. Never falls, ends at the size. */
  readonly onProgress?: ((sentBytes: number) => void) | undefined;
};

/**
 * Sends a file in one piece, or in parts where it is larger than one. The bucket checks every piece by its SHA-256, and
 * what it answers is checked here. After a failure or an abort nothing of it is left there.
 *
 * @throws AppError storage_failed, cancelled
 */
export async function upload(client: BucketClient, request: UploadRequest): Promise<void> {
  try {
    if (request.digest.bytes <= S3_PART_BYTES) await sendWhole(client, request);
    else await sendParts(client, request);
  } catch (error) {
    throw asBucketError(error);
  }
  request.onProgress?.(request.digest.bytes);
}

async function sendWhole(client: BucketClient, { source, digest, target, signal }: UploadRequest): Promise<void> {
  const body = typeof source === "string" ? await readFile(source, signal ? { signal } : {}) : source;
  const sha256 = Buffer.from(digest.sha256, "hex").toString("base64");
  const answer = await client.attempt(
    async ({ sdk, s3 }, options) =>
      s3.send(
        new sdk.PutObjectCommand({ ...target, Body: body, ContentLength: digest.bytes, ChecksumSHA256: sha256 }),
        options,
      ),
    signal,
  );
  if (answer.ChecksumSHA256 !== undefined) return assertSame(answer.ChecksumSHA256, sha256);
  // A server without such checksums answers the MD5 as the entity's tag, unless it encrypts.
  const tag = /^"([0-9a-f]{32})"$/.exec(answer.ETag ?? "")?.[1];
  if (tag !== undefined && answer.ServerSideEncryption === undefined) {
    assertSame(tag, createHash("md5").update(body).digest("hex"));
  }
}

async function sendParts(client: BucketClient, request: UploadRequest): Promise<void> {
  const [connection, { Upload }] = await Promise.all([client.connect(), import("./aws-upload.ts")]);
  const sender = new PartSender(client, connection, request);
  const { source, digest, target, signal } = request;
  const body = typeof source === "string" ? createReadStream(source, { highWaterMark: 1 << 20 }) : Buffer.from(source);
  const transfer = new Upload({
    client: sender.asClient(),
    params: { ...target, Body: body, ContentLength: digest.bytes, ChecksumAlgorithm: "SHA256" },
    partSize: S3_PART_BYTES,
    queueSize: S3_PARTS_AT_ONCE,
  });
  const stop = (): void => void transfer.abort();
  signal?.addEventListener("abort", stop, { once: true });
  try {
    signal?.throwIfAborted();
    await transfer.done();
  } catch (error) {
    sender.stop();
    await sender.removeParts();
    throw signal?.aborted ? signal.reason : (sender.failure ?? error);
  } finally {
    signal?.removeEventListener("abort", stop);
    if (!Buffer.isBuffer(body)) body.destroy();
  }
}

/**
 * Stands between lib-storage and the client: each request is tried again by itself and ends with the upload, parts are
 * digested as they pass, and what a failed upload left is known.
 */
class PartSender {
  readonly #client: BucketClient;
  readonly #connection: Connection;
  readonly #request: UploadRequest;
  readonly #stopped = new AbortController();
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #partDigests = new Map<number, Buffer>();
  #uploadId: string | undefined;
  #sentBytes = 0;
  /** Why the upload failed: of the requests that fail after it, each says only that it was stopped. */
  failure: unknown;

  constructor(client: BucketClient, connection: Connection, request: UploadRequest) {
    this.#client = client;
    this.#connection = connection;
    this.#request = request;
  }

  /** What lib-storage needs of a client: its settings, and a way to send. */
  asClient(): S3Client {
    const send = async (command: { readonly input: object }): Promise<unknown> => {
      const sent = this.#send(command);
      this.#underWay.add(sent);
      try {
        return await sent;
      } catch (error) {
        // The other parts would go on, each with all its attempts.
        this.failure ??= error;
        this.stop();
        throw error;
      } finally {
        this.#underWay.delete(sent);
      }
    };
    return { config: this.#connection.s3.config, send } as unknown as S3Client;
  }

  stop(): void {
    this.#stopped.abort();
  }

  /** Waits for what is under way, and takes the upload's parts back. */
  async removeParts(): Promise<void> {
    await Promise.allSettled(this.#underWay);
    const { Bucket, Key } = this.#request.target;
    const UploadId = this.#uploadId;
    if (UploadId === undefined) return;
    // Not under the caller's signal: that it was aborted is why this runs. Lost, the bucket's rules do it in a day.
    await this.#client
      .attempt(async ({ sdk, s3 }) => s3.send(new sdk.AbortMultipartUploadCommand({ Bucket, Key, UploadId })))
      .catch(() => undefined);
  }

  async #send(command: { readonly input: object }): Promise<unknown> {
    const { sdk } = this.#connection;
    if (command instanceof sdk.UploadPartCommand) return this.#sendPart(command.input);
    if (command instanceof sdk.CompleteMultipartUploadCommand) return this.#complete(command.input);
    const signal = this.#signal();
    const answer = await this.#client.attempt(
      async ({ s3 }, options) => s3.send(command as never, options) as Promise<{ readonly UploadId?: string }>,
      // lib-storage takes parts back itself when one fails; that must not be stopped with the rest.
      command instanceof sdk.AbortMultipartUploadCommand ? undefined : signal,
    );
    if (command instanceof sdk.CreateMultipartUploadCommand) this.#uploadId = answer.UploadId;
    if (command instanceof sdk.AbortMultipartUploadCommand) this.#uploadId = undefined;
    return answer;
  }

  async #sendPart(input: UploadPartCommandInput): Promise<unknown> {
    const body = input.Body as Buffer;
    const digest = createHash("sha256").update(body).digest();
    const ChecksumSHA256 = digest.toString("base64");
    const answer = await this.#client.attempt(
      async ({ sdk, s3 }, options) => s3.send(new sdk.UploadPartCommand({ ...input, ChecksumSHA256 }), options),
      this.#signal(),
    );
    if (answer.ChecksumSHA256 !== undefined) assertSame(answer.ChecksumSHA256, ChecksumSHA256);
    this.#partDigests.set(input.PartNumber ?? 0, digest);
    this.#sentBytes += body.length;
    this.#request.onProgress?.(this.#sentBytes);
    return answer;
  }

  async #complete(input: object): Promise<unknown> {
    const { Bucket, Key } = this.#request.target;
    let tries = 0;
    try {
      const answer = await this.#client.attempt(async ({ sdk, s3 }, options) => {
        tries++;
        return s3.send(new sdk.CompleteMultipartUploadCommand({ ...input, Bucket, Key } as never), options);
      }, this.#signal());
      const parts = [...this.#partDigests].toSorted(([a], [b]) => a - b).map(([, digest]) => digest);
      const whole = createHash("sha256").update(Buffer.concat(parts)).digest("base64");
      const answered = answer.ChecksumSHA256?.replace(/-\d+$/, "");
      if (answered !== undefined) assertSame(answered, whole);
      this.#uploadId = undefined;
      return answer;
    } catch (error) {
      // It was done, and the answer was lost on the way.
      if (tries > 1 && faultCode(error) === "NoSuchUpload" && (await this.#isThere())) {
        this.#uploadId = undefined;
        return {};
      }
      throw error;
    }
  }

  async #isThere(): Promise<boolean> {
    const { Bucket, Key, Metadata } = this.#request.target;
    const found = await this.#client.attempt(
      async ({ sdk, s3 }, options) => s3.send(new sdk.HeadObjectCommand({ Bucket, Key }), options),
      this.#signal(),
    );
    const same = Object.entries(Metadata ?? {}).every(([name, value]) => found.Metadata?.[name] === value);
    return same && found.ContentLength === this.#request.digest.bytes;
  }

  #signal(): AbortSignal {
    const { signal } = this.#request;
    return signal ? AbortSignal.any([signal, this.#stopped.signal]) : this.#stopped.signal;
  }
}

function assertSame(answered: string, sent: string): void {
  if (answered === sent) return;
  throw new AppError("storage_failed", "The bucket holds other bytes than it was sent. Try again.", {
    cause: new BucketFault("ChecksumMismatch"),
  });
}
