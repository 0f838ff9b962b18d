import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { copyFile, link, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AppError, toAppError } from "../errors.ts";
import { STALE_UPLOAD_MS } from "../limits/storage.ts";
import type { Log } from "../log.ts";
import { safeName } from "../storage/file-name.ts";
import type { SharedFolders } from "../storage/s3/shared-folders.ts";
import { digestFile } from "../storage/hash-file.ts";
import { SharedLibrary } from "./shared-library.ts";
import { parseRenewed, parseStoredVoice, type StoredVoice, type StoredVoiceRecord } from "./stored-voice.ts";
import type { VoiceProfile } from "./voice-profile.ts";

const RECORD = "voice.json";
/** Where they lie in a bucket. */
export const VOICES_IN_BUCKET = { folder: "saved/voices", record: RECORD } as const;
/** A later analysis than the record's, with the hash of the recording that it was made on. */
const RENEWED = "profile.json";
/** Folder of what is on its way in or out; no name of a voice begins with a dot. */
const OWN_FOLDER = ".talkbox";
/** How often a writer tries again after another one was in its way. */
const ATTEMPTS = 8;
/** Longest name, in code points. */
const LONGEST_NAME = 60;

/** A voice to keep. */
export type NewVoice = {
  readonly name: string;
  readonly description: string;
  /** Mono WAV; it is copied. */
  readonly path: string;
  readonly duration: number;
  readonly sampleRate: number;
  readonly profile: VoiceProfile;
};

/**
 * Reference voices that callers brought: `<data>/voices/NAME/` with `voice.json` and the recording that it names.
 *
 * `voice.json` is what makes a voice: it is put in place in one step, after its recording, and taken away first. So a
 * reader finds a voice whole or not at all, and of two writers of one name one wins. Where there is a bucket, all workers
 * share what is in it, and the folder is a cache of it.
 */
export class StoredVoices {
  readonly #root: string;
  readonly #log: Log;
  readonly #shared: SharedLibrary | undefined;

  constructor(dataDir: string, log: Log, folders?: SharedFolders) {
    this.#root = join(dataDir, "voices");
    this.#log = log;
    const fileOf = (record: string): string => parseStoredVoice(record).recording;
    this.#shared = folders && new SharedLibrary({ root: this.#root, record: RECORD, fileOf, folders, log });
  }

