import type { RvcVoice } from "../../../graphs/rvc-voice.ts";
import type { Network } from "../../../inference/session.ts";
import type { Tensor } from "../../../inference/tensor.ts";
import { RVC_SOUND_FRAMES } from "../../../limits/networks.ts";
import { sineSource } from "../../../signal/voice/sine-source.ts";
import { onGpu } from "../../checkpoint-models.ts";
import { coarsePitch } from "./f0.ts";
import type { VoiceNoise } from "./noise.ts";
import type { SoundPart, SoundParts } from "./sound-parts.ts";

/** What a passage is sung from. */
export type Score = {
  /** What is said, [frames, width]. */
  readonly content: Float32Array<ArrayBuffer>;
  readonly frames: number;
  /** Hz of each frame; undefined for a voice that takes none. */
  readonly f0: Float64Array | undefined;
  /** Turns of the source before the passage's first frame. */
  readonly phase: number;
  /** Number of that frame in the song. */
  readonly firstFrame: number;
  /** It is all of a song: nothing that is sung later has to be of the same sizes. */
  readonly single: boolean;
};

const floats = (data: Float32Array<ArrayBuffer>, ...dims: number[]): Tensor => ({ type: "float32", dims, data });
const ints = (data: BigInt64Array<ArrayBuffer>, ...dims: number[]): Tensor => ({ type: "int64", dims, data });

/** Share of the work on a passage that the first network is. */
const HEARING = 0.08;

/** A voice and its two networks. */
export class Singer {
  readonly #voice: RvcVoice;
  readonly #latent: Network;
  readonly #sound: SoundParts;
  readonly #speaker: number;
  readonly #noise: VoiceNoise;

  constructor(voice: RvcVoice, latent: Network, sound: SoundParts, speaker: number, noise: VoiceNoise) {
    this.#voice = voice;
    this.#latent = latent;
    this.#sound = sound;
    this.#speaker = speaker;
    this.#noise = noise;
  }

  /**
   * Sings some frames of a passage, of which it hears all; as many as the second network reaches are there before and after them.
   * @param told how much of the work is done, 0 to 1
   * @returns their samples, 100th of a second each
   * @throws AppError `engine_failed`, `cancelled`
   */
  async sing(
    score: Score,
    from: number,
    to: number,
    signal: AbortSignal,
    told?: (share: number) => void,
  ): Promise<Float32Array<ArrayBuffer>> {
    const { hop } = this.#voice;
    const latent = await this.#hear(score, signal);
    told?.(HEARING);
    const out = new Float32Array((to - from) * hop);
    const count = Math.ceil((to - from) / RVC_SOUND_FRAMES);
    const size = score.single && !this.#sound.fixed ? Math.ceil((to - from) / count) : RVC_SOUND_FRAMES;
    const parts = this.#parts(score, latent, { from, to, size });
    let at = 0;
    for await (const audio of this.#sound.sing(parts, this, signal)) {
      out.set(audio.subarray(0, out.length - at), at);
      at += size * hop;
      told?.(HEARING + (1 - HEARING) * Math.min(1, at / out.length));
    }
    return out;
  }

  /** Parts of one size; what the last one is too long for is silence. */
  *#parts(
    score: Score,
    latent: Float32Array,
    { from, to, size }: { readonly from: number; readonly to: number; readonly size: number },
  ): Generator<SoundPart, void> {
    for (let at = from; at < to; at += size) {
      const [first, last] = [at - this.#sound.reach, at + size + this.#sound.reach];
      const source = this.#source(score, first, last);
      yield {
        latent: part(latent, score.frames, first, last),
        frames: last - first,
        source,
        speaker: this.#speaker,
      };
    }
  }

  /** What is to be heard, [inter, frames]. */
  async #hear({ content, frames, f0, firstFrame }: Score, signal: AbortSignal): Promise<Float32Array> {
    const { features, inter } = this.#voice;
    const feeds = {
      phone: floats(content, 1, frames, features),
      lengths: ints(BigInt64Array.of(BigInt(frames)), 1),
      noise: floats(this.#noise.latent(firstFrame, frames, inter), 1, inter, frames),
      sid: ints(BigInt64Array.of(BigInt(this.#speaker)), 1),
      ...(f0 && { pitch: ints(coarsePitch(f0), 1, frames) }),
    };
    const { latent } = await this.#latent.run(feeds, signal);
    if (latent?.type !== "float32") throw new Error("the voice gave no latent");
    return latent.data;
  }

  #source(score: Score, first: number, last: number): Float32Array<ArrayBuffer> | undefined {
    const { f0, firstFrame } = score;
    if (!f0) return undefined;
    const { sampleRate, hop } = this.#voice;
    const hz = Float64Array.from({ length: last - first }, (_, i) => f0[first + i] ?? 0);
    const noise = this.#noise.source((firstFrame + first) * hop, hz.length * hop);
    return sineSource(hz, { sampleRate, hop, noise, phase: turnsBefore(score, first, this.#voice) }).samples;
  }
}

/** Runs a voice's first network as passages on a GPU will: with so many frames. */
export async function warmUpLatent(network: Network, voice: RvcVoice, frameCounts: readonly number[]): Promise<void> {
  const { features, inter, f0 } = voice;
  for (const frames of onGpu(network) ? frameCounts : []) {
    await network.run({
      phone: floats(new Float32Array(frames * features), 1, frames, features),
      lengths: ints(BigInt64Array.of(BigInt(frames)), 1),
      noise: floats(new Float32Array(frames * inter), 1, inter, frames),
      sid: ints(BigInt64Array.of(0n), 1),
      ...(f0 && { pitch: ints(new BigInt64Array(frames).fill(1n), 1, frames) }),
    });
  }
}

/** Turns of the source before a frame. */
export function turnsBefore(
  { f0, phase }: Pick<Score, "f0" | "phase">,
  frame: number,
  { sampleRate, hop }: Pick<RvcVoice, "sampleRate" | "hop">,
): number {
  let turns = phase;
  for (let i = 0; i < frame; i++) turns = (turns + ((f0?.[i] ?? 0) * hop) / sampleRate) % 1;
  return turns;
}

/** Frames of a latent, [inter, last - first]; zeros beyond its ends. */
function part(latent: Float32Array, frames: number, first: number, last: number): Float32Array<ArrayBuffer> {
  const rows = latent.length / frames;
  const out = new Float32Array(rows * (last - first));
  const [from, to] = [Math.max(0, first), Math.min(frames, last)];
  if (from >= to) return out;
  for (let row = 0; row < rows; row++) {
    out.set(latent.subarray(row * frames + from, row * frames + to), row * (last - first) + from - first);
  }
  return out;
}
