import { AppError } from "../errors.ts";
import type { Binaries } from "./binaries.ts";
import { cancelled } from "./cancellable.ts";
import { requireEncoders } from "./encoders.ts";
import { failureOf, succeeded } from "./failure.ts";
import { type FfmpegJob, startFfmpeg } from "./ffmpeg-process.ts";
import { options as args } from "./options.ts";
import { probe } from "./probe.ts";
import { readFfmpeg } from "./read-output.ts";
import { safeInput, VIDEO_FORMATS } from "./safe-input.ts";
import { COLOUR_TAGS } from "./video-codec.ts";

/** Frames per second of every clip. */
export const CLIP_FPS = 25;
/** Frames between two at which reading can start. */
const KEYFRAMES = 25;
/** Containers may say a little more than they hold. */
const LENGTH_TOLERANCE = 0.5;

export type MakeClipOptions = {
  readonly binaries: Binaries;
  readonly maxSeconds: number;
  /** Longest side, pixels; larger videos are scaled down. */
  readonly maxSide: number;
  readonly signal: AbortSignal;
};

/** A clip: upright, square pixels, 25 frames a second, no sound. */
export type Clip = { readonly width: number; readonly height: number; readonly frames: number };

/**
 * Makes a clip of a video from the wire: H.264 in MP4, BT.709 limited range, a frame to start at every second.
 *
 * @throws AppError `invalid_input` for what is no video or has no two pictures; `input_too_large` for too long a one;
 *   `cancelled`, `storage_failed`, `media_failed`
 */
export async function makeClip(path: string, target: string, options: MakeClipOptions): Promise<Clip> {
  const { binaries, maxSeconds, maxSide, signal } = options;
  const found = await probe(path, { ffprobe: binaries.ffprobe, signal });
  if (!found.video || found.video.width === 0) throw noVideo();
  const seconds = found.video.duration ?? found.duration ?? 0;
  if (seconds > maxSeconds + LENGTH_TOLERANCE) {
    const [long, most] = [Math.round(seconds), maxSeconds];
    throw new AppError("input_too_large", `The video is ${long} s long; ${most} s are allowed. Send a shorter one.`);
  }
  await requireEncoders(binaries.ffmpeg, ["libx264"]);
  const fit = `min(1,${maxSide}/max(iw*sar,ih))`.replaceAll(",", "\\,");
  const filter = [
    `fps=${CLIP_FPS}`,
    `scale=w=trunc(iw*sar*${fit}/2)*2:h=trunc(ih*${fit}/2)*2:out_color_matrix=bt709:out_range=tv`,
    "setsar=1",
    "format=yuv420p",
  ].join(",");
  await work({
    ffmpeg: binaries.ffmpeg,
    inputs: [safeInput(path, VIDEO_FORMATS)],
    options: [
      ...args`-map 0:v:0 -an -sn -dn -t ${maxSeconds} -vf ${filter} -c:v libx264 -preset veryfast -crf 16 -bf 0`,
      ...args`-g ${KEYFRAMES} -keyint_min ${KEYFRAMES} -sc_threshold 0 -fflags +bitexact -map_metadata -1`,
      ...COLOUR_TAGS,
      ...args`-f mp4`,
    ],
    output: target,
    signal,
  });
  const clip = await probe(target, { ffprobe: binaries.ffprobe, countFrames: true, signal }).catch(() => undefined);
  if (signal.aborted) throw cancelled(signal);
  const frames = clip?.video?.frames ?? 0;
  if (!clip?.video || frames < 2) throw noVideo();
  return { width: clip.video.width, height: clip.video.height, frames };
}

export type ClipFrames = {
  readonly binaries: Binaries;
  /** First frame; it costs least at a whole second. */
  readonly from?: number;
  /** Default: all that follow. */
  readonly count?: number;
  /** ffmpeg's filters between the clip and the frames. */
  readonly filter: string;
  /** Pixels after the filters. */
  readonly width: number;
  readonly height: number;
  readonly layout: "i420" | "rgb" | "gray";
  readonly signal: AbortSignal;
};

/**
 * Frames of a clip, in order, no faster than they are taken; each has its own memory.
 * @throws AppError `media_failed` when there are none; `cancelled`
 */
export async function* clipFrames(path: string, options: ClipFrames): AsyncGenerator<Uint8Array, void> {
  const { binaries, from = 0, count, filter, width, height, layout, signal } = options;
  const input = safeInput(path, VIDEO_FORMATS);
  // Half a frame early: times in the container are rounded.
  const seek = from > 0 ? args`-ss ${((from - 0.5) / CLIP_FPS).toFixed(4)}` : [];
  const pixels = { i420: "yuv420p", rgb: "rgb24", gray: "gray" }[layout];
  const chroma = 2 * Math.ceil(width / 2) * Math.ceil(height / 2);
  const size = width * height * (layout === "rgb" ? 3 : 1) + (layout === "i420" ? chroma : 0);
  const job = {
    ffmpeg: binaries.ffmpeg,
    inputs: [{ url: input.url, options: [...seek, ...input.options] }],
    options: [
      ...args`-map 0:v:0 -an -vsync passthrough -vf ${filter === "" ? "null" : filter} -pix_fmt ${pixels}`,
      ...(count === undefined ? [] : args`-frames:v ${count}`),
      ...args`-c:v rawvideo -f rawvideo`,
    ],
  };
  let frame = new Uint8Array(size);
  let filled = 0;
  let made = 0;
  const chunks = readFfmpeg(job, signal, (exit) => {
    if (!succeeded(exit) || made === 0) throw failureOf(exit, "Reading the avatar's video");
  });
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      const part = Math.min(size - filled, chunk.length - at);
      frame.set(chunk.subarray(at, at + part), filled);
      at += part;
      filled += part;
      if (filled < size) continue;
      made++;
      yield frame;
      frame = new Uint8Array(size);
      filled = 0;
    }
  }
}

async function work(job: FfmpegJob): Promise<void> {
  const { signal } = job;
  if (signal.aborted) throw cancelled(signal);
  const process = await startFfmpeg(job);
  process.stdin.end();
  const exit = await process.exited;
  if (signal.aborted) throw cancelled(signal);
  if (succeeded(exit)) return;
  const failure = failureOf(exit, "Reading the video");
  // A fault of the file is the caller's; a full disk or a killed process is not.
  throw exit.signal || failure.code === "storage_failed" ? failure : noVideo(failure);
}

function noVideo(cause?: unknown): AppError {
  return new AppError("invalid_input", "There is no video that can be decoded in the file. Send MP4 or WebM.", {
    cause,
  });
}
