import { AppError } from "../../../errors.ts";
import type { MonoStream } from "../../../signal/audio.ts";
import { resampleStream } from "../../../signal/stream-resampler.ts";
import { onGpu } from "../../checkpoint-models.ts";
import { LevelCurve, LoudnessMatch } from "./loudness.ts";
import { passagesOf, RVC_RATE } from "./passages.ts";
import { type Performance, singSong } from "./song.ts";
import { ZeroPhaseHighPass } from "./zero-phase.ts";

/**
 * A recording in an RVC voice, as it is read: ⌈n · out / in⌉ samples at the voice's rate. Memory holds a passage of some
 * 20 s, whatever the length.
 * @param rmsMixRate 0 follows the source's loudness, 1 keeps the voice's
 * @throws AppError `model_unusable`, `engine_failed`, `cancelled`, and what the source throws
 */
export async function* convertSong(
  source: MonoStream,
  performance: Performance,
  rmsMixRate: number,
  signal: AbortSignal,
): AsyncGenerator<Float32Array, void> {
  const { sampleRate } = performance.voice;
  const level = new LevelCurve(RVC_RATE);
  const loudness = new LoudnessMatch(level, sampleRate, rmsMixRate);
  let read = 0;
  let ended = false;
  async function* counted(): AsyncGenerator<Float32Array, void> {
    for await (const block of source.blocks) {
      if (signal.aborted) throw new AppError("cancelled", "The job was cancelled.", { cause: signal.reason });
      read += block.length;
      // What is not a number would be heard by the whole of its passage.
      yield block.every(Number.isFinite) ? block : block.map((x) => (Number.isFinite(x) ? x : 0));
    }
  }
  async function* prepared(): AsyncGenerator<Float32Array, void> {
    const filter = new ZeroPhaseHighPass();
    const pass = (samples: Float32Array): Float32Array => {
      level.push(samples);
      return samples;
    };
    for await (const block of resampleStream(counted(), source.sampleRate, RVC_RATE)) yield pass(filter.push(block));
    yield pass(filter.finish());
    level.finish();
    ended = true;
  }
  const { listener } = performance;
  const passages = passagesOf(prepared(), !onGpu(listener));
  let made = 0;
  for await (const audio of singSong(passages, performance, signal)) {
    const left = ended ? Math.ceil((read * sampleRate) / source.sampleRate) - made : audio.length;
    const wanted = audio.slice(0, left);
    made += wanted.length;
    const samples = loudness.push(wanted);
    if (samples.length > 0) yield samples;
  }
  const rest = loudness.finish();
  if (rest.length > 0) yield rest;
}
