import type { MonoAudio } from "../../signal/audio.ts";
import { cuttingStep } from "../../signal/voice/frame-grid.ts";
import type { Availability, EngineInfo } from "../engine.ts";
import type { PitchTask } from "../voice/world/protocol.ts";
import { VoiceThreads } from "../voice/world/threads.ts";
import { checkPitchRequest } from "./check-pitch-request.ts";
import type { F0, PitchEstimator, PitchOptions } from "./pitch-estimator.ts";

/** Seconds of a block, and of what the tracker sees before and after it. */
const BLOCK_SECONDS = 10;
const CONTEXT_SECONDS = 0.6;

/** A pitch tracker of the WORLD vocoder, in threads: block by block, so that several work at one recording. */
export class WorldPitch implements PitchEstimator, AsyncDisposable {
  readonly info: EngineInfo;
  readonly #method: PitchTask["method"];
  readonly #threads: VoiceThreads;

  constructor(method: PitchTask["method"], description: string, threads?: number) {
    this.info = {
      id: method,
      kind: "pitch",
      description,
      embedded: true,
      license: "Apache-2.0 (this project)",
      languages: ["*"],
    };
    this.#method = method;
    this.#threads = new VoiceThreads(threads);
  }

  availability(): Promise<Availability> {
    return Promise.resolve({ available: true });
  }

  /**
   * Frames up to the end of the sound, both ends included.
   * @throws AppError `invalid_input` for a range or hop that makes no sense; `cancelled`, `engine_failed`
   */
  async estimate(audio: MonoAudio, options: PitchOptions, signal: AbortSignal): Promise<F0> {
    checkPitchRequest(audio, options);
    const { sampleRate } = audio;
    const { hopSeconds, floor, ceiling } = options;
    const hop = hopSeconds * sampleRate;
    const samples = new Float32Array(new SharedArrayBuffer(4 * audio.samples.length));
    samples.set(audio.samples);
    const values = new Float64Array(Math.floor(samples.length / hop + 1e-9) + 1);
    const inner = new AbortController();
    const job = AbortSignal.any([signal, inner.signal]);
    const estimateBlock = async (from: number, to: number, context: number): Promise<void> => {
      const first = Math.max(0, from - context);
      const start = Math.round(first * hop);
      const piece = samples.subarray(start, Math.min(samples.length, Math.ceil((to + context) * hop)));
      const task = { kind: "pitch", method: this.#method, samples: piece, sampleRate, hop, floor, ceiling } as const;
      const f0 = await this.#threads.run(task, job);
      values.set(f0.subarray(from - first, Math.min(f0.length, to - first, values.length - first)), from);
    };
    const { step, context } = blockFrames(sampleRate, hop, values.length);
    const work: Promise<void>[] = [];
    for (let from = 0; from < values.length; from += step) work.push(estimateBlock(from, from + step, context));
    try {
      await Promise.all(work);
    } finally {
      inner.abort();
      await Promise.allSettled(work);
    }
    return { hopSeconds, values };
  }

  /** Ends the threads; what is being estimated fails as cancelled. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#threads[Symbol.asyncDispose]();
  }
}

/** Frames of a block and of its surroundings; all frames in one where there is no place to cut. */
function blockFrames(sampleRate: number, hop: number, frames: number): { step: number; context: number } {
  const unit = cuttingStep(sampleRate, hop);
  if (unit === 0) return { step: frames, context: 0 };
  const whole = (seconds: number): number => unit * Math.max(1, Math.ceil((seconds * sampleRate) / hop / unit));
  return { step: whole(BLOCK_SECONDS), context: whole(CONTEXT_SECONDS) };
}
