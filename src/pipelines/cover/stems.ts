import { join } from "node:path";
import { AppError } from "../../errors.ts";
import { decodeAudio } from "../../media/decode-audio.ts";
import { deinterleave } from "../../media/pcm.ts";
import { probe } from "../../media/probe.ts";
import { Downmix } from "../../signal/panorama.ts";
import { fetchInput } from "../fetch-input.ts";
import type { PipelineContext } from "../pipeline.ts";
import type { StereoBlock } from "./stereo.ts";

/** Magnitude beyond which a sample is a fault of the file: 24 dB over full scale. */
const HIGHEST = 16;

/** A recording that a caller brought, in a file. */
export type Stem = {
  /** The parameter that it came by. */
  readonly name: string;
  readonly path: string;
  /** Hz; 0 where the file does not say. */
  readonly sampleRate: number;
  /** 1 or 2; more are mixed down to 2. */
  readonly channels: 1 | 2;
  /** Seconds, as the file says; 0 where it does not. */
  readonly seconds: number;
};

/**
 * Fetches a stem, given as base64 or by URL, and looks at what it is.
 * @param name of the parameter that it came by
 * @throws AppError `invalid_audio`, `input_too_large`, `url_refused`, `download_failed`, `timeout`, `cancelled`
 */
export async function openStem(source: string, name: string, context: PipelineContext): Promise<Stem> {
  const path = join(await context.tempDir(), name);
  await named(name, () => fetchInput(source, path, { kind: "audio" }, context));
  const binaries = await context.binaries();
  const info = await probe(path, { ffprobe: binaries.ffprobe, signal: context.signal }).catch((error: unknown) => {
    // A file that cannot be described is no fault yet: decoding it says more.
    if (error instanceof AppError && error.code === "invalid_input") return undefined;
    throw error;
  });
  const stem: Stem = {
    name,
    path,
    sampleRate: info?.audio?.sampleRate ?? 0,
    channels: info?.audio?.channels === 1 ? 1 : 2,
    seconds: info?.audio?.duration ?? info?.duration ?? 0,
  };
  await refuseEarly(stem, context);
  return stem;
}

/** The sound of a stem in one channel: the mean of both where there are two, see `Downmix`. Errors name the stem. */
export async function* monoSound(
  stem: Stem,
  sampleRate: number,
  context: PipelineContext,
): AsyncGenerator<Float32Array, void> {
  if (stem.channels === 1) {
    yield* decoded(stem, sampleRate, context);
    return;
  }
  const downmix = new Downmix(sampleRate);
  for await (const block of stereoSound(stem, sampleRate, context)) yield downmix.push(block);
}

/** The sound of a stem on two channels; one channel is put on both as it is. Errors name the stem. */
export async function* stereoSound(
  stem: Stem,
  sampleRate: number,
  context: PipelineContext,
): AsyncGenerator<StereoBlock, void> {
  for await (const samples of decoded(stem, sampleRate, context)) {
    const [left, right] = deinterleave(samples, stem.channels);
    if (left) yield [left, right ?? left.slice()];
  }
}

async function* decoded(stem: Stem, sampleRate: number, context: PipelineContext): AsyncGenerator<Float32Array, void> {
  const { signal, config } = context;
  const options = {
    binaries: await context.binaries(),
    sampleRate,
    // Made one or two of here and not by ffmpeg, which changes the level by 3 dB.
    channels: stem.channels,
    resampling: "fine",
    maxSeconds: config.maxAudioSeconds,
    signal,
  } as const;
  try {
    for await (const samples of decodeAudio(stem.path, options)) {
      for (let n = 0; n < samples.length; n++) {
        if (Math.abs(samples[n] as number) > HIGHEST) samples[n] = Math.sign(samples[n] as number) * HIGHEST;
      }
      yield samples;
    }
  } catch (error) {
    throw withName(error, stem.name);
  }
}

/**
 * Refuses a stem that is too long before work begins on it. What a header says is only believed when the sound is there:
 * it is decoded, at a rate that costs next to nothing.
 */
async function refuseEarly(stem: Stem, context: PipelineContext): Promise<void> {
  const { signal, config } = context;
  const maxSeconds = config.maxAudioSeconds;
  if (stem.seconds <= maxSeconds) return;
  const options = { binaries: await context.binaries(), sampleRate: 8000, channels: 1, maxSeconds, signal } as const;
  await named(stem.name, async () => {
    for await (const _ of decodeAudio(stem.path, options));
  });
}

async function named<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw withName(error, name);
  }
}

/** An error about a stem says which. */
function withName(error: unknown, name: string): unknown {
  if (!(error instanceof AppError) || !["invalid_audio", "input_too_large"].includes(error.code)) return error;
  return new AppError(error.code, `${error.message} (\`${name}\`)`, { cause: error.cause ?? error });
}
