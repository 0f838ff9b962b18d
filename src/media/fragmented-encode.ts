import { availableParallelism } from "node:os";
import { AppError } from "../errors.ts";
import type { Binaries } from "./binaries.ts";
import { cancelled, orAborted, untilAborted } from "./cancellable.ts";
import type { VideoFrame } from "./encode-video.ts";
import { requireEncoders } from "./encoders.ts";
import { failureOf, succeeded } from "./failure.ts";
import { type FfmpegProcess, startFfmpeg } from "./ffmpeg-process.ts";
import {
  GROUP_PICTURES,
  GROUP_SECONDS,
  GROUP_SOUNDS,
  type Group,
  STREAM_FPS,
  type StreamConfig,
  TIMESCALE,
} from "./fragmented-mp4.ts";
import { AAC_FRAME, AdtsReader, AnnexBReader, type VideoSample } from "./fragmented-tracks.ts";
import { options as args } from "./options.ts";
import { isBrokenPipe, bytesOf, writeFully } from "./stream-write.ts";
import { COLOUR_TAGS } from "./video-codec.ts";

/** Pictures from one that a player can begin at to the next, six groups. */
const KEY_PICTURES = 6 * GROUP_PICTURES;

/**
 * x264 that answers every picture at once: none is held back to look ahead, none depends on a later one. `aud` marks
 * where a picture begins.
 */
const AT_ONCE =
  "aud=1:subme=1:scenecut=0:weightp=0:bframes=0:rc-lookahead=0:sync-lookahead=0:sliced-threads=1:mbtree=0";

export type GroupsOptions = {
  readonly binaries: Binaries;
  /** Pixels, even. */
  readonly width: number;
  readonly height: number;
  /** In presentation order, 25 a second, a whole number of groups of them. At most one is held unreleased. */
  readonly frames: AsyncIterable<VideoFrame>;
  /**
   * One channel, as long as the frames, which may still be in the making: encoders stand ready for it. It begins and ends
   * in silence where other groups are to come before or after.
   */
  readonly samples: Promise<Float32Array>;
  /** Hz. */
  readonly sampleRate: number;
  readonly signal: AbortSignal;
  /** Constant rate factor; default 21. */
  readonly crf?: number;
};

/** Samples of silence that make a sound a whole number of groups long. */
export function samplesToWholeGroups(samples: number, sampleRate: number): number {
  const group = GROUP_SECONDS * sampleRate;
  return Math.max(1, Math.ceil(samples / group - 1e-9)) * group - samples;
}

/** Groups as they are encoded, and what a player must know of them. */
export type EncodedGroup = { readonly config: StreamConfig; readonly group: Group };

/**
 * Encodes pictures and sound into groups that can follow those of another call without a gap: every call begins with a
 * picture that depends on none before it, and both tracks of a group have one length. A group comes out as soon as the
 * picture after it goes in.
 *
 * @throws AppError cancelled on abort; media_failed when ffmpeg fails; what the frames throw is passed on
 */
export async function* encodeGroups(options: GroupsOptions): AsyncGenerator<EncodedGroup, void> {
  const { binaries, signal, width, height } = options;
  // Awaited when the encoder has started; it may fail before.
  options.samples.catch(() => undefined);
  if (signal.aborted) throw cancelled(signal);
  await requireEncoders(binaries.ffmpeg, ["libx264", "aac"]);
  const stop = new AbortController();
  const stopped = AbortSignal.any([signal, stop.signal]);
  const sounding = encodeSound(options, stopped);
  // Awaited with the first group; should the pictures fail before, this must not count as unhandled.
  sounding.catch(() => undefined);
  const sounds: Uint8Array[] = [];
  const waiting: VideoSample[] = [];
  try {
    for await (const { sample, avc } of encodePictures(options, stopped)) {
      waiting.push(sample);
      if (waiting.length < GROUP_PICTURES) continue;
      const { frames, config: aac } = await sounding;
      const from = sounds.length;
      sounds.push(...frames.slice(from, from + GROUP_SOUNDS));
      const group = { pictures: waiting.splice(0), sounds: sounds.slice(from) };
      if (group.sounds.length < GROUP_SOUNDS) throw new AppError("internal", "A stream has less sound than pictures.");
      yield { config: { width, height, avc, aac }, group };
    }
    if (waiting.length > 0) throw new AppError("internal", "A stream has pictures that fill no group.");
  } catch (error) {
    throw signal.aborted ? cancelled(signal) : error;
  } finally {
    stop.abort();
    await sounding.catch(() => undefined);
  }
}

/** A sample of video as it came from the encoder. */
type Picture = { readonly sample: VideoSample; readonly avc: StreamConfig["avc"] };

