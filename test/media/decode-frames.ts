import type { Binaries } from "../../src/media/binaries.ts";
import { clipFrames } from "../../src/media/clip.ts";

/** Pixels are those of the file. Planar 4:2:0 as it is coded, or luma alone (16…235 in most videos). */
export type DecodeFramesOptions = {
  readonly binaries: Binaries;
  readonly width: number;
  readonly height: number;
  readonly layout?: "i420" | "gray";
  readonly signal: AbortSignal;
};

/** Every picture of a video, in order. @throws AppError `media_failed` when there is none */
export async function* decodeFrames(
  path: string,
  { layout = "i420", ...options }: DecodeFramesOptions,
): AsyncGenerator<{ readonly index: number; readonly data: Uint8Array }, void> {
  let index = 0;
  // Luma is taken out of the 4:2:0 picture here: asked for gray, ffmpeg would stretch its range.
  for await (const data of clipFrames(path, { ...options, filter: "", layout: "i420" })) {
    yield { index: index++, data: layout === "gray" ? data.subarray(0, options.width * options.height) : data };
  }
}
