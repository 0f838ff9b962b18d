/** Reference voices: from a recording to what is known of its speaker, and from a name to either. */

import { join } from "node:path";
import type { VoiceConverter } from "../engines/voice/voice-converter.ts";
import { AppError } from "../errors.ts";
import { REFERENCE_SECONDS } from "../limits/inputs.ts";
import type { StoredVoice } from "../library/stored-voice.ts";
import type { NewVoice, StoredVoices } from "../library/stored-voices.ts";
import type { VoiceProfile } from "../library/voice-profile.ts";
import { decodeAudio } from "../media/decode-audio.ts";
import { concatSamples } from "../media/pcm.ts";
import { probe } from "../media/probe.ts";
import { writeWav } from "../media/wav.ts";
import type { MonoAudio, MonoStream } from "../signal/audio.ts";
import { resample } from "../signal/resample.ts";
import { fetchInput } from "./fetch-input.ts";
import type { PipelineContext } from "./pipeline.ts";

/** Recordings are kept at their own rate between these, in Hz. */
const KEPT_RATE = { min: 16_000, max: 48_000 } as const;
/** Hz at which recordings are analysed, at most; others are multiples of the grid, so that the conversion is quick. */
const ANALYSIS_RATE = 24_000;
const RATE_GRID = 100;
/** RMS of the loudest 50 ms under which a recording is silence, full scale being 1: −55 dBFS. */
const SILENCE_RMS = 10 ** (-55 / 20);
const LEVEL_SECONDS = 0.05;

/** A converter that can learn a speaker. */
export type LearningConverter = VoiceConverter & Required<Pick<VoiceConverter, "profile">>;

/**
 * The best available engine that adapts to a speaker.
 * @throws AppError `engine_unavailable`
 */
export async function learningConverter({ engines }: PipelineContext): Promise<LearningConverter> {
  const converter = (await engines.available("voice")).find((engine) => engine.profile !== undefined);
  if (converter) return converter as LearningConverter;
  throw new AppError("engine_unavailable", "No voice engine here can adapt to a recording. See `list_engines`.");
}

/**
 * A caller's recording of a voice, as base64 or by URL: mono, 1 to 120 s, not silent.
 * @throws AppError `invalid_audio`, `input_too_large`, `url_refused`, `download_failed`, `timeout`, `cancelled`
 */
export async function readReference(source: string, context: PipelineContext): Promise<MonoAudio> {
  const path = join(await context.tempDir(), "reference");
  await fetchInput(source, path, { kind: "audio" }, context);
  const { signal, clock } = context;
  const audio = await clock.time("decode", async () => {
    const binaries = await context.binaries();
    const sampleRate = await keptRate(path, context);
    const options = { binaries, sampleRate, maxSeconds: REFERENCE_SECONDS.max, signal };
    const pieces: Float32Array[] = [];
    for await (const piece of decodeAudio(path, options)) pieces.push(piece);
    return { sampleRate, samples: concatSamples(pieces) };
  });
  checkReference(audio);
  return audio;
}

/** Decodes a recording that lies in the library. */
async function readStored({ path, sample_rate }: StoredVoice, context: PipelineContext): Promise<MonoAudio> {
  const pieces: Float32Array[] = [];
  const binaries = await context.binaries();
  const options = { binaries, sampleRate: sample_rate, maxSeconds: 2 * REFERENCE_SECONDS.max, signal: context.signal };
  for await (const piece of decodeAudio(path, options)) pieces.push(piece);
  return { sampleRate: sample_rate, samples: concatSamples(pieces) };
}

/** What is known of a speaker, from a recording of theirs. Errors as `VoiceConverter.profile`. */
export async function profileOf(audio: MonoAudio, context: PipelineContext): Promise<VoiceProfile> {
  const converter = await learningConverter(context);
  return context.clock.time("analyse", () => converter.profile(streamOf(forAnalysis(audio)), context.signal));
}

/** A profile ends at 11 kHz: of higher rates half the samples, and the time to look at them, say nothing more. */
function forAnalysis({ sampleRate, samples }: MonoAudio): MonoAudio {
  if (sampleRate <= ANALYSIS_RATE || sampleRate % RATE_GRID !== 0) return { sampleRate, samples };
  return { sampleRate: ANALYSIS_RATE, samples: resample(samples, sampleRate, ANALYSIS_RATE) };
}

/** The analysis of a stored voice; one of an old version is made again and kept. */
export async function storedProfile(
  voice: StoredVoice,
  voices: StoredVoices,
  context: PipelineContext,
): Promise<VoiceProfile> {
  if (voice.profile) return voice.profile;
  const profile = await profileOf(await readStored(voice, context), context);
  await voices.keepProfile(voice, profile);
  return profile;
}

/** A reference voice to keep: its recording as a mono WAV file, with its analysis. */
export async function newVoice(
  audio: MonoAudio,
  { name, description }: Pick<NewVoice, "name" | "description">,
  context: PipelineContext,
): Promise<NewVoice> {
  const profile = await profileOf(audio, context);
  const path = join(await context.tempDir(), "reference.wav");
  const { sampleRate, samples } = audio;
  async function* chunks(): AsyncGenerator<Float32Array> {
    yield samples;
  }
  await writeWav(path, { sampleRate, channels: 1, chunks: chunks() });
  return { name, description, path, duration: samples.length / sampleRate, sampleRate, profile };
}

/** A sound in memory as a stream of one block. */
export function streamOf({ sampleRate, samples }: MonoAudio): MonoStream {
  async function* blocks(): AsyncGenerator<Float32Array> {
    yield samples;
  }
  return { sampleRate, blocks: blocks() };
}

/** The rate at which a recording is used: its own where that is a usual one. */
export async function keptRate(path: string, context: PipelineContext): Promise<number> {
  const { ffprobe } = await context.binaries();
  // A file that cannot be described is no fault yet: decoding it says more.
  const info = await probe(path, { ffprobe, signal: context.signal }).catch((error: unknown) => {
    if (context.signal.aborted) throw error;
    return undefined;
  });
  const rate = info?.audio?.sampleRate ?? 0;
  return Math.min(KEPT_RATE.max, Math.max(KEPT_RATE.min, rate || KEPT_RATE.max));
}

function checkReference({ sampleRate, samples }: MonoAudio): void {
  const seconds = samples.length / sampleRate;
  if (seconds < REFERENCE_SECONDS.min) {
    throw new AppError(
      "invalid_audio",
      `The reference recording has ${seconds.toFixed(1)} s; at least ${REFERENCE_SECONDS.min} s is needed, and 5 to 30 s of clear speech are best.`,
    );
  }
  if (loudestRms(samples, Math.round(LEVEL_SECONDS * sampleRate)) < SILENCE_RMS) {
    throw new AppError("invalid_audio", "The reference recording is silent. Send 5 to 30 s of clear speech.");
  }
}

function loudestRms(samples: Float32Array, window: number): number {
  let loudest = 0;
  for (let start = 0; start + window <= samples.length; start += window) {
    let energy = 0;
    for (let n = start; n < start + window; n++) energy += (samples[n] as number) ** 2;
    loudest = Math.max(loudest, energy / window);
  }
  return Math.sqrt(loudest);
}
