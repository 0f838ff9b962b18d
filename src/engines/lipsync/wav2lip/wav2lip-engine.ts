import { AppError } from "../../../errors.ts";
import type { AvatarProfile } from "../../../library/avatar-profile.ts";
import { KEPT_FACES } from "../../../limits/networks.ts";
import { type Log, silentLog } from "../../../log.ts";
import type { Binaries } from "../../../media/binaries.ts";
import { type CheckpointModels, modelAvailability } from "../../checkpoint-models.ts";
import type { Availability, EngineInfo } from "../../engine.ts";
import type { SpeechPart } from "../../speech/speech-engine.ts";
import {
  type AvatarInfo,
  type AvatarSource,
  type Frame,
  frameSize,
  type LipsyncEngine,
  type LipsyncOptions,
  type Resolution,
  type StudiedAvatar,
} from "../lipsync-engine.ts";
import { frameBytes, planesOf } from "../rig/frame-planes.ts";
import type { RigEngine } from "../rig/rig-engine.ts";
import { baseFrames } from "./base-frames.ts";
import { encodeLoop } from "./encode-loop.ts";
import { planFaces } from "./face-plan.ts";
import { FaceStore } from "./face-store.ts";
import { FoundFaces } from "./found-faces.ts";
import { FrameShelf } from "./frame-shelf.ts";
import { KeptFaces } from "./kept-faces.ts";
import { mouthMask } from "./mouth-mask.ts";
import { MouthNetworks } from "./mouth-networks.ts";
import { MouthPaster } from "./mouth-paste.ts";
import { beginOf, comingFrames } from "./mouths.ts";
import { readAhead } from "./read-ahead.ts";

/** Frames that a consumer may hold without new memory being taken. */
const OUT = 4;

const INFO: EngineInfo = {
  id: "wav2lip",
  kind: "lipsync",
  description: "Wav2Lip: makes the lower face of drawn, photographed and filmed people anew, to any sound.",
  embedded: false,
  lane: "gpu",
  license: "Weights for research and personal use, not for commercial use (LRS2)",
  languages: ["*"],
};

export type Wav2LipOptions = {
  readonly models: CheckpointModels;
  /** Shows the people, their mouths at rest; it is closed with this engine. */
  readonly base: () => Promise<RigEngine>;
  /** The ffmpeg that reads videos. */
  readonly binaries: () => Promise<Binaries>;
  /** Where the faces of prepared avatars are kept as the network sees them; default nowhere. */
  readonly facesDir?: string;
  readonly log?: Log;
};

class Wav2LipEngine implements LipsyncEngine {
  readonly info = INFO;
  readonly composes = true;
  readonly #models: CheckpointModels;
  readonly #base: () => Promise<RigEngine>;
  #used = false;
  readonly #faces: FoundFaces;
  readonly #kept: KeptFaces;

  constructor({ models, base, binaries, facesDir, log = silentLog() }: Wav2LipOptions) {
    this.#kept = new KeptFaces(facesDir === undefined ? undefined : new FaceStore(facesDir, KEPT_FACES.diskBytes, log));
    this.#models = models;
    this.#base = () => {
      this.#used = true;
      return base();
    };
    this.#faces = new FoundFaces(models, binaries, log);
  }

  async availability(): Promise<Availability> {
    const weights = await modelAvailability(this.#models, "wav2lip", "Wav2Lip", "wav2lip");
    return weights.available ? (await this.#base()).availability() : weights;
  }

  async avatars(): Promise<readonly AvatarInfo[]> {
    return (await this.#base()).avatars();
  }

  async prepare(person: string, resolution: Resolution): Promise<void> {
    const base = await this.#base();
    const { signal } = new AbortController();
    await using _ = await MouthNetworks.open(this.#models, this.#kept, signal);
    await base.prepare(person, resolution);
  }

  async study(options: LipsyncOptions, signal: AbortSignal): Promise<StudiedAvatar> {
    const engine = await this.#base();
    const likeness = await engine.likenessOf(options, signal);
    const profile = likeness && (await this.#faces.ensure(likeness, signal, { seldom: true }));
    const view = await engine.faceView(options, signal);
    await using networks = await MouthNetworks.open(this.#models, this.#kept, signal, options.onPreparing);
    const [width, height] = frameSize(options.resolution, options.aspect);
    const boxAt = planFaces(view, width, height, options.face);
    const encoded = await encodeLoop(engine, options, boxAt, networks, signal);
    const foundBy = profile ? (profile.faces?.found_by ?? profile.found_by) : "drawing";
    return { foundBy, faces: view.boxes.length, encoded };
  }

  async adopt(source: AvatarSource, folder: string, signal: AbortSignal): Promise<AvatarProfile> {
    const base = await this.#base();
    const profile = await base.adopt(source, folder, signal);
    return this.#faces.adopted({ folder, profile }, source, signal);
  }

  async *render(
    speech: AsyncIterable<SpeechPart>,
    options: LipsyncOptions,
    signal: AbortSignal,
  ): AsyncGenerator<Frame, void, undefined> {
    if (signal.aborted) throw new AppError("cancelled", "The job was cancelled.", { cause: signal.reason });
    const engine = await this.#base();
    const likeness = await engine.likenessOf(options, signal);
    if (likeness) await this.#faces.ensure(likeness, signal, { seldom: false });
    const [width, height] = frameSize(options.resolution, options.aspect);
    const boxAt = planFaces(await engine.faceView(options, signal), width, height, options.face);
    await using networks = await MouthNetworks.open(this.#models, this.#kept, signal, options.onPreparing);
    const paster = new MouthPaster(networks.size, mouthMask(networks.size));
    const bytes = frameBytes(width, height);
    const shelf = new FrameShelf(bytes, networks.ahead);
    const out = new FrameShelf(bytes, OUT);

    const stop = new AbortController();
    const within = AbortSignal.any([signal, stop.signal]);
    const base = baseFrames(engine, { ...options, firstFrame: beginOf(options) }, within);
    const run = { job: stop, signal: within };
    const coming = comingFrames({ speech, base, boxAt, networks, shelf, width, height, run, options });
    try {
      for await (const { index, pixels, box, picture } of readAhead(coming, networks.ahead)) {
        const made = await picture;
        const data = out.take();
        data.set(pixels);
        shelf.give(pixels);
        paster.paste(planesOf(data, width, height), box, made);
        let held = true;
        yield {
          index,
          data,
          release: () => {
            if (held) out.give(data);
            held = false;
          },
        };
      }
      if (signal.aborted) throw new AppError("cancelled", "The job was cancelled.", { cause: signal.reason });
    } finally {
      stop.abort();
      await Promise.allSettled([coming.return(), base.return()]);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#used) await (await this.#base())[Symbol.asyncDispose]();
  }
}

/**
 * Wav2Lip over the people of another engine: their frames with the mouth at rest, and the lower face as the network
 * makes it.
 *
 * @throws AppError from `render`: `not_found` for an unknown avatar, `engine_unavailable` without weights,
 * `model_unusable`, `engine_failed`, `cancelled`
 */
export function createWav2LipEngine(options: Wav2LipOptions): LipsyncEngine & AsyncDisposable {
  return new Wav2LipEngine(options);
}
