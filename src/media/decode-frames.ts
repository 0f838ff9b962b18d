import { resolve } from "node:path";
import { AppError } from "../errors.ts";
import type { Binaries } from "./binaries.ts";
import { failureOf, ranOutOfSpace } from "./failure.ts";
import type { FfmpegExit } from "./ffmpeg-process.ts";
import { options as args } from "./options.ts";
import { readFfmpeg } from "./read-output.ts";
import { safeInput, VIDEO_FORMATS } from "./safe-input.ts";

/** How pixels are laid out: planar 4:2:0 as it is coded, or luma alone. */
export type PixelLayout = "i420" | "gray";

export type DecodeFramesOptions = {
  readonly binaries: Binaries;
  /** Pixels of the file (`probe` says); frames are not scaled. */
  readonly width: number;
  readonly height: number;
  /** Default `i420`. `gray` keeps the coded range (16…235 in most videos). */
  readonly layout?: PixelLayout;
  readonly signal: AbortSignal;
};

/** One decoded picture. Its memory is its own. */
export type DecodedFrame = { readonly index: number; readonly data: Uint8Array };

/** Bytes of one picture. */
export function frameBytes(width: number, height: number, layout: PixelLayout): number {
  const chroma = layout === "gray" ? 0 : 2 * Math.ceil(width / 2) * Math.ceil(height / 2);
  return width * height + chroma;
}

/**
 * Decodes every picture of a local video, in order, no faster than they are taken.
 *
 * @throws AppError invalid_input when there is no video in it; cancelled on abort; media_failed when ffmpeg dies
 */
export async function* decodeFrames(path: string, options: DecodeFramesOptions): AsyncGenerator<DecodedFrame, void> {
  const { width, height, layout = "i420", signal } = options;
  const size = frameBytes(width, height, layout);
  // Luma is taken out of the 4:2:0 picture here: asked for gray, ffmpeg would stretch its range.
  const coded = frameBytes(width, height, "i420");
  const job = {
    ffmpeg: options.binaries.ffmpeg,
    inputs: [safeInput(resolve(path), VIDEO_FORMATS)],
    options: args`-map 0:v:0 -an -sn -dn -vsync passthrough -pix_fmt yuv420p -c:v rawvideo -f rawvideo`,
  };
  let index = 0;
  let frame = new Uint8Array(coded);
  let filled = 0;
  for await (const chunk of readFfmpeg(job, signal, (exit) => judge(exit, index))) {
    for (let at = 0; at < chunk.length; ) {
      const count = Math.min(coded - filled, chunk.length - at);
      frame.set(chunk.subarray(at, at + count), filled);
      at += count;
      filled += count;
      if (filled === coded) {
        yield { index: index++, data: size === coded ? frame : frame.subarray(0, size) };
        frame = new Uint8Array(coded);
        filled = 0;
      }
    }
  }
}

function judge(exit: FfmpegExit, frames: number): void {
  if (exit.signal || ranOutOfSpace(exit)) throw failureOf(exit, "Decoding the video");
  if (exit.code === 0 && frames > 0) return;
  throw new AppError("invalid_input", "There is no video that can be decoded in the file. Send MP4 or WebM.", {
    cause: new Error(`ffmpeg ended with status ${exit.code}: ${exit.stderr.trim()}`),
  });
}
