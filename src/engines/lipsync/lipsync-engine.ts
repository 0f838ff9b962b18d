import type { AvatarProfile } from "../../library/avatar-profile.ts";
import type { Box } from "../../library/face-marks.ts";
import type { SpeechPart } from "../speech/speech-engine.ts";
import type { Engine } from "../engine.ts";

/** Heights that avatars are offered at; width follows from 16:9. */
export const RESOLUTIONS = { "720p": [1280, 720], "480p": [854, 480], "360p": [640, 360] } as const;

export type Resolution = keyof typeof RESOLUTIONS;

/** Shapes of the picture, width to height. */
export const ASPECTS = ["16:9", "9:16", "1:1"] as const;

export type Aspect = (typeof ASPECTS)[number];

/** Width and height in pixels: the resolution is that of the shorter side. */
export function frameSize(resolution: Resolution, aspect: Aspect = "16:9"): readonly [width: number, height: number] {
  const [width, height] = RESOLUTIONS[resolution];
  return aspect === "16:9" ? [width, height] : aspect === "9:16" ? [height, width] : [height, height];
}

/** What is behind a person: one colour (`#rrggbb`), or a picture file as `uprightPicture` writes it. */
export type Background = { readonly colour: string } | { readonly picture: string };

/** An avatar as callers see it: one loop of one person at one size. */
export type AvatarInfo = {
  /** `talk_short_720p` */
  readonly id: string;
  readonly person: string;
  readonly loop: "short" | "long";
  readonly resolution: Resolution;
  readonly description: string;
  /** Name of the voice that suits the person. */
  readonly voice?: string;
};

/** How to render. */
export type LipsyncOptions = {
  /** Base id with loop, without resolution: `talk_short`. */
  readonly avatar: string;
  /** Folder of an adopted photo or video that is shown in place of the person whom `avatar` names. */
  readonly likeness?: string | undefined;
  /** Whether the head of a photographed person moves and the eyes blink; default true. */
  readonly lively?: boolean;
  readonly resolution: Resolution;
  /** Frames per second of the output. */
  readonly fps: number;
  /** Mouth shapes are computed for every Nth frame and interpolated between, 1…3. */
  readonly frameSkip: 1 | 2 | 3;
  /** Default 16:9. Others only where the engine `composes`. */
  readonly aspect?: Aspect | undefined;
  /** Default the avatar's own. Others only where the engine `composes`, and for people who are drawn. */
  readonly background?: Background | undefined;
  /** Place of the first frame in a longer video, from whose life it goes on. Default 0. */
  readonly firstFrame?: number | undefined;
};

/**
 * One picture: planar 4:2:0, BT.709, limited range; Y (width·height), then U, then V (each ⌈w/2⌉·⌈h/2⌉).
 * `data` belongs to the engine's pool: call `release()` once it is written, and do not touch it after.
 */
export type Frame = { readonly index: number; readonly data: Uint8Array; release(): void };

/** A photo or a short video of somebody who is to speak. */
export type AvatarSource = {
  readonly path: string;
  readonly kind: "photo" | "video";
  /** Where the caller says that face and mouth are, in pixels of the upright picture. */
  readonly face?: Box | undefined;
  readonly mouth?: Box | undefined;
};

/** Speech in, frames in presentation order out. */
export interface LipsyncEngine extends Engine {
  /** Whether it shows people in other shapes than 16:9, and before other backgrounds. */
  readonly composes?: boolean;
  avatars(): Promise<readonly AvatarInfo[]>;
  /** Loads what a person needs at a size, so that the first frame comes sooner. */
  prepare?(person: string, resolution: Resolution): Promise<void>;
  /**
   * Makes an avatar of a photo or a video: fills an empty folder, which `render` then takes as `likeness`.
   * @throws AppError `invalid_input` for what is no picture, shows no face, or boxes outside it; `engine_unavailable`
   *   where faces cannot be found and no box is given; `input_too_large`, `cancelled`, `media_failed`, `timeout`
   */
  adopt?(source: AvatarSource, folder: string, signal: AbortSignal): Promise<AvatarProfile>;
  /**
   * Frame `i` shows the time `i / fps` of the speech; the count is the speech's length in frames, rounded up.
   * Parts are pulled as they are needed, so speech may still be in the making.
   */
  render(speech: AsyncIterable<SpeechPart>, options: LipsyncOptions, signal: AbortSignal): AsyncIterable<Frame>;
}
