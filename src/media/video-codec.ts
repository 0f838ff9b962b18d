import { options } from "./options.ts";

/** Containers that videos are made in. */
export type VideoFormat = "mp4" | "webm";

/** What a video of each format is on the wire. */
export const VIDEO_MIME = { mp4: "video/mp4", webm: "video/webm" } as const satisfies Record<VideoFormat, string>;

/** x264's speed settings that make sense here, fastest first. */
export type X264Preset = "ultrafast" | "superfast" | "veryfast" | "faster" | "fast";

/** What decides how a video is coded. */
export type VideoCoding = {
  readonly format: VideoFormat;
  /** Frames per second. */
  readonly fps: number;
  /** Pixels per frame. */
  readonly pixels: number;
  readonly channels: 1 | 2;
  /** Encoder threads. */
  readonly threads: number;
  /** Constant rate factor: lower is better and larger. Default 20 (MP4), 32 (WebM). */
  readonly crf?: number | undefined;
  /** MP4 only; default `veryfast`. */
  readonly preset?: X264Preset | undefined;
};

/** How ffmpeg calls the colours of `VideoFrame`: BT.709, limited range. */
export const COLOUR_TAGS: readonly string[] = options`-color_range tv -colorspace bt709 -color_primaries bt709 -color_trc bt709`;

/** Distance of pictures that a player can start at. */
const KEYFRAME_SECONDS = 2;

/**
 * What x264 can spare for one head before a still room, against its `veryfast`: a third of the time and 35 MB of pictures
 * held back, for 1 dB at the same size. No scene ever cuts, light never fades, and B-frames need no search for their place.
 */
const TALKING_HEAD = "subme=1:rc-lookahead=4:sync-lookahead=0:scenecut=0:weightp=0:b-adapt=0";

/** Encoders that a format needs. */
export function encodersFor(format: VideoFormat): readonly string[] {
  return format === "mp4" ? ["libx264", "aac"] : ["libvpx-vp9", "libopus"];
}

/** The options of ffmpeg's output for a coding. */
export function codingOptions(coding: VideoCoding): readonly string[] {
  const keyframes = Math.max(1, Math.round(coding.fps * KEYFRAME_SECONDS));
  const tracks = coding.format === "mp4" ? [...h264(coding), ...aac(coding)] : [...vp9(coding), ...opus(coding)];
  return [...options`-pix_fmt yuv420p -g ${keyframes}`, ...COLOUR_TAGS, ...tracks];
}

function h264({ preset = "veryfast", crf = 20, threads }: VideoCoding): readonly string[] {
  const search = preset === "veryfast" ? options`-x264-params ${TALKING_HEAD}` : [];
  // faststart puts the index first, so that a browser plays before it has the whole file.
  return [
    ...options`-c:v libx264 -preset ${preset} -profile:v high -crf ${crf} -threads ${threads}`,
    ...search,
    ...options`-movflags +faststart -f mp4`,
  ];
}

function aac({ channels }: VideoCoding): readonly string[] {
  return options`-c:a aac -b:a ${channels === 1 ? "96k" : "160k"} -ar 48000`;
}

function vp9({ crf = 32, pixels, threads }: VideoCoding): readonly string[] {
  // Tile columns are at least 256 pixels wide; two of them feed two threads from 480p up.
  const tiles = pixels >= 854 * 480 ? 1 : 0;
  return options`-c:v libvpx-vp9 -deadline realtime -cpu-used 7 -crf ${crf} -b:v 0 -row-mt 1 -tile-columns ${tiles}
    -threads ${threads} -lag-in-frames 0 -f webm`;
}

function opus({ channels }: VideoCoding): readonly string[] {
  return options`-c:a libopus -b:a ${channels === 1 ? "64k" : "96k"} -ar 48000`;
}
