import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { AppError, toAppError } from "../errors.ts";
import type { Audio, MonoAudio } from "../signal/audio.ts";
import type { Binaries } from "./binaries.ts";
import { failureOf, ranOutOfSpace } from "./failure.ts";
import type { FfmpegExit } from "./ffmpeg-process.ts";
import { options as args } from "./options.ts";
import { concatSamples, deinterleave } from "./pcm.ts";
import { readFfmpeg } from "./read-output.ts";
import { safeInput, SOUND_FORMATS } from "./safe-input.ts";
import { TempDir } from "./temp.ts";

export type DecodeAudioOptions = {
  readonly binaries: Binaries;
  /** Hz of the result. */
  readonly sampleRate: number;
  /** Channels of the result; others are mixed. Default 1. */
  readonly channels?: 1 | 2;
  /**
   * How well other rates are converted. ffmpeg's own way, the default, folds what lies just above half of the new rate
   * down at −12 to −27 dB, which does no harm to speech; `fine` keeps all such below −100 dB, as music wants.
   */
  readonly resampling?: "fine";
  /** Longest sound, seconds. Default 600. */
  readonly maxSeconds?: number;
  readonly signal: AbortSignal;
  /** Where bytes are put for ffmpeg to read; default a directory of their own, removed afterwards. */
  readonly tempRoot?: string | undefined;
};

/** A windowed sinc of 128 zero crossings, flat to 90 % of half the lower rate. Every ffmpeg since 2013 has it. */
const FINE = "filter_size=128:phase_shift=12:cutoff=0.95:filter_type=kaiser:kaiser_beta=10";

/**
 * Decodes any sound, streamed: interleaved samples in chunks of up to a few tens of milliseconds. A file that is cut
 * off gives what there is of it. Nothing but the one file is opened, whatever it says.
 *
 * @param source a local file, or its bytes
 * @throws AppError invalid_audio when there is no sound in it; input_too_large when it is longer than `maxSeconds`;
 *   cancelled on abort; media_failed when ffmpeg dies
 */
export async function* decodeAudio(
  source: string | Uint8Array,
  options: DecodeAudioOptions,
): AsyncGenerator<Float32Array, void> {
  if (typeof source === "string") {
    yield* decodeFile(resolve(source), options);
    return;
  }
  if (source.byteLength === 0) throw new AppError("invalid_audio", "The audio is empty.");
  await using directory = await TempDir.create(options.tempRoot);
  const path = directory.file("input");
  try {
    await writeFile(path, source, { signal: options.signal });
  } catch (error) {
    throw toAppError(error);
  }
  yield* decodeFile(path, options);
}

/** All of a sound in one channel. Errors as `decodeAudio`. */
export async function decodeMono(source: string | Uint8Array, options: DecodeAudioOptions): Promise<MonoAudio> {
  const samples = await collect(decodeAudio(source, { ...options, channels: 1 }));
  return { sampleRate: options.sampleRate, samples };
}

/** All of a sound, a plane per channel. Errors as `decodeAudio`. */
export async function decodePlanar(source: string | Uint8Array, options: DecodeAudioOptions): Promise<Audio> {
  const samples = await collect(decodeAudio(source, options));
  return { sampleRate: options.sampleRate, channels: deinterleave(samples, options.channels ?? 1) };
}

async function collect(source: AsyncIterable<Float32Array>): Promise<Float32Array> {
  const pieces: Float32Array[] = [];
  for await (const piece of source) pieces.push(piece);
  return concatSamples(pieces);
}

async function* decodeFile(path: string, options: DecodeAudioOptions): AsyncGenerator<Float32Array, void> {
  const { sampleRate, channels = 1, maxSeconds = 600, signal } = options;
  const most = Math.round(maxSeconds * sampleRate) * channels;
  let count = 0;
  const resampler = options.resampling === "fine" ? args`-af aresample=${sampleRate}:${FINE}` : [];
  const job = {
    ffmpeg: options.binaries.ffmpeg,
    inputs: [safeInput(path, SOUND_FORMATS)],
    // A little more time than allowed, to tell what is too long from what just fits.
    options: [
      ...args`-map 0:a:0 -vn -sn -dn -map_metadata -1`,
      ...resampler,
      // Fewer channels at the level of the loudest: without the limit ffmpeg makes mono of stereo 3 dB louder.
      ...args`-ar ${sampleRate} -ac ${channels} -rematrix_maxval 1`,
      ...args`-t ${maxSeconds + 1} -c:a pcm_f32le -f f32le`,
    ],
  };
  const judge = (exit: FfmpegExit) => judgeDecode(exit, count);
  for await (const samples of alignSamples(readFfmpeg(job, signal, judge), channels)) {
    count += samples.length;
    if (count > most) {
      throw new AppError("input_too_large", `The audio is longer than the ${maxSeconds} seconds that are allowed.`);
    }
    yield samples;
  }
  if (count === 0) throw new AppError("invalid_audio", "There is no sound in the audio.");
}

/** Reads bytes as whole frames of samples, and makes what is not a number silence. */
async function* alignSamples(source: AsyncIterable<Buffer>, channels: number): AsyncGenerator<Float32Array, void> {
  const frame = channels * 4;
  let rest = Buffer.alloc(0);
  for await (const chunk of source) {
    const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    const whole = bytes.length - (bytes.length % frame);
    rest = Buffer.from(bytes.subarray(whole));
    if (whole === 0) continue;
    // Copied, as a Float32Array must begin at a multiple of four bytes and the buffer is reused.
    const samples = new Float32Array(whole / 4);
    Buffer.from(samples.buffer).set(bytes.subarray(0, whole));
    for (let index = 0; index < samples.length; index++) {
      if (!Number.isFinite(samples[index])) samples[index] = 0;
    }
    yield samples;
  }
}

function judgeDecode(exit: FfmpegExit, samples: number): void {
  if (exit.signal || ranOutOfSpace(exit)) throw failureOf(exit, "Decoding the audio");
  if (exit.code === 0 && samples > 0) return;
  const cause = new Error(`ffmpeg ended with status ${exit.code}: ${exit.stderr.trim()}`);
  const message = /matches no streams|does not contain any stream/.test(exit.stderr)
    ? "There is no sound in the audio file."
    : "The audio cannot be decoded. Send WAV, MP3, FLAC, Ogg, WebM or MP4/M4A.";
  throw new AppError("invalid_audio", message, { cause });
}
