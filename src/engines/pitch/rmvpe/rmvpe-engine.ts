import { AppError } from "../../../errors.ts";
import { RMVPE_HOP, RMVPE_RATE } from "../../../graphs/rmvpe-mel.ts";
import { RMVPE_MIN_FRAMES, RMVPE_PITCHES } from "../../../graphs/rmvpe.ts";
import type { Lease, Leases } from "../../../inference/model-cache.ts";
import type { Tensors } from "../../../inference/tensor.ts";
import { RMVPE_BLOCK } from "../../../limits/networks.ts";
import type { MonoAudio } from "../../../signal/audio.ts";
import { resample } from "../../../signal/resample.ts";
import { type CheckpointModels, leaseNetwork, modelAvailability } from "../../checkpoint-models.ts";
import type { Availability, EngineInfo } from "../../engine.ts";
import { checkPitchRequest } from "../check-pitch-request.ts";
import type { F0, PitchEstimator, PitchOptions } from "../pitch-estimator.ts";
import { decodeSalience } from "./decode.ts";

const HOP_SECONDS = RMVPE_HOP / RMVPE_RATE;

/** Makes the engine `rmvpe`. Its weights are looked for when it is asked, and loaded when it is used. */
export function createRmvpeEngine(models: CheckpointModels): PitchEstimator {
  return new RmvpeEngine(models);
}

class RmvpeEngine implements PitchEstimator {
  readonly info: EngineInfo = {
    id: "rmvpe",
    kind: "pitch",
    description: "RMVPE: the pitch of a voice, with music around it too; what RVC voices are sung with",
    embedded: false,
    lane: "gpu",
    license: "MIT (weights as published with RVC)",
    languages: ["*"],
  };
  readonly #models: CheckpointModels;

  constructor(models: CheckpointModels) {
    this.#models = models;
  }

  availability(): Promise<Availability> {
    return modelAvailability(this.#models, "rmvpe", "RMVPE", "rvc-base");
  }

  /**
   * Frames up to the end of the sound, both ends included. Sound of up to a minute is heard at once, as the reference
   * does; longer sound in blocks with a second around each. The network hears 32 to 2006 Hz each 0.01 s: a frame whose
   * pitch lies outside of the range that is asked for has none, and frames at other times lie between the network's.
   * @throws AppError `invalid_input` for a hop or a range that makes no sense; `invalid_audio`; `engine_unavailable` where
   * there are no weights; `model_unusable`, `engine_failed`, `cancelled`
   */
  async estimate(audio: MonoAudio, options: PitchOptions, signal: AbortSignal): Promise<F0> {
    checkPitchRequest(audio, options);
    const samples = resample(audio.samples, audio.sampleRate, RMVPE_RATE);
    await using lease = await this.#lease(this.#models.cache, signal);
    const values = new Float64Array(1 + Math.floor(samples.length / RMVPE_HOP));
    for (let from = 0; from < values.length; ) {
      const left = values.length - from;
      // The last block takes what would be too little for one of its own.
      const frames = left <= RMVPE_BLOCK.frames + RMVPE_BLOCK.context ? left : RMVPE_BLOCK.frames;
      const first = Math.max(0, from - RMVPE_BLOCK.context);
      const last = Math.min(values.length, from + frames + RMVPE_BLOCK.context);
      const piece = padded(samples.subarray(first * RMVPE_HOP, last === values.length ? undefined : last * RMVPE_HOP));
      const feeds = { audio: { type: "float32", dims: [1, piece.length], data: piece } } as const;
      values.set(pitchOf(await lease.session.run(feeds, signal), from - first, frames), from);
      from += frames;
    }
    const { floor, ceiling, hopSeconds } = options;
    const kept = values.map((hz) => (hz >= floor && hz <= ceiling ? hz : 0));
    if (Math.abs(hopSeconds - HOP_SECONDS) < 1e-9) return { hopSeconds: HOP_SECONDS, values: kept };
    const frames = 1 + Math.floor(samples.length / RMVPE_RATE / hopSeconds + 1e-9);
    return {
      hopSeconds,
      values: Float64Array.from({ length: frames }, (_, i) => between(kept, (i * hopSeconds) / HOP_SECONDS)),
    };
  }

  hold(leases: Leases, _options: Pick<PitchOptions, "size">, signal: AbortSignal): Promise<Lease> {
    return this.#lease(leases, signal);
  }

  async #lease(cache: Leases, signal: AbortSignal): Promise<Lease> {
    const entry = await this.#models.library.find("rmvpe");
    if (!entry) {
      throw new AppError(
        "engine_unavailable",
        "There are no weights of RMVPE. Run `talkbox models pull rvc-base`, or choose harvest.",
      );
    }
    return leaseNetwork({ ...this.#models, cache }, { entry, part: "salience", lean: true }, signal);
  }
}

/** The pitch at a place between frames: on the line between two that are sung, else the nearer one's. */
function between(values: Float64Array, place: number): number {
  const last = values.length - 1;
  const before = Math.min(last, Math.floor(place + 1e-9));
  const [a, b] = [values[before] as number, values[Math.min(last, before + 1)] as number];
  const share = Math.max(0, place - before);
  if (a > 0 && b > 0) return a + (b - a) * Math.min(1, share);
  return share < 0.5 ? a : b;
}

/** The pitch of some frames; some graphs that come ready tell it themselves. */
function pitchOf({ salience, hz }: Tensors, from: number, frames: number): ArrayLike<number> {
  if (hz?.type === "float32") return hz.data.subarray(from, from + frames);
  if (salience?.type !== "float32") throw new Error("RMVPE gave no salience");
  return decodeSalience(salience.data.subarray(from * RMVPE_PITCHES, (from + frames) * RMVPE_PITCHES));
}

/** A copy, with silence behind it where it is shorter than the network takes. */
function padded(samples: Float32Array): Float32Array<ArrayBuffer> {
  const out = new Float32Array(Math.max(samples.length, (RMVPE_MIN_FRAMES - 1) * RMVPE_HOP));
  out.set(samples);
  return out;
}
