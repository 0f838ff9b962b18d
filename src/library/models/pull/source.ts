import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { AppError, toAppError } from "../../../errors.ts";
import { rangedGet } from "../../../net/ranged-get.ts";
import type { BucketClient } from "../../../storage/s3/bucket-client.ts";
import { asBucketError } from "../../../storage/s3/fault.ts";
import { readObjectRange } from "../../../storage/s3/read-range.ts";

/** What was read of a file so far, and of which content it was. */
export type ResumePoint = {
  readonly from: number;
  /** A tag that changes with the content. */
  readonly tag?: string | undefined;
};

/** A file that is being read. */
export type OpenedSource = AsyncDisposable & {
  /** First byte of what follows: 0 where the server sends all anew, as the file has changed or it cannot go on. */
  readonly from: number;
  /** Bytes of the whole file, where that is said. */
  readonly total: number | undefined;
  readonly tag: string | undefined;
  /** What its publisher says of its content. */
  readonly sha256: string | undefined;
  readonly body: AsyncIterable<Buffer>;
};

/** Where a file can be had. */
export type ModelSource = {
  /** As people write it; without secrets. */
  readonly text: string;
  /** Last part of its path. */
  readonly file: string;
  /**
   * @throws AppError `download_failed`, `timeout` and `too_many_requests` for trouble that may pass; `not_found`,
   *   `unauthorized`, `url_refused` and `invalid_input` for what will not; `cancelled`
   */
  open(point: ResumePoint, signal: AbortSignal): Promise<OpenedSource>;
};

export type SourceSettings = {
  readonly huggingFace: { readonly endpoint: string; readonly token: string };
  /** A client for a bucket, with the deployment's key. @throws AppError `invalid_input` where there is no key */
  readonly bucket: (name: string) => BucketClient;
};

