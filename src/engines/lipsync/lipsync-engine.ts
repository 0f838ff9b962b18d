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

/** How an engine that makes faces anew goes about it; drawn mouths care for none of it. */
export type FaceOptions = {
  /** Pixels of the frame that the face's box gets on its top, bottom, left and right. Default the engine's own. */
  readonly pads?: readonly [top: number, bottom: number, left: number, right: number] | undefined;
  /** Whether the box is kept from trembling; default true. */
  readonly smooth?: boolean | undefined;
  /** Faces are looked for in a picture that is smaller by this factor; default 1. */
  readonly resizeFactor?: number | undefined;
  /** Frames by which the mouth is later than the sound (negative) or earlier. Default 0. */
  readonly audioOffsetFrames?: number | undefined;
};

/** What is heard around a piece of a speech whose pieces are rendered one by one and shown as one video. */
export type Neighbours = {
  /** What is said before the piece, up to its begin: its last `HEARD_BEFORE` seconds, or all of it. */
  readonly before: readonly SpeechPart[];
  /** What is said behind it, which may still be in the making; read as far as the piece's last mouths look ahead. */
  readonly after: AsyncIterable<SpeechPart>;
};

/** Seconds. */
export const HEARD_BEFORE = 2;

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
  /** Where the speech is a piece of a longer one: the sound around it. */
  readonly neighbours?: Neighbours | undefined;
  readonly face?: FaceOptions | undefined;
  /** Called while something is made that is made once, with the share that is done: a graph of a checkpoint. */
  readonly onPreparing?: ((share: number) => void) | undefined;
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
  readonly resizeFactor?: FaceOptions["resizeFactor"];
};

/** What is known of an avatar after a look at it that lasts. */
export type StudiedAvatar = {
  /** Who found the face: a face finder's id, `boxes` for what the caller said, `drawing` for somebody who is drawn. */
  readonly foundBy: string;
  /** Pictures of the avatar whose face is known. */
  readonly faces: number;
  /** Faces that are ready in memory as the network wants to see them. */
  readonly encoded: number;
};

/** Speech in, frames in presentation order out. */
export interface LipsyncEngine extends Engine {
  /** Whether it shows people in other shapes than 16:9, and before other backgrounds. */
  readonly composes?: boolean;
  avatars(): Promise<readonly AvatarInfo[]>;
  /** Loads what a person needs at a size, so that the first frame comes sooner. */
  prepare?(person: string, resolution: Resolution): Promise<void>;
  /**
   * Finds out once what all videos of an avatar need, and keeps it with the avatar.
   * @throws AppError `not_found`, `cancelled`; as `render`
   */
  study?(options: LipsyncOptions, signal: AbortSignal): Promise<StudiedAvatar>;
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
