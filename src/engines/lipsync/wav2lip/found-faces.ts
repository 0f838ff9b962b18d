import { AppError } from "../../../errors.ts";
import { type AvatarProfile, type Likeness, writeProfile } from "../../../library/avatar-profile.ts";
import type { Box } from "../../../library/face-marks.ts";
import type { Log } from "../../../log.ts";
import type { Binaries } from "../../../media/binaries.ts";
import { orAborted } from "../../../media/cancellable.ts";
import { probe } from "../../../media/probe.ts";
import type { CheckpointModels } from "../../checkpoint-models.ts";
import { findLikenessFaces } from "../../faces/s3fd/likeness-faces.ts";
import { S3fdDetector } from "../../faces/s3fd/s3fd-detector.ts";
import type { AvatarSource } from "../lipsync-engine.ts";

type Faces = NonNullable<AvatarProfile["faces"]>;

/** A look at an avatar that is under way, for all who wait for it. */
type Look = { readonly found: Promise<AvatarProfile>; readonly abort: AbortController; waiting: number };

/** Finds the faces of photo and video avatars, once, and keeps what it found with the avatar. */
export class FoundFaces {
  readonly #models: CheckpointModels;
  readonly #binaries: () => Promise<Binaries>;
  readonly #log: Log;
  readonly #looking = new Map<string, Look>();
  /** Avatars in which the detector sees nobody, and those whose folder cannot be written. */
  readonly #left = new Set<string>();

  constructor(models: CheckpointModels, binaries: () => Promise<Binaries>, log: Log) {
    this.#models = models;
    this.#binaries = binaries;
    this.#log = log;
  }

  /**
   * The profile with its faces, where a detector is there that finds them. Many who ask at once look once.
   * @param seldom also where that takes long: a video, and no GPU
   * @throws AppError `cancelled`; as the detector does
   */
  async ensure(
    likeness: Likeness,
    signal: AbortSignal,
    { seldom }: { readonly seldom: boolean },
  ): Promise<AvatarProfile> {
    const { folder, profile } = likeness;
    if (profile.faces || this.#left.has(folder)) return profile;
    const slow = profile.kind === "video" && this.#models.cache.order.providers[0] === "cpu";
    if (slow && !seldom) return profile;
    let look = this.#looking.get(folder);
    if (!look) {
      const abort = new AbortController();
      const found = this.#look(likeness, abort.signal, 1).finally(() => {
        if (this.#looking.get(folder) === look) this.#looking.delete(folder);
      });
      found.catch(() => {});
      look = { found, abort, waiting: 0 };
      this.#looking.set(folder, look);
    }
    look.waiting++;
    try {
      return await orAborted(look.found, signal);
    } catch (error) {
      if (signal.aborted) throw new AppError("cancelled", "The job was cancelled.", { cause: error });
      throw error;
    } finally {
      // When the last one who waits has gone, so does the look; whoever comes next begins anew.
      if (--look.waiting === 0) {
        if (this.#looking.get(folder) === look) this.#looking.delete(folder);
        look.abort.abort();
      }
    }
  }

  /** Finds and keeps the face of an avatar that is being made. */
  async adopted(likeness: Likeness, source: AvatarSource, signal: AbortSignal): Promise<AvatarProfile> {
    if (source.face) return this.#keep(likeness, await this.#said(likeness.profile, source, source.face, signal));
    return this.#look(likeness, signal, source.resizeFactor ?? 1);
  }

  async #look(likeness: Likeness, signal: AbortSignal, resizeFactor: number): Promise<AvatarProfile> {
    await using detector = await S3fdDetector.open(this.#models, signal);
    if (!detector) return likeness.profile;
    const found = await findLikenessFaces(likeness, detector, { binaries: this.#binaries, signal, resizeFactor });
    if (found) return this.#keep(likeness, found);
    this.#left.add(likeness.folder);
    return likeness.profile;
  }

  async #keep({ folder, profile }: Likeness, faces: Faces): Promise<AvatarProfile> {
    const kept = { ...profile, faces };
    try {
      await writeProfile(folder, kept);
    } catch (error) {
      this.#left.add(folder);
      this.#log.warn({ err: error }, "where an avatar's face is could not be kept with it");
    }
    return kept;
  }

  /** The caller's box is in pixels of the upright original, which may have been larger than what is kept. */
  async #said(profile: AvatarProfile, { path, kind }: AvatarSource, face: Box, signal: AbortSignal): Promise<Faces> {
    const longest = Math.max(profile.width, profile.height);
    const scale = longest / (kind === "photo" ? await longestOfPhoto(path) : await this.#longestOfVideo(path, signal));
    const [x, y, w, h] = face.map((value) => value * scale) as [number, number, number, number];
    return { found_by: "boxes", boxes: [[x, y, w, h]] };
  }

  async #longestOfVideo(path: string, signal: AbortSignal): Promise<number> {
    const { video } = await probe(path, { ffprobe: (await this.#binaries()).ffprobe, signal });
    if (!video) throw new AppError("invalid_input", "There is no video that can be decoded in the file.");
    return Math.max(video.width, video.height);
  }
}

async function longestOfPhoto(path: string): Promise<number> {
  const { default: sharp } = await import("sharp");
  const { width, height } = await sharp(path).metadata();
  return Math.max(width, height);
}
