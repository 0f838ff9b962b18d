import { randomUUID } from "node:crypto";
import { copyFile, link, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { AppError, toAppError } from "../errors.ts";
import { STALE_UPLOAD_MS } from "../limits/storage.ts";
import type { Log } from "../log.ts";
import { safeName } from "../storage/file-name.ts";
import type { SharedFolders } from "../storage/s3/shared-folders.ts";
import {
  type AvatarProfile,
  type Likeness,
  mediaOf,
  parseProfile,
  PROFILE_FILE,
  readProfile,
} from "./avatar-profile.ts";
import { SharedLibrary } from "./shared-library.ts";

/** Where they lie in a bucket. */
export const AVATARS_IN_BUCKET = { folder: "saved/avatars", record: PROFILE_FILE } as const;

/** Folder of what is on its way in or out, and of analyses; no name of an avatar begins with a dot. */
const OWN_FOLDER = ".talkbox";
const PICTURES = new Set([".jpg", ".jpeg", ".png", ".webp", ".avif", ".tif", ".tiff"]);
const VIDEOS = new Set([".mp4", ".webm", ".mov", ".mkv", ".m4v"]);

/** A photo or video that somebody put into the models folder, before anything is known of it. */
export type BareAvatar = { readonly path: string; readonly kind: "photo" | "video"; readonly stamp: string };

/** A photo or video avatar of the library. */
export type StoredAvatar = {
  readonly name: string;
  /** Whether it came with the models rather than by an upload. */
  readonly shipped: boolean;
  readonly likeness: Likeness | undefined;
  /** Set where it has not been looked at yet. */
  readonly bare: BareAvatar | undefined;
};

/** What a caller adds to an avatar's profile. */
export type AvatarWords = {
  readonly description: string;
  readonly voice?: string | undefined;
  readonly overwrite: boolean;
};

/**
 * Photo and video avatars: those that callers brought, in `<data>/avatars/NAME/`, and those that lie in
 * `<models>/avatars/NAME/`. `avatar.json` makes an avatar of a folder: it is put in place in one step, after the file
 * that it names, and taken away with its folder; so a reader finds an avatar whole or not at all. Where there is a bucket,
 * all workers share what callers brought, and the folder is a cache of it.
 */
export class StoredAvatars {
  readonly #root: string;
  readonly #models: string;
  readonly #log: Log;
  readonly #shared: SharedLibrary | undefined;

  constructor(options: {
    readonly dataDir: string;
    readonly modelsDir: string;
    readonly log: Log;
    readonly folders?: SharedFolders | undefined;
  }) {
    this.#root = join(options.dataDir, "avatars");
    this.#models = join(options.modelsDir, "avatars");
    this.#log = options.log;
    const { folders, log } = options;
    const fileOf = (record: string): string => mediaOf(parseProfile(record));
    this.#shared = folders && new SharedLibrary({ root: this.#root, record: PROFILE_FILE, fileOf, folders, log });
  }

  /** Every avatar that can be read, by name. A damaged one is left out, and the log says why. */
  async all(): Promise<readonly StoredAvatar[]> {
    const found = new Map<string, StoredAvatar>();
    for (const name of await folders(this.#models)) {
      const avatar = await this.#shipped(name);
      if (avatar) found.set(name, avatar);
    }
    const drawn = new Set(await folders(this.#models));
    const shared = await this.#shared?.records();
    for (const name of new Set([...(await folders(this.#root)), ...(shared?.keys() ?? [])])) {
      if (drawn.has(name)) continue;
      const record = shared?.get(name);
      const avatar = record === undefined ? await this.#brought(name) : this.#listed(name, record);
      if (avatar) found.set(name, avatar);
    }
    return [...found.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** The avatar of this name, or undefined. */
  async find(name: string): Promise<StoredAvatar | undefined> {
    const folder = safeName(name, "");
    if (folder === "" || folder !== name.normalize("NFC") || folder.startsWith(".")) return undefined;
    if ((await folders(this.#models)).includes(folder)) return this.#shipped(folder);
    await this.#shared?.refresh(folder);
    return this.#brought(folder);
  }

  /** Whether the models folder has somebody of this name, drawn people included. */
  async ships(name: string): Promise<boolean> {
    return (await folders(this.#models)).includes(name);
  }

  /**
   * Refuses a name under which an avatar cannot be kept, before work is spent on it.
   * @throws AppError `conflict`
   */
  async checkFree(name: string, overwrite: boolean): Promise<void> {
    if (await this.ships(name)) {
      throw new AppError("conflict", `"${name}" is an avatar that comes with Talkbox. Choose another name.`);
    }
    await this.#shared?.refresh(name);
    if (!overwrite && (await this.#brought(name))) throw taken(name);
  }

  /**
   * Keeps an avatar that was prepared in `folder`; its file is copied.
   * @throws AppError `conflict` when there is one of this name; `storage_failed`
   */
  async add(name: string, folder: string, words: AvatarWords): Promise<void> {
    await this.checkFree(name, words.overwrite);
    const prepared = await readProfile(folder);
    if (!prepared) throw new AppError("internal", "An avatar was to be kept that was not prepared.");
    const suffix = randomUUID().replaceAll("-", "");
    const media = prepared.kind === "photo" ? `picture-${suffix}.png` : `video-${suffix}.mp4`;
    const { description, voice } = words;
    const profile: AvatarProfile = {
      ...prepared,
      ...(prepared.kind === "photo" ? { picture: media } : { video: media }),
      description: description === "" ? prepared.description : description,
      ...(voice === undefined ? {} : { voice }),
    };
    const target = join(this.#root, name);
    const incoming = join(target, `.${suffix}.part`);
    try {
      await this.#sweep();
      const replaced = await readProfile(target).catch(() => undefined);
      if (replaced && !words.overwrite) throw taken(name);
      const record = `${JSON.stringify(profile)}\n`;
      const mime = prepared.kind === "photo" ? "image/png" : "video/mp4";
      await this.#shared?.send(name, { name: media, path: join(folder, mediaOf(prepared)), mime }, record);
      await mkdir(target, { recursive: true });
      await copyFile(join(folder, mediaOf(prepared)), join(target, media));
      await writeFile(incoming, record, { flag: "wx" });
      if (words.overwrite) await rename(incoming, join(target, PROFILE_FILE));
      else await link(incoming, join(target, PROFILE_FILE));
      if (replaced) await rm(join(target, mediaOf(replaced)), { force: true });
      await this.#shared?.refresh(name);
    } catch (error) {
      await rm(join(target, media), { force: true }).catch(() => {});
      if ((error as NodeJS.ErrnoException).code === "EEXIST") throw taken(name);
      throw asStorageError(error);
    } finally {
      await rm(incoming, { force: true }).catch(() => {});
    }
  }

  /**
   * Removes an avatar that a caller brought; answers whether there was one.
   * @throws AppError `conflict` for one that comes with the models; `storage_failed`
   */
  async remove(name: string): Promise<boolean> {
    const folder = safeName(name, "");
    if (folder === "" || folder !== name.normalize("NFC") || folder.startsWith(".")) return false;
    if (await this.ships(folder)) {
      throw new AppError("conflict", `"${folder}" is an avatar that comes with Talkbox, which cannot be deleted.`);
    }
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

  /** The folder in which what is found out about a bare avatar is kept; it may not be there yet. */
  analysisFolder(name: string, { stamp }: BareAvatar): string {
    return join(this.#root, OWN_FOLDER, "looked-at", `${name}-${stamp}`);
  }

  /** An empty folder beside the others in which an avatar can be prepared; the caller moves or removes it. */
  async workFolder(): Promise<string> {
    const folder = join(this.#root, OWN_FOLDER, randomUUID());
    await mkdir(folder, { recursive: true }).catch((error: unknown) => {
      throw asStorageError(error);
    });
    return folder;
  }

  async #brought(name: string): Promise<StoredAvatar | undefined> {
    const folder = join(this.#root, name);
    try {
      const profile = await readProfile(folder);
      if (!profile) {
        if (await stat(folder).catch(() => undefined)) throw new Error("it has no avatar.json");
        return undefined;
      }
      await stat(join(folder, mediaOf(profile)));
      return { name, shipped: false, likeness: { folder, profile }, bare: undefined };
    } catch (error) {
      this.#damaged(name, error);
      return undefined;
    }
  }

  /** An avatar by its record in the bucket; its file is fetched when the avatar is used. */
  #listed(name: string, record: string): StoredAvatar | undefined {
    try {
      const profile = parseProfile(record);
      return { name, shipped: false, likeness: { folder: join(this.#root, name), profile }, bare: undefined };
    } catch (error) {
      this.#damaged(name, error);
      return undefined;
    }
  }

  async #shipped(name: string): Promise<StoredAvatar | undefined> {
    const folder = join(this.#models, name);
    try {
      const files = await readdir(folder);
      if (files.includes(PROFILE_FILE)) {
        const profile = await readProfile(folder);
        return profile && { name, shipped: true, likeness: { folder, profile }, bare: undefined };
      }
      const file = files.toSorted().find((each) => kindOf(each) !== undefined);
      if (file === undefined) return undefined;
      const path = join(folder, file);
      const { size, mtimeMs } = await stat(path);
      const kind = kindOf(file) as BareAvatar["kind"];
      const bare = { path, kind, stamp: `${size.toString(36)}-${Math.round(mtimeMs).toString(36)}` };
      const kept = this.analysisFolder(name, bare);
      const profile = await readProfile(kept).catch(() => undefined);
      return { name, shipped: true, likeness: profile && { folder: kept, profile }, bare };
    } catch (error) {
      // A drawn person that is broken is its engine's to report.
      if ((await readFile(join(folder, PROFILE_FILE), "utf8").catch(() => "")) === "") this.#damaged(name, error);
      return undefined;
    }
  }

  #damaged(name: string, error: unknown): void {
    const gone = (error as NodeJS.ErrnoException).code === "ENOENT";
    const why = error instanceof Error ? error.message : "unknown";
    this.#log.warn({ avatar: name, reason: gone ? "a file is missing" : why }, "a stored avatar cannot be read");
  }

  /** Removes what a process that died left on its way in or out. */
  async #sweep(): Promise<void> {
    const folder = join(this.#root, OWN_FOLDER);
    for (const name of await readdir(folder).catch(() => [])) {
      if (name === "looked-at") continue;
      const found = await stat(join(folder, name)).catch(() => undefined);
      if (found && Date.now() - found.ctimeMs > STALE_UPLOAD_MS)
        await rm(join(folder, name), { recursive: true, force: true });
    }
  }
}

/** Names of the folders in `root`, without those that begin with a dot. */
async function folders(root: string): Promise<readonly string[]> {
  const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith(".")).map(({ name }) => name);
}

function kindOf(file: string): BareAvatar["kind"] | undefined {
  const extension = extname(file).toLowerCase();
  if (file.startsWith(".")) return undefined;
  return PICTURES.has(extension) ? "photo" : VIDEOS.has(extension) ? "video" : undefined;
}

function taken(name: string): AppError {
  return new AppError(
    "conflict",
    `There is an avatar "${name}" already. Choose another name, or set \`overwrite\` to replace it.`,
  );
}

function asStorageError(error: unknown): AppError {
  const known = toAppError(error);
  if (known.code !== "internal") return known;
  return new AppError("storage_failed", "The avatar could not be stored. Check that TALKBOX_DATA can be written.", {
    cause: error,
  });
}
