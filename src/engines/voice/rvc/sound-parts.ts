import type { RvcVoice } from "../../../graphs/rvc-voice.ts";
import { type RvcReach, reachOf } from "../../../graphs/rvc.ts";
import { Batcher } from "../../../inference/batcher.ts";
import type { Network } from "../../../inference/session.ts";
import { runTogether, stackTensors } from "../../../inference/tensor-batch.ts";
import type { Tensor, Tensors } from "../../../inference/tensor.ts";
import { RVC_SOUND_BATCHES, RVC_SOUND_FRAMES } from "../../../limits/networks.ts";
import { onGpu } from "../../checkpoint-models.ts";

/** A part of a latent with `reach` frames more on either side, and the source of its sound. */
export type SoundPart = {
  /** [inter, frames] */
  readonly latent: Float32Array<ArrayBuffer>;
  readonly frames: number;
  /** frames · hop samples; undefined for a voice without f0. */
  readonly source: Float32Array<ArrayBuffer> | undefined;
  readonly speaker: number;
};

/**
 * A voice's second network, which makes sound of parts of what is to be sung. On a GPU parts are run together, those of
 * several jobs too, in few sizes; on the CPU one by one, since a run takes all cores as it is.
 */
export class SoundParts implements AsyncDisposable {
  /** Parts have to be of one size, or each size costs a search for the fastest way. */
  readonly fixed: boolean;
  readonly reach: number;
  /** Frames on either side of a part that come out with it: the later stages needed them. */
  readonly #kept: number;
  readonly #voice: RvcVoice;
  readonly #ahead: number;
  readonly #batcher: Batcher<Tensors, Tensors>;

  constructor(network: Network, voice: RvcVoice) {
    this.#voice = voice;
    this.fixed = onGpu(network);
    const reach = reachOf(voice);
    this.reach = reach.reach;
    this.#kept = reach.reach - reach.cut;
    const buckets = this.fixed ? RVC_SOUND_BATCHES : undefined;
    const maxItems = this.fixed ? Math.max(...RVC_SOUND_BATCHES) : 1;
    // On a GPU the next run is put together while one is under way; on the CPU that would cost what it gains.
    this.#ahead = this.fixed ? 2 * maxItems : 1;
    this.#batcher = new Batcher({
      maxItems,
      buckets,
      run: runTogether({ ...network, run: (feeds, signal) => network.run({ ...feeds, cut: cutOf(reach) }, signal) }),
      groupOf: ({ latent }) => String(latent?.dims[2]),
    });
  }

  /**
   * Sings parts.
   * @param job whose they are: jobs take turns
   * @returns the sound of each in turn, without what is beyond it on either side
   * @throws AppError `engine_failed`, `cancelled`, `shutting_down`
   */
  async *sing(parts: Iterable<SoundPart>, job: unknown, signal: AbortSignal): AsyncGenerator<Float32Array, void> {
    const { hop } = this.#voice;
    for await (const { audio } of this.#batcher.map(this.#items(parts), { job, signal, ahead: this.#ahead })) {
      if (audio?.type !== "float32") throw new Error("the voice gave no sound");
      yield audio.data.subarray(this.#kept * hop, audio.data.length - this.#kept * hop);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#batcher[Symbol.asyncDispose]();
  }

  *#items(parts: Iterable<SoundPart>): Generator<Tensors, void> {
    for (const part of parts) yield feedsOf(this.#voice, part);
  }
}

const cutOf = ({ cut }: RvcReach): Tensor => ({ type: "int64", dims: [1], data: BigInt64Array.of(BigInt(cut)) });

function feedsOf({ inter, hop }: RvcVoice, { latent, frames, source, speaker }: SoundPart): Tensors {
  return {
    latent: { type: "float32", dims: [1, inter, frames], data: latent },
    sid: { type: "int64", dims: [1], data: BigInt64Array.of(BigInt(speaker)) },
    ...(source && { source: { type: "float32", dims: [1, 1, frames * hop], data: source } }),
  };
}

/** Runs a voice's second network as parts on a GPU will, in each size of batches. */
export async function warmUpSound(network: Network, voice: RvcVoice): Promise<void> {
  const reach = reachOf(voice);
  const frames = RVC_SOUND_FRAMES + 2 * reach.reach;
  for (const size of onGpu(network) ? RVC_SOUND_BATCHES : []) {
    const source = voice.f0 ? new Float32Array(frames * voice.hop) : undefined;
    const part = feedsOf(voice, { latent: new Float32Array(voice.inter * frames), frames, source, speaker: 0 });
    const feeds = Object.entries(part).map(([name, tensor]) => [name, stackTensors([tensor], size)]);
    await network.run({ ...Object.fromEntries(feeds), cut: cutOf(reach) });
  }
}
