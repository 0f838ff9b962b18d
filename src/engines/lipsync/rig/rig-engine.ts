import { randomUUID } from "node:crypto";
import { mkdir, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { AppError } from "../../../errors.ts";
import { type AvatarProfile, type Likeness, readProfile } from "../../../library/avatar-profile.ts";
import { type StoredAvatar, StoredAvatars } from "../../../library/stored-avatars.ts";
import { type Log, silentLog } from "../../../log.ts";
import type { Binaries } from "../../../media/binaries.ts";
import { orAborted } from "../../../media/cancellable.ts";
import type { Availability, EngineInfo } from "../../engine.ts";
import type { FaceFinder } from "../../faces/face-finder.ts";
import { meshFinder } from "../../faces/mesh/mesh-finder.ts";
import type { SpeechPart } from "../../speech/speech-engine.ts";
import {
  type AvatarInfo,
  type AvatarSource,
  type Frame,
  type LipsyncEngine,
  type LipsyncOptions,
  type Resolution,
  RESOLUTIONS,
  frameSize,
} from "../lipsync-engine.ts";
import { listPeople, readAvatarSheet } from "./avatar-sheet.ts";
import { drawnView, type FaceView, likenessView } from "./face-view.ts";
import { FramePool } from "./frame-pool.ts";
import { Ears } from "./mouth-network/ears.ts";
import { Person } from "./person.ts";
import { adoptPhoto } from "./photo/adopt-photo.ts";
import { adoptVideo } from "./photo/adopt-video.ts";
import { LOOK_AHEAD, SpeechTrack } from "./speech-track.ts";
import { type Dressed, Wardrobe, type Wearer } from "./wardrobe.ts";

const LOOPS = ["short", "long"] as const;
type Loop = (typeof LOOPS)[number];
/** Durations are sums of floats: a frame that would begin this close to the end is not one more frame. */
const FRAME_EPSILON = 1e-6;

const INFO: EngineInfo = {
  id: "rig",
  kind: "lipsync",
  description:
    "Layered 2-D portraits, photos and videos whose mouth is shaped from phonemes, or from the sound alone. Needs no GPU.",
  embedded: true,
  license: "Apache-2.0",
  languages: ["*"],
};

export type RigOptions = {
  readonly modelsDir: string;
  /** Folder of models that has the mouth's network; default the same. */
  readonly mouthModelsDir?: string;
  /** Where avatars are kept that callers bring, and what was found out about photos. Default: a temporary folder. */
  readonly dataDir?: string;
  readonly log?: Log;
  /** Those avatars where somebody else keeps them; default in `dataDir`. */
  readonly stored?: StoredAvatars;
  readonly faces?: FaceFinder;
  /** The ffmpeg that reads videos; without it there are only drawn and photographed people. */
  readonly binaries?: () => Promise<Binaries>;
};

function checkCancelled(signal: AbortSignal): void {
  if (signal.aborted) throw new AppError("cancelled", "The job was cancelled.", { cause: signal.reason });
}

async function noBinaries(): Promise<Binaries> {
  throw new AppError("engine_unavailable", "This engine was made without an ffmpeg to read videos with.");
}

/** What engines that lay a mouth of their own over this one's frames need to know besides. */
export interface FaceKeeper {
  /** The photo or video that is shown; undefined for a person who is drawn. @throws AppError `not_found`, `cancelled` */
  likenessOf(options: LipsyncOptions, signal: AbortSignal): Promise<Likeness | undefined>;
  /** Where the face is in what `render` shows with these options. @throws AppError `not_found`, `cancelled` */
  faceView(options: LipsyncOptions, signal: AbortSignal): Promise<FaceView>;
}

/** The engine that `createRigEngine` makes. */
export type RigEngine = LipsyncEngine &
  FaceKeeper &
  AsyncDisposable &
  Required<Pick<LipsyncEngine, "adopt" | "prepare">>;

class Rig implements RigEngine {
  readonly composes = true;
  readonly #avatarsDir: string;
  readonly #stored: StoredAvatars;
  readonly #faces: FaceFinder;
  readonly #looking = new Map<string, Promise<Likeness>>();
  readonly #binaries: () => Promise<Binaries>;
  readonly #wardrobe: Wardrobe;
  readonly #ears: Ears;

  constructor({
    modelsDir,
    mouthModelsDir = modelsDir,
    dataDir = join(tmpdir(), "talkbox"),
    log = silentLog(),
    stored = new StoredAvatars({ modelsDir, dataDir, log }),
    faces = meshFinder,
    binaries,
  }: RigOptions) {
    this.#avatarsDir = join(modelsDir, "avatars");
    this.#stored = stored;
    this.#faces = faces;
    this.#binaries = binaries ?? noBinaries;
    this.#wardrobe = new Wardrobe(this.#binaries);
    this.#ears = new Ears(mouthModelsDir, log);
  }

  get info(): EngineInfo {
    const { trouble } = this.#ears;
    if (trouble === undefined) return INFO;
    return { ...INFO, description: `${INFO.description} Recordings move the mouth by their formants only: ${trouble}` };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#ears.close();
  }

  async availability(): Promise<Availability> {
    if ((await listPeople(this.#avatarsDir)).length > 0 || (await this.#stored.all()).length > 0) {
      return { available: true };
    }
    return {
      available: false,
      reason: "No avatar is installed.",
      remedy: "Restore models/avatars from the repository, or draw the people that ship: see tools/avatars.",
    };
  }

  async avatars(): Promise<readonly AvatarInfo[]> {
    const found: AvatarInfo[] = [];
    const add = (person: string, description: string, voice: string | undefined): void => {
      const said = { person, description, ...(voice === undefined ? {} : { voice }) };
      for (const loop of LOOPS) {
        for (const resolution of Object.keys(RESOLUTIONS) as Resolution[]) {
          found.push({ id: `${person}_${loop}_${resolution}`, loop, resolution, ...said });
        }
      }
    };
    for (const person of await listPeople(this.#avatarsDir)) {
      const { description, voice } = await readAvatarSheet(join(this.#avatarsDir, person));
      add(person, description, voice);
    }
    for (const { name, likeness, bare } of await this.#stored.all()) {
      const kind = likeness?.profile.kind ?? bare?.kind ?? "photo";
      add(name, likeness?.profile.description || `A ${kind}`, likeness?.profile.voice);
    }
    return found;
  }

  async prepare(person: string, resolution: Resolution): Promise<void> {
    const wearer = await this.#find(person, new AbortController().signal);
    if (wearer) await this.#wardrobe.get(wearer, resolution);
  }

  async adopt(source: AvatarSource, folder: string, signal: AbortSignal): Promise<AvatarProfile> {
    const { path, kind, face, mouth } = source;
    if (kind === "photo") return adoptPhoto(path, { face, mouth }, folder, this.#faces, signal);
    return adoptVideo(path, { face, mouth }, folder, this.#faces, await this.#binaries(), signal);
  }

  async *render(
    speech: AsyncIterable<SpeechPart>,
    options: LipsyncOptions,
    signal: AbortSignal,
  ): AsyncGenerator<Frame, void, undefined> {
    checkCancelled(signal);
    const { fps, resolution, firstFrame = 0 } = options;
    const { motion, open, loop } = await this.#dressed(options, signal);
    const [width, height] = frameSize(resolution, options.aspect);
    const track = new SpeechTrack();
    const person = new Person(motion.loops[loop], track, fps, options.frameSkip, firstFrame);
    const listener = this.#ears.listen();
    const scene = open({ fps, lively: options.lively ?? true, firstFrame, signal });
    const pool = scene.frames ?? new FramePool(width, height);
    let index = 0;
    const framesUntil = async function* (end: number): AsyncGenerator<Frame, void, undefined> {
      for (; index < end; index++) {
        checkCancelled(signal);
        track.forget(index / fps);
        await scene.next?.();
        yield pool.frame(index, (canvas) => scene.draw(canvas, person.at(index)));
        // The encoder's pipe drains between frames, and an abort gets heard.
        await nextTurn();
      }
    };
    try {
      // The mouth readies itself for what comes next, so the last moments of a part wait for the part after it.
      const held = LOOK_AHEAD + options.frameSkip / fps;
      for await (const part of speech) {
        checkCancelled(signal);
        track.add(part, await listener.hear(part, signal));
        yield* framesUntil(Math.floor((track.duration - held) * fps));
      }
      yield* framesUntil(Math.ceil(track.duration * fps - FRAME_EPSILON));
      checkCancelled(signal);
    } finally {
      await scene[Symbol.asyncDispose]?.();
    }
  }

  async likenessOf(options: LipsyncOptions, signal: AbortSignal): Promise<Likeness | undefined> {
    const { wearer } = await this.#named(options, signal);
    return "likeness" in wearer ? wearer.likeness : undefined;
  }

  async faceView(options: LipsyncOptions, signal: AbortSignal): Promise<FaceView> {
    const { wearer } = await this.#named(options, signal);
    if ("likeness" in wearer) return likenessView(wearer.likeness.profile, options);
    return drawnView(await readAvatarSheet(wearer.directory), options);
  }

  /** Whom the options name, ready to be drawn, and the loop. */
  async #dressed(options: LipsyncOptions, signal: AbortSignal): Promise<Dressed & { readonly loop: Loop }> {
    const { likeness, resolution, aspect = "16:9", background } = options;
    const { wearer, loop } = await this.#named(options, signal);
    const around = { aspect, background };
    // What a job brings is not seen again.
    const dressing = likeness === undefined ? "get" : "dress";
    return { ...(await this.#wardrobe[dressing](wearer, resolution, around)), loop };
  }

  /** Whom the options name, and the loop. */
  async #named(
    { avatar, likeness }: LipsyncOptions,
    signal: AbortSignal,
  ): Promise<{ readonly wearer: Wearer; readonly loop: Loop }> {
    const [, name = avatar, loop] = /^(.*)_(short|long)$/.exec(avatar) ?? [];
    if (likeness !== undefined) {
      const profile = await readProfile(likeness);
      if (!profile) throw new AppError("internal", "An avatar was to be shown that was not prepared.");
      const wearer = { id: avatar, likeness: { folder: likeness, profile } };
      return { wearer, loop: loop === "short" ? "short" : "long" };
    }
    const wearer = loop === undefined ? undefined : await this.#find(name, signal);
    if (wearer) return { wearer, loop: loop as Loop };
    const people = [...(await listPeople(this.#avatarsDir)), ...(await this.#stored.all()).map((each) => each.name)];
    const known = people.flatMap((person) => LOOPS.map((each) => `${person}_${each}`)).join(", ");
    throw new AppError("not_found", `There is no avatar ${JSON.stringify(avatar)}. Known avatars: ${known || "none"}.`);
  }

  async #find(name: string, signal: AbortSignal): Promise<Wearer | undefined> {
    if ((await listPeople(this.#avatarsDir)).includes(name)) {
      return { id: name, directory: join(this.#avatarsDir, name) };
    }
    const stored = await this.#stored.find(name);
    return stored && { id: name, likeness: stored.likeness ?? (await this.#lookAt(stored, signal)) };
  }

  /** Looks at a photo that was put into the models folder: once, however many ask, and on when one of them leaves. */
  async #lookAt(stored: StoredAvatar, signal: AbortSignal): Promise<Likeness> {
    const { name } = stored;
    const looking = this.#looking.get(name) ?? this.#found(stored).finally(() => this.#looking.delete(name));
    this.#looking.set(name, looking);
    try {
      return await orAborted(looking, signal);
    } catch (error) {
      checkCancelled(signal);
      throw error;
    }
  }

  /** Finds the face of a bare avatar, and keeps what is found beside the other avatars. */
  async #found({ name, bare }: StoredAvatar): Promise<Likeness> {
    if (!bare) throw new AppError("internal", "An avatar has neither a profile nor a picture.");
    const kept = this.#stored.analysisFolder(name, bare);
    const folder = join(dirname(kept), randomUUID());
    try {
      await mkdir(folder, { recursive: true });
      await this.adopt(bare, folder, new AbortController().signal);
      // Somebody else may have been first; what they found is as good.
      await rename(folder, kept).catch(() => undefined);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
    const profile = await readProfile(kept);
    if (!profile) throw new AppError("storage_failed", "What was found out about an avatar could not be kept.");
    return { folder: kept, profile };
  }
}

/**
 * The embedded lip-sync engine: people drawn in layers under `<modelsDir>/avatars`, and photos and videos of people, made
 * to speak on the CPU.
 *
 * @throws AppError from `render`: `not_found` for an unknown avatar, `cancelled`, `engine_failed` for broken layers
 */
export function createRigEngine(options: RigOptions): RigEngine {
  return new Rig(options);
}
