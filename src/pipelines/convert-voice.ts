import { join } from "node:path";
import { lanesOf } from "../engines/engine.ts";
import type { ConversionOptions } from "../engines/voice/voice-converter.ts";
import { decodeAudio, type DecodeAudioOptions } from "../media/decode-audio.ts";
import { type AudioFormat, type EncodedAudio, encodeAudio } from "../media/encode-audio.ts";
import { deinterleave } from "../media/pcm.ts";
import { probe } from "../media/probe.ts";
import { Limiter } from "../signal/effects/limiter.ts";
import { Downmix, placed } from "../signal/panorama.ts";
import { type AutoPitch, chooseAutoPitch, type VoiceRange } from "./auto-pitch.ts";
import { interleaved, type StereoBlock } from "./cover/stereo.ts";
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
  /** Where the voice sings, if the speaker is to be moved there; by whole octaves with `keepKey`. */
  readonly autoPitch?: VoiceRange | undefined;
  readonly retrieval?: ConversionOptions["retrieval"];
  readonly seed: number | undefined;
  /** Of a recording with several channels the result has two, and the voice stands where it stood. */
  readonly stereo: boolean;
  readonly format: Extract<AudioFormat, "wav" | "mp3" | "flac">;
};

/** A converted recording in a file. */
export type ConvertedFile = EncodedAudio & {
  /** Hz. */
  readonly sampleRate: number;
  readonly autoPitch: AutoPitch | undefined;
};

/**
 * A recording in another voice, mono where stereo is not asked for, as long as it was, at its own rate where that is between 16 and 48 kHz; a voice that
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
  const { seconds, channels: sides } = await describe(input, context);
  await refuseEarly(input, seconds, context);
  const auto = request.autoPitch && (await autoPitchOf(request.autoPitch, input, request, context));
  const wide = request.stereo && sides > 1;
  const options = { binaries, sampleRate, maxSeconds: config.maxAudioSeconds, signal };
  const decoded = wide ? mixed(bothSides(input, options), sampleRate) : decodeAudio(input, options);
  context.used({ kind: "voice", engine: voice.converter.info.id, model: voice.name });
  let done = 0;
  const reached = (to: number): void => {
    done = Math.max(done, to);
    const share = Math.min(0.99, done / Math.max(seconds, done, 0.1));
    context.emit({ type: "progress", progress: share, stage: "convert", stage_progress: share });
  };
  const converted = await voice.converter.convert(
    { sampleRate, blocks: clock.timeEach("decode", decoded) },
    voice.target,
    {
      pitch: request.pitch + (auto?.semitones ?? 0),
      pitchMapping: request.keepKey ? "octave" : "range",
      warn: (message) => context.warn(message),
      foundPitch: (method) => context.used({ kind: "pitch", engine: voice.converter.info.id, model: method }),
      // A file that does not say how long it is tells no progress before its sound comes.
      ...(seconds > 0 ? { worked: reached } : {}),
      ...(request.seed === undefined ? {} : { seed: request.seed }),
      ...(request.retrieval ? { retrieval: request.retrieval } : {}),
    },
    signal,
  );
  const made = converted.sampleRate;
  const channels = wide ? 2 : 1;
  const limiter = new Limiter(made, channels, CEILING_DB);
  let out = 0;
  async function* told(): AsyncGenerator<Float32Array, void> {
    for await (const block of clock.timeEach("convert", converted.blocks)) {
      yield block;
      out += block.length / made;
      reached(out);
    }
  }
  async function* chunks(): AsyncGenerator<Float32Array, void> {
    if (wide) {
      const source = bothSides(input, options);
      for await (const block of placed(told(), made, source, sampleRate)) yield joined(limiter.push(block));
    } else for await (const block of told()) yield joined(limiter.push([block]));
    yield joined(limiter.finish());
  }
  const file = await context.lanes.hold([...lanesOf(voice.converter), "encode"], () =>
    clock.time("encode", () =>
      encodeAudio(
        { sampleRate: made, channels, chunks: chunks() },
        { path: join(dir, `converted.${format}`), format, binaries: () => Promise.resolve(binaries), signal },
      ),
    ),
  );
  context.emit({ type: "progress", progress: 1, stage: "convert", stage_progress: 1 });
  return { ...file, sampleRate: made, autoPitch: auto };
}

/** How far the recording is from where the voice sings. */
async function autoPitchOf(
  voice: VoiceRange,
  input: string,
  { keepKey }: ConversionRequest,
  context: PipelineContext,
): Promise<AutoPitch> {
  const { config, signal } = context;
  const binaries = await context.binaries();
  const sound = (sampleRate: number): AsyncIterable<Float32Array> =>
    decodeAudio(input, { binaries, sampleRate, maxSeconds: config.maxAudioSeconds, signal });
  return chooseAutoPitch({ voice, steps: keepKey ? "octaves" : "semitones" }, { sound }, context);
}

type Described = { readonly seconds: number; readonly channels: number };

/** What the file says of itself: seconds, for the progress only, 0 where it does not say; and channels. */
async function describe(path: string, context: PipelineContext): Promise<Described> {
  const { ffprobe } = await context.binaries();
  return probe(path, { ffprobe, signal: context.signal }).then(
    ({ duration, audio }) => ({ seconds: duration ?? 0, channels: audio?.channels ?? 1 }),
    () => ({ seconds: 0, channels: 1 }),
  );
}

async function* bothSides(path: string, options: DecodeAudioOptions): AsyncGenerator<StereoBlock, void> {
  for await (const block of decodeAudio(path, { ...options, channels: 2 })) {
    const [left, right] = deinterleave(block, 2);
    if (left && right) yield [left, right];
  }
}

async function* mixed(sides: AsyncIterable<StereoBlock>, sampleRate: number): AsyncGenerator<Float32Array, void> {
  const downmix = new Downmix(sampleRate);
  for await (const block of sides) yield downmix.push(block);
}

/** The channels of a block as files keep them. */
function joined([left, right]: readonly Float32Array[]): Float32Array {
  return right ? interleaved([left as Float32Array, right]) : (left as Float32Array);
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
