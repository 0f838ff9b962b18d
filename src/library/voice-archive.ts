import { createHash, randomUUID } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat, statfs, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createInflateRaw } from "node:zlib";
import { openFile } from "../checkpoints/byte-source.ts";
import { packedRange, readZip, type ZipMember } from "../checkpoints/zip.ts";
import { AppError } from "../errors.ts";
import { VOICE_ARCHIVE } from "../limits/checkpoints.ts";
import { safeName } from "../storage/file-name.ts";

/** Says which archive a folder was unpacked from. */
const RECORD = "archive.json";
const MAKING = ".making-";

type Unpacked = { readonly checkpoints: readonly string[]; readonly indexes: readonly string[] };

/** Archives that are being unpacked in this process. */
const flights = new Map<string, Promise<Unpacked>>();

/**
 * The checkpoints and indexes of an archive, as files: unpacked once into the cache, and again when the archive changes.
 * @param cacheDir they lie in a folder `voices` of it
 * @throws AppError `model_unusable` for an archive that is broken or too large; `storage_failed`; `cancelled`
 */
export async function unpackedVoice(archive: string, cacheDir: string, signal?: AbortSignal): Promise<Unpacked> {
  const about = await stat(archive).catch((cause: unknown) => {
    throw new AppError("model_unusable", `${basename(archive)}: it cannot be opened.`, { cause });
  });
  const key = createHash("sha256").update(`${archive}\n${about.size}\n${about.mtimeMs}`).digest("hex").slice(0, 32);
  const root = join(cacheDir, "voices");
  const folder = join(root, key);
  const known = await filesOf(folder);
  if (known) return known;
  let flight = flights.get(folder);
  if (!flight) {
    flight = unpack(archive, root, folder).finally(() => flights.delete(folder));
    flights.set(folder, flight);
  }
  // It is done in seconds, and others may wait for it: only this wait ends early.
  return signal ? orAborted(flight, signal) : flight;
}

async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(new AppError("cancelled", "The job was cancelled.", { cause: signal.reason }));
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

async function unpack(archive: string, root: string, folder: string): Promise<Unpacked> {
  const making = join(root, `${MAKING}${randomUUID()}`);
  try {
    await mkdir(making, { recursive: true });
    using source = openFile(archive);
    const members = wantedOf(basename(archive), readZip(source));
    const bytes = [...members.values()].reduce((sum, { size }) => sum + size, 0);
    const { bavail, bsize } = await statfs(making);
    if (bavail * bsize < bytes) {
      throw new AppError(
        "storage_failed",
        `${basename(archive)} needs ${Math.ceil(bytes / 1e6)} MB once it is unpacked. Free some, or point TALKBOX_CACHE elsewhere.`,
      );
    }
    for (const [name, member] of members) {
      const { start, length, deflated } = packedRange(source, member);
      const packed = createReadStream(archive, { start, end: start + Math.max(0, length - 1) });
      const checked = exactly(member.size, `${basename(archive)}: "${member.name}" in it`);
      const file = createWriteStream(join(making, name), { flags: "wx" });
      const steps = deflated ? [packed, createInflateRaw(), checked, file] : [packed, checked, file];
      await pipeline(steps);
    }
    await writeFile(join(making, RECORD), `${JSON.stringify({ archive })}\n`);
    await removeLeft(root);
    // Another process may have been faster.
    await rename(making, folder).catch(() => undefined);
    const files = await filesOf(folder);
    if (!files)
      throw new AppError("storage_failed", "A voice could not be unpacked. Check that TALKBOX_CACHE can be written.");
    return files;
  } catch (error) {
    if (error instanceof AppError) throw error;
    const { code } = (error ?? {}) as { code?: unknown };
    if (typeof code === "string" && code.startsWith("Z_")) {
      throw new AppError("model_unusable", `${basename(archive)}: it cannot be unpacked. Download it again.`, {
        cause: error,
      });
    }
    throw new AppError("storage_failed", "A voice could not be unpacked. Check that TALKBOX_CACHE can be written.", {
      cause: error,
    });
  } finally {
    await rm(making, { recursive: true, force: true }).catch(() => undefined);
  }
}

/** Members that are a voice's, by the names that their files get. */
function wantedOf(archive: string, members: ReadonlyMap<string, ZipMember>): Map<string, ZipMember> {
  const wanted = new Map<string, ZipMember>();
  for (const member of members.values()) {
    const name = safeName(member.name, "");
    const isCheckpoint = /\.pth$/i.test(name);
    // Programs of macOS put notes of theirs beside each file.
    if ((!isCheckpoint && !/\.index$/i.test(name)) || /(^|\/)(\._|__MACOSX\/)/.test(member.name)) continue;
    const most = isCheckpoint ? VOICE_ARCHIVE.checkpointBytes : VOICE_ARCHIVE.indexBytes;
    if (member.size > most) {
      throw new AppError(
        "model_unusable",
        `${archive}: "${name}" in it would be ${Math.ceil(member.size / 1e6)} MB, and ${Math.floor(most / 1e6)} MB is the most.`,
      );
    }
    if (!wanted.has(name)) wanted.set(name, member);
  }
  return wanted;
}

/** Ends with an error as soon as there is more than was said, or when there is less. */
function exactly(size: number, what: string): Transform {
  let bytes = 0;
  const wrong = (): AppError =>
    new AppError("model_unusable", `${what} is not of the ${size} bytes that the archive says. Download it again.`);
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > size) done(wrong());
      else done(null, chunk);
    },
    flush(done) {
      done(bytes === size ? null : wrong());
    },
  });
}

async function filesOf(folder: string): Promise<Unpacked | undefined> {
  const names = (await readdir(folder).catch((): string[] => [])).toSorted();
  if (!names.includes(RECORD)) return undefined;
  const paths = (kind: RegExp): string[] => names.filter((name) => kind.test(name)).map((name) => join(folder, name));
  return { checkpoints: paths(/\.pth$/i), indexes: paths(/\.index$/i) };
}

/** Removes what was unpacked from archives that are gone. */
async function removeLeft(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    const record = await readFile(join(root, name, RECORD), "utf8").catch(() => undefined);
    if (record === undefined) continue;
    const { archive } = JSON.parse(record) as { archive: string };
    const there = await stat(archive).catch(() => undefined);
    if (!there) await rm(join(root, name), { recursive: true, force: true }).catch(() => undefined);
  }
}