async function* encodePictures(options: GroupsOptions, signal: AbortSignal): AsyncGenerator<Picture, void> {
  const { binaries, width, height, frames, crf = 21 } = options;
  const threads = Math.min(4, availableParallelism());
  const raw = args`-f rawvideo -pix_fmt yuv420p -s ${width}x${height} -r ${STREAM_FPS}`;
  const encoder = await startFfmpeg({
    ffmpeg: binaries.ffmpeg,
    // By default ffmpeg would look at the first seconds of the pictures before it encodes one.
    inputs: [{ url: "pipe:0", options: [...args`-probesize 32 -analyzeduration 0`, ...raw, ...COLOUR_TAGS] }],
    options: [
      ...args`-map 0:v -pix_fmt yuv420p -g ${KEY_PICTURES} -keyint_min ${KEY_PICTURES}`,
      ...COLOUR_TAGS,
      ...args`-c:v libx264 -preset veryfast -tune zerolatency -profile:v high -crf ${crf} -threads ${threads}`,
      ...args`-x264-params ${AT_ONCE} -flush_packets 1 -f h264`,
    ],
    output: "pipe:1",
    signal,
  });
  const left = new AbortController();
  const feeding = feed(encoder, frames, width * height * 1.5, AbortSignal.any([signal, left.signal]));
  let unfed: unknown;
  feeding.catch((error: unknown) => {
    unfed = error;
    encoder.kill();
  });
  const reader = new AnnexBReader();
  const known = (samples: readonly VideoSample[]): Picture[] =>
    samples.map((sample) => {
      if (reader.config) return { sample, avc: reader.config };
      throw new AppError("media_failed", "The encoder did not say how its pictures are coded. Try again.");
    });
  try {
    for await (const bytes of untilAborted<Buffer>(encoder.stdout, signal)) yield* known(reader.push(bytes));
    yield* known(reader.end());
    await feeding;
    const exit = await orAborted(encoder.exited, signal);
    if (!succeeded(exit)) throw failureOf(exit, "Encoding the video");
  } catch (error) {
    // What the frames threw says more than how ffmpeg took it.
    throw unfed ?? error;
  } finally {
    left.abort();
    encoder.kill();
    encoder.stdout.destroy();
    await encoder.exited;
    await feeding.catch(() => undefined);
  }
}

/** Writes the frames to an encoder and closes its input. */
async function feed(
  encoder: FfmpegProcess,
  frames: AsyncIterable<VideoFrame>,
  bytes: number,
  signal: AbortSignal,
): Promise<void> {
  try {
    for await (const frame of untilAborted(frames, signal, (late) => late.release())) {
      try {
        if (frame.data.byteLength !== bytes) {
          throw new AppError("internal", `A frame has ${frame.data.byteLength} bytes where ${bytes} belong.`);
        }
        await orAborted(writeFully(encoder.stdin, frame.data), signal);
      } finally {
        frame.release();
      }
    }
    encoder.stdin.end();
  } catch (error) {
    // A broken pipe means that ffmpeg has ended by itself: how, is known from its exit.
    if (!isBrokenPipe(error)) throw error;
    throw failureOf(await encoder.exited, "Encoding the video");
  }
}

/**
 * Encodes the sound as a whole: it is there before the first picture. The frame that AAC begins with, before there is
 * any sound, is left out, and with it the delay of the track.
 */
async function encodeSound(
  { binaries, samples, sampleRate }: GroupsOptions,
  signal: AbortSignal,
): Promise<{ readonly frames: Uint8Array[]; readonly config: StreamConfig["aac"] }> {
  const encoder = await startFfmpeg({
    ffmpeg: binaries.ffmpeg,
    inputs: [{ url: "pipe:0", options: args`-probesize 32 -analyzeduration 0 -f f32le -ar ${sampleRate} -ac 1` }],
    options: args`-c:a aac -b:a 96k -ar ${TIMESCALE} -f adts`,
    output: "pipe:1",
    signal,
  });
  const reader = new AdtsReader();
  const frames: Uint8Array[] = [];
  try {
    signal.throwIfAborted();
    // The encoder is a little ahead of what it writes: silence pushes the last of the sound out.
    const silence = new Float32Array(Math.ceil((4 * AAC_FRAME * sampleRate) / TIMESCALE));
    const writing = orAborted(samples, signal)
      .then((all) => writeFully(encoder.stdin, bytesOf(all)))
      .then(() => writeFully(encoder.stdin, bytesOf(silence)))
      .then(() => void encoder.stdin.end());
    writing.catch(() => encoder.kill());
    for await (const bytes of untilAborted<Buffer>(encoder.stdout, signal)) frames.push(...reader.push(bytes));
    const exit = await encoder.exited;
    if (exit.code !== 0) await writing.catch(rethrowUnlessBroken);
    if (!succeeded(exit)) throw failureOf(exit, "Encoding the sound");
    const { config } = reader;
    if (!config) throw new AppError("media_failed", "The encoder wrote no sound. Try again.");
    return { frames: frames.slice(1), config };
  } finally {
    encoder.kill();
    encoder.stdout.destroy();
    await encoder.exited;
  }
}

/** A broken pipe is told by how the process ended. */
function rethrowUnlessBroken(error: unknown): void {
  if (!isBrokenPipe(error)) throw error;
}