/** A source as a manifest or a person writes it. @throws AppError `invalid_input` for any other text */
export function parseSource(text: string, settings: SourceSettings): ModelSource {
  const trimmed = text.trim();
  if (/^https?:\/\//i.test(trimmed)) return urlSource(trimmed, trimmed);
  if (trimmed.startsWith("hf:")) return huggingFaceSource(trimmed, settings.huggingFace);
  if (trimmed.startsWith("s3://")) return bucketSource(trimmed, settings.bucket);
  if (trimmed.startsWith("file:")) return fileSource(trimmed);
  throw new AppError(
    "invalid_input",
    `"${shown(trimmed)}" is no source. Give https://…, hf:owner/repo/path@revision, s3://bucket/key or file:/path.`,
  );
}

/** Whether a text is meant as a source, not as a name. */
export function looksLikeSource(text: string): boolean {
  return /^(https?:\/\/|hf:|s3:\/\/|file:)/i.test(text);
}

/** A file below a place: a URL's folder, a repository, a bucket's folder, a folder. */
export function sourceBelow(place: string, file: string): string {
  if (place.startsWith("hf:")) {
    const [path, revision] = splitRevision(place);
    return `${path.replace(/\/+$/, "")}/${file}${revision === undefined ? "" : `@${revision}`}`;
  }
  return `${place.replace(/\/+$/, "")}/${file}`;
}

function urlSource(text: string, url: string, token?: string): ModelSource {
  const path = URL.parse(url)?.pathname ?? "";
  return {
    // A presigned URL carries its signature in the query.
    text: text.split("?")[0] ?? text,
    file: decodeURIComponent(basename(path)),
    open: (point, signal) => openUrl(url, point, token, signal),
  };
}

/** `hf:owner/repo/path@revision`: the layout that Hugging Face and its mirrors have. */
function huggingFaceSource(text: string, { endpoint, token }: SourceSettings["huggingFace"]): ModelSource {
  const [place, revision = "main"] = splitRevision(text);
  const [owner = "", repository = "", ...path] = place.slice("hf:".length).split("/");
  const parts = [owner, repository, ...path];
  if (path.length === 0 || parts.some((part) => part === "" || part === "." || part === "..")) {
    throw new AppError(
      "invalid_input",
      `"${shown(text)}" is no file on Hugging Face. Give hf:owner/repo/path@revision.`,
    );
  }
  const encoded = path.map(encodeURIComponent).join("/");
  const url = `${endpoint.replace(/\/+$/, "")}/${owner}/${repository}/resolve/${encodeURIComponent(revision)}/${encoded}`;
  return urlSource(text, url, token === "" ? undefined : token);
}

function splitRevision(text: string): [string, string?] {
  const at = text.lastIndexOf("@");
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

async function openUrl(
  url: string,
  point: ResumePoint,
  token: string | undefined,
  signal: AbortSignal,
): Promise<OpenedSource> {
  const { from, tag } = point;
  // A weak tag may stand for other bytes.
  const ifRange = tag?.startsWith("W/") ? undefined : tag;
  const answer = await rangedGet(url, { from, ifRange, token, signal });
  try {
    const { status } = answer;
    const newTag = answer.header("etag") ?? answer.header("last-modified");
    const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(answer.header("content-range") ?? "");
    const partial = status === 206 && range !== null;
    const changed = partial && tag !== undefined && newTag !== tag;
    if (from > 0 && (status === 416 || (status === 206 && (Number(range?.[1]) !== from || changed)))) {
      await answer[Symbol.asyncDispose]();
      return await openUrl(url, { from: 0 }, token, signal);
    }
    if (status !== 200 && !partial) throw refusal(status, answer.header("retry-after"), token !== undefined);
    const coding = answer.header("content-encoding")?.toLowerCase() ?? "identity";
    if (coding !== "identity")
      throw new AppError("url_refused", "The server sends compressed content. Offer the plain file.");
    const announced = partial ? range[2] : answer.header("content-length");
    const total = announced === undefined || announced === "*" ? undefined : Number(announced);
    const linked = /^"?([0-9a-f]{64})"?$/.exec(answer.firstHeader("x-linked-etag") ?? "");
    return {
      from: partial ? from : 0,
      total: total !== undefined && Number.isSafeInteger(total) ? total : undefined,
      tag: newTag,
      sha256: linked?.[1],
      body: answer.body,
      [Symbol.asyncDispose]: () => answer[Symbol.asyncDispose](),
    };
  } catch (error) {
    await answer[Symbol.asyncDispose]();
    throw error;
  }
}

/** A refusal that carries how long the server wants to be left alone. */
export class Busy extends AppError {
  readonly afterMs: number | undefined;

  constructor(message: string, afterMs: number | undefined) {
    super("too_many_requests", message);
    this.afterMs = afterMs;
  }
}

function refusal(status: number, retryAfter: string | undefined, hadToken: boolean): AppError {
  if (status === 401 || status === 403) {
    const remedy = hadToken
      ? "HF_TOKEN does not allow it: accept the model's terms on its page."
      : "Set HF_TOKEN, if it is on Hugging Face.";
    return new AppError("unauthorized", `The server does not give the file to everybody (${status}). ${remedy}`);
  }
  if (status === 404 || status === 410) return new AppError("not_found", `The file is not there any more (${status}).`);
  if (status === 429 || status === 503) {
    const seconds = Number(retryAfter);
    return new Busy(`The server is busy (${status}).`, Number.isFinite(seconds) ? seconds * 1000 : undefined);
  }
  if (status === 408 || status >= 500) return new AppError("download_failed", `The server answered ${status}.`);
  return new AppError("url_refused", `The server answered ${status}.`);
}

function bucketSource(text: string, client: SourceSettings["bucket"]): ModelSource {
  const [, bucket = "", key = ""] = /^s3:\/\/([^/]+)\/(.+)$/.exec(text) ?? [];
  if (key === "") throw new AppError("invalid_input", `"${shown(text)}" is no object. Give s3://bucket/key.`);
  return {
    text,
    file: basename(key),
    async open({ from, tag }, signal) {
      const connection = client(bucket);
      try {
        const found = await readObjectRange(connection, key, { from, tag }, signal);
        const { from: start, total, tag: newTag, body } = found;
        return {
          from: start,
          total,
          tag: newTag,
          sha256: undefined,
          body: asBucketTrouble(body),
          async [Symbol.asyncDispose]() {
            body.destroy();
            connection[Symbol.dispose]();
          },
        };
      } catch (error) {
        connection[Symbol.dispose]();
        throw bucketTrouble(error);
      }
    },
  };
}

async function* asBucketTrouble(body: AsyncIterable<unknown>): AsyncGenerator<Buffer, void> {
  try {
    for await (const piece of body as AsyncIterable<Buffer>) yield piece;
  } catch (error) {
    throw bucketTrouble(error);
  }
}

/** A bucket's trouble is `storage_failed` elsewhere, where it is what outputs go to. */
function bucketTrouble(error: unknown): AppError {
  const known = asBucketError(error);
  return known.code === "storage_failed"
    ? new AppError("download_failed", known.message, { cause: known.cause })
    : known;
}

function fileSource(text: string): ModelSource {
  const path = text.startsWith("file://") ? fileURLToPath(text) : text.slice("file:".length);
  return {
    text,
    file: basename(path),
    async open({ from, tag }, signal) {
      const found = await stat(path).catch(() => undefined);
      if (!found?.isFile()) {
        throw new AppError(
          "not_found",
          `There is no file ${path}. If it is called otherwise there, name the file itself.`,
        );
      }
      const newTag = `${found.size}-${found.mtimeMs}`;
      const start = tag === newTag && from <= found.size ? from : 0;
      const body = createReadStream(path, { start, highWaterMark: 1 << 20, signal });
      return {
        from: start,
        total: found.size,
        tag: newTag,
        sha256: undefined,
        body: asFileTrouble(body),
        async [Symbol.asyncDispose]() {
          body.destroy();
        },
      };
    },
  };
}

async function* asFileTrouble(body: AsyncIterable<unknown>): AsyncGenerator<Buffer, void> {
  try {
    for await (const piece of body as AsyncIterable<Buffer>) yield piece;
  } catch (error) {
    const known = toAppError(error);
    throw known.code === "cancelled"
      ? known
      : new AppError("download_failed", "The file could not be read.", { cause: error });
  }
}

function shown(text: string): string {
  return (text.split("?")[0] ?? "").slice(0, 100);
}
