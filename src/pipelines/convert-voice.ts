import { join } from "node:path";
import { lanesOf } from "../engines/engine.ts";
import type { ConversionOptions } from "../engines/voice/voice-converter.ts";
import { decodeAudio } from "../media/decode-audio.ts";
import { type AudioFormat, type EncodedAudio, encodeAudio } from "../media/encode-audio.ts";
import { probe } from "../media/probe.ts";
import { Limiter } from "../signal/effects/limiter.ts";
import { fetchInput } from "./fetch-input.ts";
import type { PipelineContext } from "./pipeline.ts";
import { keptRate } from "./reference-voice.ts";
import type { TargetVoice } from "./target-voice.ts";

/** Highest true peak of the result, in dBTP. */
const CEILING_DB = -1;

/** A recording to convert. */
export type ConversionRequest = {
  /** Base64 or a URL. */
  readonly source: string;
  readonly voice: TargetVoice;
  /** Semitones on top of the mapping. */
  readonly pitch: number;
  readonly keepKey: boolean;
  readonly retrieval?: ConversionOptions["retrieval"];
  readonly seed: number | undefined;
  readonly format: Extract<AudioFormat, "wav" | "mp3" | "flac">;
};

/** A converted recording in a file. */
export type ConvertedFile = EncodedAudio & {
  /** Hz. */
  readonly sampleRate: number;
};

/**
 * A recording in another voice, mono, as long as it was, at its own rate where that is between 16 and 48 kHz; a voice that
 * has a rate of its own sings at that. Decoded, converted and encoded block by block, so that its length costs no memory.
 * @throws AppError `invalid_audio`, `input_too_large`, `url_refused`, `download_failed`, `timeout`, `engine_failed`,
 *   `media_failed`, `storage_failed`, `cancelled`
 */
export async function convertVoice(request: ConversionRequest, context: PipelineContext): Promise<ConvertedFile> {
  const { voice, format } = request;
  const { clock, config, signal } = context;
  const dir = await context.tempDir();
  const input = join(dir, "source");
  await fetchInput(request.source, input, { kind: "audio" }, context);
  const binaries = await context.binaries();
  const sampleRate = await keptRate(input, context);
  const seconds = await lengthOf(input, context);
  await refuseEarly(input, seconds, context);
  const decoded = decodeAudio(input, { binaries, sampleRate, maxSeconds: config.maxAudioSeconds, signal });
  context.used({ kind: "voice", engine: voice.converter.info.id, model: voice.name });
  const converted = await voice.converter.convert(
    { sampleRate, blocks: clock.timeEach("decode", decoded) },
    voice.target,
    {
      pitch: request.pitch,
      pitchMapping: request.keepKey ? "octave" : "range",
      warn: (message) => context.warn(message),
      foundPitch: (method) => context.used({ kind: "pitch", engine: voice.converter.info.id, model: method }),
      ...(request.seed === undefined ? {} : { seed: request.seed }),
      ...(request.retrieval ? { retrieval: request.retrieval } : {}),
    },
    signal,
  );
  const made = converted.sampleRate;
  const limiter = new Limiter(made, 1, CEILING_DB);
  let done = 0;
  async function* chunks(): AsyncGenerator<Float32Array, void> {
    for await (const block of clock.timeEach("convert", converted.blocks)) {
      yield limiter.push([block])[0] as Float32Array;
      done += block.length / made;
      const share = Math.min(0.99, done / Math.max(seconds, done, 0.1));
      context.emit({ type: "progress", progress: share, stage: "convert", stage_progress: share });
    }
    yield limiter.finish()[0] as Float32Array;
  }
  const file = await context.lanes.hold([...lanesOf(voice.converter), "encode"], () =>
    clock.time("encode", () =>
      encodeAudio(
        { sampleRate: made, channels: 1, chunks: chunks() },
        { path: join(dir, `converted.${format}`), format, binaries: () => Promise.resolve(binaries), signal },
      ),
    ),
  );
  context.emit({ type: "progress", progress: 1, stage: "convert", stage_progress: 1 });
  return { ...file, sampleRate: made };
}

/** Seconds that the file says it has, for the progress only; 0 where it does not say. */
async function lengthOf(path: string, context: PipelineContext): Promise<number> {
  const { ffprobe } = await context.binaries();
  return probe(path, { ffprobe, signal: context.signal }).then(
    ({ duration }) => duration ?? 0,
    () => 0,
  );
}

/**
 * Refuses what is too long before work begins on it. What a header says is only believed when the sound is there: it is
 * decoded, at a rate that costs next to nothing.
 */
async function refuseEarly(path: string, seconds: number, context: PipelineContext): Promise<void> {
  const { config, signal, clock } = context;
  const maxSeconds = config.maxAudioSeconds;
  if (seconds <= maxSeconds) return;
  const binaries = await context.binaries();
  await clock.time("decode", async () => {
    for await (const _ of decodeAudio(path, { binaries, sampleRate: 8_000, maxSeconds, signal }));
  });
}
