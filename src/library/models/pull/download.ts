import { type FileHandle, mkdir, open, readFile, rename, rm, stat, statfs, writeFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError, toAppError } from "../../../errors.ts";
import { MODEL_PULL } from "../../../limits/networks.ts";
import { digestFile } from "../../../storage/hash-file.ts";
import { claimFile } from "../../../storage/outbox/claim.ts";
import { md5OfEnd } from "./end-hash.ts";
import { Busy, type ModelSource, type OpenedSource } from "./source.ts";

/** What is known of a file before it is there; null for what is not. */
export type Expected = {
  readonly bytes: number | null;
  readonly sha256: string | null;
  /** MD5 of its last bytes, where its project says no more. */
  readonly end?: { readonly bytes: number; readonly md5: string } | undefined;
};

/** A file that is there now. */
export type Downloaded = {
  readonly bytes: number;
  readonly sha256: string;
  /** What its content was compared with: a manifest's hash, the publisher's, a hash of its end, its size, or nothing. */
  readonly verified: "manifest" | "publisher" | "end" | "size" | "nothing";
};

export type DownloadOptions = {
  readonly signal: AbortSignal;
  /** Bytes that are there, and how many there will be, where that is known. */
  readonly progress?: (bytes: number, total: number | undefined) => void;
  /** Said once when another process has the file. */
  readonly waiting?: () => void;
  /** How often and how long between; tests have their own. */
  readonly retry?: { readonly tries: number; readonly pauseMs: number; readonly longestPauseMs: number };
};

/** Beside a part: whose it is. */
type PartState = {
  readonly source: string;
  readonly tag?: string | undefined;
  readonly total?: number | undefined;
  readonly sha256?: string | undefined;
};

const PASSING = new Set(["download_failed", "timeout", "too_many_requests"]);

/**
 * Downloads a file to `target`. What has come is kept in `target.part` until the file is whole, compared and put in
 * place in one step; cut off or cancelled, the next call goes on from there if the source still has the same content. Of
 * several processes one downloads and the others wait.
 * @throws AppError `model_unusable` for content that is not what was expected; `storage_failed` where there is no space;
 *   `cancelled`; whatever the source says
 */
export async function downloadFile(
  source: ModelSource,
  target: string,
  expected: Expected,
  options: DownloadOptions,
): Promise<Downloaded> {
  const { signal, waiting } = options;
  try {
    await mkdir(dirname(target), { recursive: true });
    for (let first = true; ; first = false) {
      signal.throwIfAborted();
      await using claim = await claimFile(`${target}.lock`, MODEL_PULL.staleMs);
      if (!claim) {
        if (first) waiting?.();
        await sleep(MODEL_PULL.lookMs, undefined, { signal });
        continue;
      }
      if (!first && (await stat(target).catch(() => undefined))) return await compareExisting(target, expected, signal);
      const state = await receive(source, target, expected, options);
      return await putInPlace(target, expected, state, signal);
    }
  } catch (error) {
    throw asDownloadError(error, signal);
  }
}

/**
 * Compares a file that is there with what is expected of it.
 * @throws AppError `conflict` where it differs
 */
export async function compareExisting(target: string, expected: Expected, signal?: AbortSignal): Promise<Downloaded> {
  const { size } = await stat(target);
  const file = basename(target);
  const other = (what: string): AppError =>
    new AppError("conflict", `${file} is there already, and ${what}. Use --force to replace it.`);
  if (expected.bytes !== null && size !== expected.bytes) throw other(`has ${size} bytes instead of ${expected.bytes}`);
  const { bytes, sha256 } = await digestFile(target, signal);
  if (expected.sha256 !== null && sha256 !== expected.sha256) throw other(`its sha256 is ${sha256}`);
  const otherEnd = await endFault(target, expected);
  if (otherEnd !== undefined) throw other(otherEnd);
  const known = expected.end ? "end" : expected.bytes !== null ? "size" : "nothing";
  return { bytes, sha256, verified: expected.sha256 !== null ? "manifest" : known };
}

/** Gets all bytes into the part, however often the connection breaks. */
async function receive(
  source: ModelSource,
  target: string,
  expected: Expected,
  { signal, progress, retry = MODEL_PULL }: DownloadOptions,
): Promise<PartState> {
  let failures = 0;
  for (;;) {
    const before = await partOf(target, source, expected);
    if (before.state.total !== undefined && before.size === before.state.total) return before.state;
    try {
      return await receiveSome(source, target, expected, before, signal, progress);
    } catch (error) {
      const known = asDownloadError(error, signal);
      if (!PASSING.has(known.code)) throw known;
      const { size } = await partOf(target, source, expected);
      failures = size > before.size ? 1 : failures + 1;
      if (failures >= retry.tries) throw known;
      const pause = Math.min(retry.longestPauseMs, retry.pauseMs * 2 ** (failures - 1)) * (0.5 + Math.random() / 2);
      await sleep(
        Math.max(pause, known instanceof Busy ? Math.min(known.afterMs ?? 0, retry.longestPauseMs) : 0),
        undefined,
        {
          signal,
        },
      );
    }
  }
}

