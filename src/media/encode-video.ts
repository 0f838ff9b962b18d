import { rm, stat } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import type { Writable } from "node:stream";
import { AppError, toAppError } from "../errors.ts";
import type { Binaries } from "./binaries.ts";
import { cancelled, orAborted, untilAborted } from "./cancellable.ts";
import { requireEncoders } from "./encoders.ts";
import { failureOf, succeeded } from "./failure.ts";
import { type FfmpegProcess, startFfmpeg } from "./ffmpeg-process.ts";
import { type LocalFeed, openLocalFeed } from "./local-feed.ts";
import { options as args } from "./options.ts";
import { isBrokenPipe, bytesOf, endStream, writeFully } from "./stream-write.ts";
import {
  codingOptions,
  COLOUR_TAGS,
  encodersFor,
  VIDEO_MIME,
  type VideoFormat,
  type X264Preset,
} from "./video-codec.ts";
import { SoundAhead } from "./sound-ahead.ts";
import { VideoClock } from "./video-clock.ts";

/** A picture as an encoder takes it: planar 4:2:0, BT.709, limited range; `release()` gives its memory back. */
export type VideoFrame = { readonly data: Uint8Array; release(): void };

export type EncodeVideoOptions = {
  readonly binaries: Binaries;
  /** Pixels, even. */
  readonly width: number;
  /** Pixels, even. */
  readonly height: number;
  /** Frames per second. */
  readonly fps: number;
  readonly format: VideoFormat;
  /** In presentation order. At most two are held unreleased at a time. */
  readonly frames: AsyncIterable<VideoFrame>;
  /** Interleaved PCM, −1…1, in chunks of any length. */
  readonly audio: AsyncIterable<Float32Array>;
  /** Hz. */
  readonly sampleRate: number;
  readonly channels: 1 | 2;
  /** File to write; replaced when it exists, removed when the encode fails. */
  readonly path: string;
  readonly signal: AbortSignal;
  /** Where the socket for the sound is made; default the system's temporary directory. */
  readonly tempDir?: string | undefined;
  /** Encoder threads; default one per core, at most 16. */
  readonly threads?: number | undefined;
  /** Constant rate factor; default 20 (MP4), 32 (WebM). */
  readonly crf?: number | undefined;
  /** MP4 only; default `veryfast`. */
  readonly preset?: X264Preset | undefined;
  /** Called after each frame with the count so far. */
  readonly onFrame?: ((count: number) => void) | undefined;
  /** Called once with the process id of ffmpeg. */
  readonly onStart?: ((pid: number) => void) | undefined;
};

export type EncodedVideo = {
  /** Absolute path. */
  readonly path: string;
  readonly mime: string;
  readonly frames: number;
  /** Seconds. */
  readonly duration: number;
  readonly bytes: number;
};

/**
 * Encodes pictures and sound as they come, in one ffmpeg process, video once: MP4 (H.264 High, AAC) or WebM (VP9, Opus).
 *
 * Both tracks begin at zero and end together: where the sound is shorter, silence follows it; where it is longer, the
 * last picture stays. Sound and pictures are pulled independently of each other, either may be far ahead.
 *
 * @throws AppError cancelled on abort; storage_failed when the output cannot grow; media_failed when ffmpeg fails;
 *   what the sources throw is passed on. In each case ffmpeg is dead and the output gone.
 */
export async function encodeVideo(options: EncodeVideoOptions): Promise<EncodedVideo> {
  const output = resolve(options.path);
  checkSize(options);
  if (options.signal.aborted) throw cancelled(options.signal);
  await requireEncoders(options.binaries.ffmpeg, encodersFor(options.format));
  try {
    await using feed = await openLocalFeed(options.tempDir);
    const frames = await runEncoder(options, output, feed);
    const { size } = await stat(output);
    return { path: output, mime: VIDEO_MIME[options.format], frames, duration: frames / options.fps, bytes: size };
  } catch (error) {
    await removePartial(output);
    throw options.signal.aborted ? cancelled(options.signal) : toAppError(error);
  }
}

/** Answers how many frames were written. */
async function runEncoder(options: EncodeVideoOptions, output: string, feed: LocalFeed): Promise<number> {
  const encoder = await startFfmpeg({
    ffmpeg: options.binaries.ffmpeg,
    inputs: [pictureInput(options), soundInput(options, feed.url)],
    options: [
      ...args`-map 0:v -map 1:a -fflags +bitexact -map_metadata -1`,
      // Packets of the track that is ahead wait in memory however many they are; they are small.
      ...args`-max_muxing_queue_size 100000`,
      ...codingOptions({
        ...options,
        pixels: options.width * options.height,
        threads: options.threads ?? Math.min(16, availableParallelism()),
      }),
    ],
    output,
    signal: options.signal,
  });
  // Stops both pumps: when the caller aborts, when ffmpeg ends before them, when either of them fails.
  const stop = new AbortController();
  const onAbort = () => stop.abort(options.signal.reason);
  options.signal.addEventListener("abort", onAbort, { once: true });
  if (options.signal.aborted) onAbort();
  let pumped = false;
  const exited = encoder.exited.then((exit) => {
    if (!pumped) stop.abort(failureOf(exit, "Encoding the video"));
    return exit;
  });
  try {
    if (encoder.pid !== undefined) options.onStart?.(encoder.pid);
    const frames = await pumpBoth(options, encoder, feed, stop);
    pumped = true;
    const exit = await orAborted(exited, options.signal);
    if (!succeeded(exit)) throw failureOf(exit, "Encoding the video");
    return frames;
  } catch (error) {
    encoder.kill();
    await exited;
    throw error;
  } finally {
    options.signal.removeEventListener("abort", onAbort);
  }
}

