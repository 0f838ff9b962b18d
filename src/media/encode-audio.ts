import { rm, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { toAppError } from "../errors.ts";
import type { Audio } from "../signal/audio.ts";
import type { Binaries } from "./binaries.ts";
import { cancelled, untilAborted } from "./cancellable.ts";
import { requireEncoders } from "./encoders.ts";
import { failureOf, succeeded } from "./failure.ts";
import { startFfmpeg } from "./ffmpeg-process.ts";
import { options as args } from "./options.ts";
import { type PcmStream, pcmOf } from "./pcm.ts";
import { isBrokenPipe, bytesOf, writeFully } from "./stream-write.ts";
import { packer, type WavOptions, writeWav } from "./wav.ts";

/** Files that sound is made into; `ogg` holds Opus, `aac` is a bare stream with ADTS headers. */
export type AudioFormat = "wav" | "mp3" | "flac" | "ogg" | "aac";

/** What a sound of each format is on the wire. */
const AUDIO_MIME = {
  wav: "audio/wav",
  mp3: "audio/mpeg",
  flac: "audio/flac",
  ogg: "audio/ogg",
  aac: "audio/aac",
} as const satisfies Record<AudioFormat, string>;

export type EncodeAudioOptions = {
  /** File to write; replaced when it exists, removed when the encode fails. */
  readonly path: string;
  readonly format: AudioFormat;
  /** Asked for only when the format needs ffmpeg, which WAV does not. */
  readonly binaries: () => Promise<Binaries>;
  readonly signal: AbortSignal;
  /** kbit/s of MP3 (default 192), Opus (default 64 per channel) and AAC (default 96 per channel). */
  readonly bitrate?: number | undefined;
  /** How a WAV file is written; FLAC keeps the same integers, `f32` being none of its forms. */
  readonly wav?: WavOptions;
};

export type EncodedAudio = {
  /** Absolute path. */
  readonly path: string;
  readonly mime: string;
  /** Seconds. */
  readonly duration: number;
  readonly bytes: number;
};

/**
 * Writes a sound to a file, streamed.
 *
 * @throws AppError cancelled on abort; storage_failed when the file cannot grow; media_failed when ffmpeg fails; what
 *   the source throws is passed on. In each case the file is gone.
 */
export async function encodeAudio(audio: Audio | PcmStream, options: EncodeAudioOptions): Promise<EncodedAudio> {
  const path = resolve(options.path);
  const source = "chunks" in audio ? audio : pcmOf(audio);
  try {
    options.signal.throwIfAborted();
    const samples =
      options.format === "wav"
        ? await writeWav(path, guarded(source, options.signal), options.wav)
        : await encode(source, path, options);
    const { size } = await stat(path);
    return { path, mime: AUDIO_MIME[options.format], duration: samples / source.sampleRate, bytes: size };
  } catch (error) {
    if ((await stat(path).catch(() => undefined))?.isFile()) await rm(path, { force: true });
    if (options.signal.aborted) throw cancelled(options.signal);
    throw toAppError(error);
  }
}

/** Answers the samples per channel. */
async function encode(source: PcmStream, path: string, options: EncodeAudioOptions): Promise<number> {
  const { ffmpeg } = await options.binaries();
  const coding = codingOf(source, options);
  await requireEncoders(ffmpeg, [coding.encoder]);
  const encoder = await startFfmpeg({
    ffmpeg,
    inputs: [{ url: "pipe:0", options: rawSound(source, coding.raw) }],
    options: [...coding.options, ...args`-fflags +bitexact -map_metadata -1`],
    output: path,
    signal: options.signal,
  });
  // Stops the pump when ffmpeg ends before it has all.
  const ended = new AbortController();
  const stop = AbortSignal.any([options.signal, ended.signal]);
  let pumped = false;
  const exited = encoder.exited.then((exit) => {
    if (!pumped) ended.abort(failureOf(exit, "Encoding the audio"));
    return exit;
  });
  try {
    let samples = 0;
    for await (const chunk of untilAborted(source.chunks, stop)) {
      await writeFully(encoder.stdin, coding.pack(chunk));
      samples += chunk.length / source.channels;
    }
    pumped = true;
    encoder.stdin.end();
    const exit = await exited;
    options.signal.throwIfAborted();
    if (!succeeded(exit)) throw failureOf(exit, "Encoding the audio");
    return samples;
  } catch (error) {
    // A broken pipe means that ffmpeg has ended by itself; killing it first would hide why.
    if (!isBrokenPipe(error)) encoder.kill();
    const exit = await exited;
    throw isBrokenPipe(error) ? failureOf(exit, "Encoding the audio") : error;
  }
}

/** How ffmpeg is told of samples that come without a header. */
export function rawSound({ sampleRate, channels }: PcmStream, form: string): readonly string[] {
  return args`-probesize 32 -f ${form} -ar ${sampleRate} -ac ${channels}`;
}

/** Which encoder with which options, and the form in which it is given the samples. */
export function codingOf(
  { sampleRate, channels }: PcmStream,
  { format, bitrate, wav = {} }: Pick<EncodeAudioOptions, "format" | "bitrate" | "wav">,
) {
  if (format === "flac") {
    // Rounded here and not by ffmpeg, so that a FLAC file holds what the WAV file would.
    const samples = wav.samples === "s24" ? "s24" : "s16";
    const depth = samples === "s24" ? args`-sample_fmt s32 -bits_per_raw_sample 24` : args`-sample_fmt s16`;
    const options = [...args`-c:a flac`, ...depth, ...args`-f flac`];
    return { encoder: "flac", options, raw: `${samples}le`, pack: packer(samples, wav.dither) };
  }
  const raw = "f32le";
  if (format === "ogg") {
    return {
      encoder: "libopus",
      options: args`-c:a libopus -b:a ${bitrate ?? 64 * channels}k -f ogg`,
      raw,
      pack: bytesOf,
    };
  }
  if (format === "aac") {
    const options = args`-c:a aac -b:a ${bitrate ?? 96 * channels}k -f adts`;
    return { encoder: "aac", options, raw, pack: bytesOf };
  }
  // MPEG-2 layer 3, which lower rates are coded in, ends at 160 kbit/s.
  const most = sampleRate < 32_000 ? 160 : 320;
  const options = args`-c:a libmp3lame -b:a ${Math.min(most, bitrate ?? 192)}k -f mp3`;
  return { encoder: "libmp3lame", options, raw, pack: bytesOf };
}

function guarded(source: PcmStream, signal: AbortSignal): PcmStream {
  return { sampleRate: source.sampleRate, channels: source.channels, chunks: untilAborted(source.chunks, signal) };
}