async function receiveSome(
  source: ModelSource,
  target: string,
  expected: Expected,
  before: { readonly size: number; readonly state: PartState },
  signal: AbortSignal,
  progress: DownloadOptions["progress"],
): Promise<PartState> {
  await using opened = await source.open({ from: before.size, tag: before.state.tag }, signal);
  const { from, total, tag } = opened;
  checkAnnounced(source, opened, expected);
  await checkSpace(target, (total ?? expected.bytes ?? 0) - from);
  const state: PartState = {
    source: source.text,
    tag,
    total,
    sha256: opened.sha256 ?? (from > 0 ? before.state.sha256 : undefined),
  };
  const part = await open(`${target}.part`, from > 0 ? "r+" : "w");
  let at = from;
  try {
    // After the part was cut: of a part and a state that do not fit, the state must not be the newer one.
    await writeFile(`${target}.part.json`, `${JSON.stringify(state)}\n`);
    progress?.(at, total);
    for await (const piece of opened.body) {
      signal.throwIfAborted();
      if (total !== undefined && at + piece.length > total)
        throw wrong(source, `it sends more than the ${total} bytes it said`);
      await put(part, piece, at);
      at += piece.length;
      progress?.(at, total);
    }
    await part.sync();
  } finally {
    await part.close();
  }
  if (total !== undefined && at < total) {
    throw new AppError("download_failed", `The connection broke off at ${at} of ${total} bytes.`);
  }
  return state;
}

/** What is there of a file from this source, of content that can be told. */
async function partOf(
  target: string,
  source: ModelSource,
  expected: Expected,
): Promise<{ readonly size: number; readonly state: PartState }> {
  const none = { size: 0, state: { source: source.text } };
  try {
    const state = JSON.parse(await readFile(`${target}.part.json`, "utf8")) as PartState;
    const { size } = await stat(`${target}.part`);
    // Without a tag only a hash at the end can tell whether what follows belongs to what is there.
    const told = (state.tag !== undefined && !state.tag.startsWith("W/")) || expected.sha256 !== null;
    return state.source === source.text && told && (state.total === undefined || size <= state.total)
      ? { size, state }
      : none;
  } catch {
    return none;
  }
}

/** What the source says of the file, before a byte of it is written. */
function checkAnnounced(source: ModelSource, { total, sha256 }: OpenedSource, expected: Expected): void {
  if (expected.bytes !== null && total !== undefined && total !== expected.bytes) {
    throw wrong(source, `it has ${total} bytes instead of ${expected.bytes}`);
  }
  if (expected.sha256 !== null && sha256 !== undefined && sha256 !== expected.sha256) {
    throw wrong(source, `its publisher says that its sha256 is ${sha256}, and ${expected.sha256} was expected`);
  }
}

/** Compares the part and makes it the file. */
async function putInPlace(
  target: string,
  expected: Expected,
  state: PartState,
  signal: AbortSignal,
): Promise<Downloaded> {
  const part = `${target}.part`;
  const { bytes, sha256 } = await digestFile(part, signal);
  const wanted = expected.sha256 ?? state.sha256;
  const faults = [
    ...(expected.bytes !== null && bytes !== expected.bytes
      ? [`it has ${bytes} bytes instead of ${expected.bytes}`]
      : []),
    ...(wanted !== undefined && sha256 !== wanted ? [`its sha256 is ${sha256} instead of ${wanted}`] : []),
  ];
  const otherEnd = await endFault(part, expected);
  if (otherEnd !== undefined) faults.push(otherEnd);
  if (faults.length > 0) {
    await discardPart(target);
    throw new AppError(
      "model_unusable",
      `${basename(target)} from ${state.source}: ${faults.join(" and ")}, so it is not the file that was expected. It was removed; try again, or another source with --from.`,
    );
  }
  await rename(part, target);
  await rm(`${part}.json`, { force: true });
  const sized = expected.bytes !== null || state.total !== undefined;
  const known = expected.end ? "end" : sized ? "size" : "nothing";
  const verified = expected.sha256 !== null ? "manifest" : state.sha256 !== undefined ? "publisher" : known;
  return { bytes, sha256, verified };
}

/** What is wrong with the end of a file. */
async function endFault(path: string, { end }: Expected): Promise<string | undefined> {
  if (!end) return undefined;
  const md5 = await md5OfEnd(path, end.bytes);
  return md5 === end.md5 ? undefined : `the MD5 of its last ${end.bytes} bytes is ${md5} instead of ${end.md5}`;
}

/** Removes what has come of a file. */
async function discardPart(target: string): Promise<void> {
  await rm(`${target}.part`, { force: true });
  await rm(`${target}.part.json`, { force: true });
}

async function checkSpace(target: string, needed: number): Promise<void> {
  const { bavail, bsize } = await statfs(dirname(target));
  const free = bavail * bsize;
  if (free >= needed + MODEL_PULL.spareBytes) return;
  const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1e6)} MB`;
  throw new AppError(
    "storage_failed",
    `${basename(target)} needs ${megabytes(needed)} more, and ${megabytes(free)} are free. Free some, or choose another disk with --into.`,
  );
}

async function put(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    at += (await file.write(bytes, at, bytes.length - at, position + at)).bytesWritten;
  }
}

function wrong({ text }: ModelSource, problem: string): AppError {
  return new AppError("model_unusable", `${text}: ${problem}, so it is not the file that was expected.`);
}

function asDownloadError(error: unknown, signal: AbortSignal): AppError {
  if (signal.aborted) {
    return new AppError("cancelled", "The download was stopped; the same command goes on from there.", {
      cause: error,
    });
  }
  const known = toAppError(error);
  if (known.code === "storage_failed" && known !== error) {
    const message = "The disk is full. Free some space, then run the same command again: it goes on from there.";
    return new AppError("storage_failed", message, { cause: error });
  }
  if (known.code !== "internal") return known;
  const { code } = (error ?? {}) as { code?: unknown };
  if (typeof code !== "string") return known;
  return new AppError(
    "storage_failed",
    `The file could not be written (${code}). Check the models folder, or use --into.`,
    {
      cause: error,
    },
  );
}
