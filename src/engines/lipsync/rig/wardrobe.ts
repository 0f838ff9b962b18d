import { join } from "node:path";
import { AppError } from "../../../errors.ts";
import { type Likeness, mediaOf } from "../../../library/avatar-profile.ts";
import type { Binaries } from "../../../media/binaries.ts";
import { frameSize, type Resolution } from "../lipsync-engine.ts";
import { readAvatarSheet } from "./avatar-sheet.ts";
import type { Canvas } from "./canvas.ts";
import { type Around, compose, ComposedScene, innerBackground, loadBackground } from "./composition.ts";
import type { FramePool } from "./frame-pool.ts";
import { loadLayers } from "./layers.ts";
import { type MotionSheet, readMotionSheet } from "./motion-sheet.ts";
import { loadPhotoFrame } from "./photo/photo-frame.ts";
import { PHOTO_MOTION } from "./photo/photo-motion.ts";
import { PhotoRenderer } from "./photo/photo-renderer.ts";
import { VideoPerson } from "./photo/video-scene.ts";
import { type Look, Renderer } from "./renderer.ts";

/** Who draws the frames of one video, in their order. */
export interface Scene extends Partial<AsyncDisposable> {
  /** Frames that it must draw on; where there are none, any will do. */
  readonly frames?: FramePool;
  /** Gets ready to draw the next frame. */
  next?(): Promise<void>;
  draw(canvas: Canvas, look: Look): void;
}

/** A person ready to be drawn at one size. */
export type Dressed = { readonly motion: MotionSheet; readonly open: (options: SceneOptions) => Scene };

/** How one video is to be. `lively` false: a photographed person moves nothing but the mouth. */
export type SceneOptions = {
  readonly fps: number;
  readonly lively: boolean;
  /** Place of the first frame in a longer video. */
  readonly firstFrame: number;
  readonly signal: AbortSignal;
};

/** Somebody to dress: drawn in layers, or shown by a photo or a video. `id` names the look, so that it may be kept. */
export type Wearer = { readonly id: string } & ({ readonly directory: string } | { readonly likeness: Likeness });

/** Prepared people kept, most recently used last. At 720p one takes some 70 MB. */
const KEEP = 2;

/** A folder that is there and cannot be used is the deployment's fault; its own message says more where it has one. */
function unusable(person: string, error: unknown): never {
  if (error instanceof AppError) throw error;
  throw new AppError("engine_failed", `The avatar ${person} could not be loaded: a file is missing or broken.`, {
    cause: error,
  });
}

/** People as they are: wide, before their own background. */
const OWN: Around = { aspect: "16:9", background: undefined };

/** Loads people at the sizes asked for, once however many ask, and keeps the last few. */
export class Wardrobe {
  readonly #binaries: () => Promise<Binaries>;
  readonly #kept = new Map<string, Promise<Dressed>>();

  /** @param binaries the ffmpeg that reads videos */
  constructor(binaries: () => Promise<Binaries>) {
    this.#binaries = binaries;
  }

  get(wearer: Wearer, resolution: Resolution, around: Around = OWN): Promise<Dressed> {
    const media = "likeness" in wearer ? mediaOf(wearer.likeness.profile) : "";
    const { aspect, background } = around;
    const dress = (): Promise<Dressed> =>
      this.dress(wearer, resolution, around).catch((error) => unusable(wearer.id, error));
    // A picture that a job brings is not seen again.
    if (background && "picture" in background) return dress();
    const key = `${wearer.id} ${resolution} ${media} ${aspect} ${background?.colour ?? ""}`;
    const loading = this.#kept.get(key) ?? dress();
    this.#kept.delete(key);
    this.#kept.set(key, loading);
    loading.catch(() => this.#kept.delete(key));
    const oldest = this.#kept.keys().next();
    if (this.#kept.size > KEEP && !oldest.done) this.#kept.delete(oldest.value);
    return loading;
  }

  /** Makes somebody ready to be drawn, without keeping them. */
  async dress(wearer: Wearer, resolution: Resolution, around: Around = OWN): Promise<Dressed> {
    const { aspect, background } = around;
    const [width, height] = frameSize(resolution, aspect);
    if ("directory" in wearer) {
      const { directory } = wearer;
      const [sheet, motion] = await Promise.all([readAvatarSheet(directory), readMotionSheet(directory)]);
      if (aspect !== "16:9" || background) {
        const composition = compose(width, height, aspect);
        const behind = await loadBackground(directory, sheet, background, composition);
        const layers = await loadLayers(directory, sheet, composition.innerWidth, composition.innerHeight);
        const composed = new Renderer({ ...layers, background: innerBackground(behind, composition) });
        return { motion, open: () => new ComposedScene(composed, behind, composition) };
      }
      const renderer = new Renderer(await loadLayers(directory, sheet, width, height));
      return { motion, open: () => renderer };
    }
    if (background) {
      throw new AppError(
        "invalid_input",
        "A photographed person has the background of the picture. Leave `background` out, or show a drawn avatar.",
        { violations: [{ path: "params.background", message: "For drawn avatars only." }] },
      );
    }
    const { folder, profile } = wearer.likeness;
    const motion = PHOTO_MOTION;
    if (profile.kind === "video") {
      const person = await VideoPerson.load({ folder, profile }, await this.#binaries(), width, height);
      return { motion, open: ({ fps, firstFrame, signal }) => person.open(fps, firstFrame, signal) };
    }
    const frame = await loadPhotoFrame(join(folder, profile.picture), profile, profile.marks, width, height);
    const renderer = new PhotoRenderer(frame);
    return { motion, open: ({ lively }) => ({ draw: (canvas, look) => renderer.draw(canvas, look, lively) }) };
  }
}