  /**
   * Every voice that can be read, by name. A damaged one is left out, and the log says why.
   * @param options `here` leaves out what lies in the bucket alone, which is then not asked
   */
  async all({ here = false }: { readonly here?: boolean } = {}): Promise<readonly StoredVoice[]> {
    const shared = here ? undefined : await this.#shared?.records();
    const entries = await readdir(this.#root, { withFileTypes: true }).catch(() => []);
    const names = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith(".")).map(({ name }) => name);
    const voices = await Promise.all(
      [...new Set([...names, ...(shared?.keys() ?? [])])].map(async (name) => {
        const record = shared?.get(name);
        return record === undefined ? this.#read(name) : this.#listed(name, record);
      }),
    );
    return voices.filter((voice) => voice !== undefined).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** The voice of this name, or undefined. */
  async find(name: string): Promise<StoredVoice | undefined> {
    const folder = safeName(name, "");
    if (folder === "" || folder !== name.normalize("NFC")) return undefined;
    await this.#shared?.refresh(folder);
    return this.#read(folder);
  }

  /**
   * Keeps a voice.
   * @throws AppError `conflict` when there is one of this name and `overwrite` is false; `storage_failed`
   */
  async add(voice: NewVoice, { overwrite }: { readonly overwrite: boolean }): Promise<StoredVoice> {
    try {
      await this.#sweep();
      const { bytes, sha256 } = await digestFile(voice.path);
      const record: StoredVoiceRecord = {
        version: 1,
        name: voice.name,
        description: voice.description,
        recording: `recording-${randomUUID().replaceAll("-", "")}.wav`,
        duration: voice.duration,
        sample_rate: voice.sampleRate,
        bytes,
        sha256,
        created: new Date().toISOString(),
        profile: voice.profile,
      };
      await this.#shared?.refresh(voice.name);
      const replaced = await this.#read(voice.name);
      if (this.#shared) {
        if (replaced && !overwrite) throw this.conflict(voice.name);
        const file = { name: record.recording, path: voice.path, mime: "audio/wav" };
        await this.#shared.send(voice.name, file, recordText(record));
      }
      await this.#place(record, voice.path, overwrite);
      await this.#tidy(voice.name, replaced?.recording);
      await this.#shared?.refresh(voice.name);
      return { ...record, profile: voice.profile, path: join(this.#root, voice.name, record.recording) };
    } catch (error) {
      throw asStorageError(error);
    }
  }

  /**
   * Notes a new analysis of a voice, beside the record: that one is never written by who did not bring the voice. Where
   * it cannot be kept it is made again next time.
   */
  async keepProfile({ name, sha256 }: StoredVoice, profile: VoiceProfile): Promise<void> {
    const folder = join(this.#root, name);
    const incoming = join(folder, `.${randomUUID()}.part`);
    try {
      await writeFile(incoming, `${JSON.stringify({ sha256, profile }, null, 2)}\n`, { flag: "wx" });
      await rename(incoming, join(folder, RENEWED));
    } catch (error) {
      this.#log.warn({ voice: name, err: error }, "the analysis of a stored voice could not be kept");
    } finally {
      await rm(incoming, { force: true }).catch(() => {});
    }
  }

  /** Answers whether there was one. @throws AppError `storage_failed` */
  async remove(name: string): Promise<boolean> {
    const folder = safeName(name, "");
    if (folder === "" || folder !== name.normalize("NFC")) return false;
    const leaving = join(this.#root, OWN_FOLDER, randomUUID());
    const shared = (await this.#shared?.remove(folder)) ?? false;
    try {
      await mkdir(join(this.#root, OWN_FOLDER), { recursive: true });
      await rename(join(this.#root, folder), leaving);
      await rm(leaving, { recursive: true, force: true });
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return shared;
      throw asStorageError(error);
    }
  }

  /** What is thrown where a name is taken. */
  conflict(name: string): AppError {
    return new AppError(
      "conflict",
      `There is a voice "${name}" already. Choose another name, or set \`overwrite\` to replace it.`,
    );
  }

  /** The recording, then the record that names it; a folder that is removed meanwhile is made again. */
  async #place(record: StoredVoiceRecord, source: string, overwrite: boolean): Promise<void> {
    const folder = join(this.#root, record.name);
    for (let attempt = 1; ; attempt++) {
      try {
        await mkdir(folder, { recursive: true });
        await copyFile(source, join(folder, record.recording), constants.COPYFILE_EXCL);
        await this.#write(folder, record, overwrite);
        return;
      } catch (error) {
        await rm(join(folder, record.recording), { force: true });
        const { code } = error as NodeJS.ErrnoException;
        if (code === "EEXIST") throw this.conflict(record.name);
        if (code !== "ENOENT" || attempt === ATTEMPTS) throw error;
      }
    }
  }

  /** Puts `voice.json` in place in one step: over the one that is there, or only where there is none (`EEXIST`). */
  async #write(folder: string, record: StoredVoiceRecord, overwrite: boolean): Promise<void> {
    const incoming = join(folder, `.${randomUUID()}.part`);
    try {
      await writeFile(incoming, recordText(record), { flag: "wx" });
      if (overwrite) await rename(incoming, join(folder, RECORD));
      else await linkOrCopy(incoming, join(folder, RECORD));
    } finally {
      await rm(incoming, { force: true });
    }
  }

  /** Removes the recording that was replaced, and what writers that died left behind. */
  async #tidy(name: string, replaced: string | undefined): Promise<void> {
    const folder = join(this.#root, name);
    const current = await this.#read(name);
    for (const file of await readdir(folder).catch(() => [])) {
      if (file === current?.recording || !/^recording-.*\.wav$|\.part$/.test(file)) continue;
      // Another writer's recording may still wait for its record.
      const { mtimeMs } = await stat(join(folder, file)).catch(() => ({ mtimeMs: Date.now() }));
      if (file === replaced || Date.now() - mtimeMs > STALE_UPLOAD_MS) await rm(join(folder, file), { force: true });
    }
  }

  /** Removes what a process that died left on its way out. */
  async #sweep(): Promise<void> {
    const folder = join(this.#root, OWN_FOLDER);
    for (const name of await readdir(folder).catch(() => [])) {
      const path = join(folder, name);
      const found = await stat(path).catch(() => undefined);
      if (found && Date.now() - found.ctimeMs > STALE_UPLOAD_MS) await rm(path, { recursive: true, force: true });
    }
  }

  /** A voice by its record in the bucket; its recording is fetched when the voice is used. */
  #listed(folder: string, record: string): StoredVoice | undefined {
    try {
      const voice = parseStoredVoice(record);
      return voice.name === folder ? { ...voice, path: join(this.#root, folder, voice.recording) } : undefined;
    } catch (error) {
      const why = error instanceof Error ? error.message : "unknown";
      this.#log.warn({ voice: folder, reason: why }, "a stored voice cannot be read");
      return undefined;
    }
  }

  async #read(folder: string): Promise<StoredVoice | undefined> {
    const at = join(this.#root, folder);
    for (let attempt = 1; ; attempt++) {
      try {
        const voice = parseStoredVoice(await readFile(join(at, RECORD), "utf8"));
        const profile = voice.profile ?? parseRenewed(await readFile(join(at, RENEWED), "utf8").catch(() => ""), voice);
        if (voice.name !== folder) throw new Error(`it calls itself "${voice.name}"`);
        const path = join(at, voice.recording);
        const { size } = await stat(path);
        if (size !== voice.bytes) throw new Error(`its recording has ${size} bytes instead of ${voice.bytes}`);
        return { ...voice, profile, path };
      } catch (error) {
        const gone = (error as NodeJS.ErrnoException).code === "ENOENT";
        // Between the two reads a voice may have been replaced.
        if (gone && attempt < 3 && (await stat(join(at, RECORD)).catch(() => undefined))) continue;
        if (gone && !(await stat(at).catch(() => undefined))) return undefined;
        const why = error instanceof Error ? error.message : "unknown";
        this.#log.warn({ voice: folder, reason: gone ? "a file is missing" : why }, "a stored voice cannot be read");
        return undefined;
      }
    }
  }
}

function recordText(record: StoredVoiceRecord): string {
  return `${JSON.stringify(record, null, 2)}\n`;
}

/**
 * A name from the wire as a voice's: NFC, without characters that file systems or URLs reserve.
 * @throws AppError `invalid_input` when nothing is left, or it is too long
 */
export function voiceName(wanted: string): string {
  const name = safeName(wanted.trim(), "");
  if (name === "") {
    throw new AppError("invalid_input", "The voice's name has no character that can be used. Give one with letters.");
  }
  const length = Array.from(name).length;
  if (length > LONGEST_NAME) {
    throw new AppError("invalid_input", `The voice's name has ${length} characters; ${LONGEST_NAME} are allowed.`);
  }
  return name;
}

/** Some network file systems have no hard links; there the record is copied, which other writers may see happen. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (!["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"].includes(code)) throw error;
    await copyFile(from, to, constants.COPYFILE_EXCL);
  }
}

function asStorageError(error: unknown): AppError {
  const known = toAppError(error);
  if (known.code !== "internal") return known;
  return new AppError("storage_failed", "The voice could not be stored. Check that TALKBOX_DATA can be written.", {
    cause: error,
  });
}
