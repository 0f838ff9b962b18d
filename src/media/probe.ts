import { AppError } from "../errors.ts";
import type { Binary } from "./binaries.ts";
import { captureOutput, CommandFailure } from "./capture.ts";
import { safeInput, SOUND_FORMATS, VIDEO_FORMATS } from "./safe-input.ts";

/** One picture track. */
export type VideoTrack = {
  readonly codec: string;
  readonly profile: string | undefined;
  readonly width: number;
  readonly height: number;
  readonly pixelFormat: string;
  /** As ffmpeg names them: `tv`, `bt709`; undefined when the file does not say. */
  readonly colour: {
    readonly range?: string;
    readonly space?: string;
    readonly primaries?: string;
    readonly transfer?: string;
  };
  /** Frames per second. */
  readonly fps: number;
  /** Undefined when the container does not say and packets were not counted. */
  readonly frames: number | undefined;
  /** Seconds. */
  readonly start: number;
  /** Seconds; undefined when the container keeps one duration for all tracks. */
  readonly duration: number | undefined;
};

/** One sound track. */
export type AudioTrack = {
  readonly codec: string;
  /** Hz. */
  readonly sampleRate: number;
  readonly channels: number;
  /** Seconds. */
  readonly start: number;
  /** Seconds; undefined when the container keeps one duration for all tracks. */
  readonly duration: number | undefined;
};

/** What a media file says of itself. */
export type MediaInfo = {
  /** ffmpeg's names of the container, separated by commas. */
  readonly format: string;
  /** Seconds. */
  readonly duration: number | undefined;
  readonly video: VideoTrack | undefined;
  readonly audio: AudioTrack | undefined;
};

export type ProbeOptions = {
  readonly ffprobe: Binary;
  /** Reads the whole file to count frames, for containers that do not say. Default false. */
  readonly countFrames?: boolean;
  readonly signal?: AbortSignal;
};

type RawStream = Readonly<Record<string, string | number | undefined>>;
type RawProbe = { readonly streams?: readonly RawStream[]; readonly format?: RawStream };

/**
 * Describes a local media file by its first picture and sound track. Nothing but the one file is opened.
 *
 * @throws AppError invalid_input when it is no media file; cancelled; timeout
 */
export async function probe(path: string, options: ProbeOptions): Promise<MediaInfo> {
  const input = safeInput(path, `${VIDEO_FORMATS},${SOUND_FORMATS}`);
  const count = options.countFrames ? ["-count_packets"] : [];
  const args = ["-v", "error", ...input.options, "-show_streams", "-show_format", ...count, "-of", "json", input.url];
  try {
    return describe(
      JSON.parse(await captureOutput(options.ffprobe.path, args, { signal: options.signal })) as RawProbe,
    );
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    throw new AppError("invalid_input", "That is not a sound or video file.", { cause: error });
  }
}

function describe({ streams = [], format = {} }: RawProbe): MediaInfo {
  const video = streams.find((stream) => stream["codec_type"] === "video");
  const audio = streams.find((stream) => stream["codec_type"] === "audio");
  return {
    format: text(format["format_name"]) ?? "",
    duration: number(format["duration"]),
    video: video && describeVideo(video),
    audio: audio && describeAudio(audio),
  };
}

function describeVideo(stream: RawStream): VideoTrack {
  const colour = {
    range: text(stream["color_range"]),
    space: text(stream["color_space"]),
    primaries: text(stream["color_primaries"]),
    transfer: text(stream["color_transfer"]),
  };
  return {
    codec: text(stream["codec_name"]) ?? "unknown",
    profile: text(stream["profile"]),
    width: number(stream["width"]) ?? 0,
    height: number(stream["height"]) ?? 0,
    pixelFormat: text(stream["pix_fmt"]) ?? "unknown",
    colour: Object.fromEntries(Object.entries(colour).filter(([, value]) => value !== undefined)),
    fps: ratio(text(stream["avg_frame_rate"]) ?? "0/1"),
    frames: number(stream["nb_frames"]) ?? number(stream["nb_read_packets"]),
    start: number(stream["start_time"]) ?? 0,
    duration: number(stream["duration"]),
  };
}

function describeAudio(stream: RawStream): AudioTrack {
  return {
    codec: text(stream["codec_name"]) ?? "unknown",
    sampleRate: number(stream["sample_rate"]) ?? 0,
    channels: number(stream["channels"]) ?? 0,
    start: number(stream["start_time"]) ?? 0,
    duration: number(stream["duration"]),
  };
}

function text(value: string | number | undefined): string | undefined {
  return value === undefined || value === "unknown" || value === "N/A" ? undefined : String(value);
}

function number(value: string | number | undefined): number | undefined {
  const parsed = Number.parseFloat(String(value));
  return Number.isFinite(parsed) ? parsed : undefined;
}

function ratio(fraction: string): number {
  const [above = 0, below = 1] = fraction.split("/").map(Number);
  return below > 0 ? above / below : 0;
}