async function pumpBoth(options: EncodeVideoOptions, encoder: FfmpegProcess, feed: LocalFeed, stop: AbortController) {
  const clock = new VideoClock(options.fps, options.sampleRate);
  const guard = async (pump: Promise<void>) => {
    try {
      await pump;
    } catch (error) {
      // A broken pipe means that ffmpeg has ended: its exit, which is about to be seen, tells why.
      if (isBrokenPipe(error)) await encoder.exited.then(() => new Promise(setImmediate));
      stop.abort(error);
    }
  };
  await Promise.all([
    guard(pumpFrames(options, encoder.stdin, clock, stop.signal)),
    guard(pumpAudio(options, feed, clock, stop.signal)),
  ]);
  stop.signal.throwIfAborted();
  return clock.frames;
}

async function pumpFrames(options: EncodeVideoOptions, sink: Writable, clock: VideoClock, stop: AbortSignal) {
  const expected = options.width * options.height * 1.5;
  let last: VideoFrame | undefined;
  let writing: Promise<void> | undefined;
  const written = async () => {
    if (!writing) return;
    await orAborted(writing, stop);
    writing = undefined;
    clock.addFrame();
    options.onFrame?.(clock.frames);
  };
  try {
    for await (const frame of untilAborted(options.frames, stop, (late) => late.release())) {
      const previous = last;
      try {
        if (frame.data.byteLength !== expected) {
          throw new AppError("internal", `A frame has ${frame.data.byteLength} bytes where ${expected} belong.`);
        }
        await written();
      } catch (error) {
        frame.release();
        throw error;
      }
      previous?.release();
      last = frame;
      writing = writeFully(sink, frame.data);
      // Seen by `written()`; without this a failure while the next frame is made would count as unhandled.
      writing.catch(() => undefined);
    }
    await written();
    // Without a first picture ffmpeg would wait for one before it asks for the sound.
    if (clock.frames === 0) throw new AppError("internal", "A video needs at least one frame.");
    clock.endFrames();
    const total = await orAborted(clock.totalFrames(), stop);
    const still = last?.data ?? new Uint8Array(0);
    for (let index = clock.frames; index < total; index++) {
      writing = writeFully(sink, still);
      await written();
    }
    endStream(sink);
  } finally {
    last?.release();
  }
}

async function pumpAudio(options: EncodeVideoOptions, feed: LocalFeed, clock: VideoClock, stop: AbortSignal) {
  const socket = await orAborted(feed.connected, stop);
  const ahead = new SoundAhead(options.audio, options.channels, clock, stop);
  const pulling = ahead.pull();
  // Awaited below; should writing fail first, this must not count as unhandled.
  pulling.catch(() => undefined);
  for (let chunk = await ahead.next(); chunk; chunk = await ahead.next()) {
    await orAborted(writeFully(socket, bytesOf(chunk)), stop);
  }
  await pulling;
  while (true) {
    const missing = clock.missingSamples();
    if (missing > 0) {
      await orAborted(writeFully(socket, new Uint8Array(missing * options.channels * 4)), stop);
      clock.addSamples(missing);
    } else if (clock.complete) break;
    else await orAborted(clock.nextFrame(), stop);
  }
  endStream(socket);
}

function pictureInput({ width, height, fps }: EncodeVideoOptions) {
  const raw = args`-f rawvideo -pix_fmt yuv420p -s ${width}x${height} -r ${fps}`;
  // By default ffmpeg would read eight pictures ahead, 11 MB of them.
  return { url: "pipe:0", options: [...args`-thread_queue_size 2`, ...raw, ...COLOUR_TAGS] };
}

function soundInput({ sampleRate, channels }: EncodeVideoOptions, url: string) {
  // A raw format has nothing to probe; by default ffmpeg would wait for the first seconds of it.
  return { url, options: args`-probesize 32 -analyzeduration 0 -f f32le -ar ${sampleRate} -ac ${channels}` };
}

function checkSize({ width, height }: EncodeVideoOptions): void {
  if (width < 2 || height < 2 || width % 2 !== 0 || height % 2 !== 0) {
    throw new AppError("internal", `A video of ${width}×${height} cannot be encoded: both sides must be even.`);
  }
}

async function removePartial(path: string): Promise<void> {
  // A device such as /dev/full is not ours to remove.
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile()) await rm(path, { force: true });
}
