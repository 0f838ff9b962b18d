import { join } from "node:path";
import type { Likeness } from "../../../../library/avatar-profile.ts";
import { type FaceMarks, faceBox, mapMarks } from "../../../../library/face-marks.ts";
import type { Binaries } from "../../../../media/binaries.ts";
import { clipFrames } from "../../../../media/clip.ts";
import { type FramePlanes, planesOf } from "../frame-planes.ts";
import type { Canvas } from "../canvas.ts";
import type { Look } from "../renderer.ts";
import { IDENTITY, type Similarity } from "./axes.ts";
import { FaceParts } from "./face-parts.ts";
import { type Placement, placePicture } from "./placement.ts";

/** Frames that are read at once for the way back, where a video can only be read forwards. */
const BATCH = 25;

type VideoProfile = Extract<Likeness["profile"], { kind: "video" }>;

/** A video of a person laid out for one frame size. */
export class VideoPerson {
  readonly #path: string;
  readonly #profile: VideoProfile;
  readonly #binaries: Binaries;
  readonly #width: number;
  readonly #height: number;
  readonly #filter: string;
  readonly #track: readonly Similarity[];
  readonly #parts: FaceParts;

  private constructor(
    path: string,
    profile: VideoProfile,
    binaries: Binaries,
    width: number,
    height: number,
    placement: Placement,
    first: FramePlanes,
  ) {
    const { crop, target } = placement;
    const [sx, sy] = [target[2] / crop[2], target[3] / crop[3]];
    const [ox, oy] = [target[0] - crop[0] * sx - 0.5, target[1] - crop[1] * sy - 0.5];
    const marks: FaceMarks = mapMarks(profile.marks, ([x, y]) => [x * sx + ox, y * sy + oy]);
    this.#path = path;
    this.#profile = profile;
    this.#binaries = binaries;
    this.#width = width;
    this.#height = height;
    this.#filter = filterOf(placement, width, height);
    this.#parts = new FaceParts(marks, first, Math.max(1, sx));
    this.#track = profile.track.map(([a, b, c, d]) => [
      a,
      b,
      sx * c + ox - (a * ox - b * oy),
      sy * d + oy - (b * ox + a * oy),
    ]);
  }

  /** Reads the first picture and makes the face's parts of it. */
  static async load(
    { folder, profile }: Likeness & { readonly profile: VideoProfile },
    binaries: Binaries,
    width: number,
    height: number,
  ): Promise<VideoPerson> {
    const path = join(folder, profile.video);
    const placement = placePicture(profile, faceBox(profile.marks), width, height);
    const filter = filterOf(placement, width, height);
    const { signal } = new AbortController();
    const options = { binaries, count: 1, filter, width, height, layout: "i420", signal } as const;
    for await (const data of clipFrames(path, options)) {
      return new VideoPerson(path, profile, binaries, width, height, placement, planesOf(data, width, height));
    }
    throw new Error("the clip has no picture");
  }

  /**
   * One playing of the video, there and back again as long as it is asked for frames.
   * @param first place of its first frame in a longer playing
   */
  open(fps: number, first: number, signal: AbortSignal): VideoScene {
    const step = this.#profile.fps / fps;
    return new VideoScene(this.#frames(placeOf(first, step), signal), step, first, {
      draw: (canvas, look, frame) => {
        const { y, u, v } = frame.planes;
        canvas.planes.y.set(y);
        canvas.planes.u.set(u);
        canvas.planes.v.set(v);
        const place = this.#track[frame.index] ?? IDENTITY;
        const drawing = { source: { planes: frame.planes, finer: 1 }, place, motion: undefined };
        this.#parts.draw(canvas.planes, look, drawing, false);
      },
    });
  }

  /** Frames 0, 1 … n−1, n−2 … 1, 0, 1 …: neither end twice, so that no seam shows. `start` are left out. */
  async *#frames(start: number, signal: AbortSignal): AsyncGenerator<VideoFrame, void> {
    const last = this.#profile.frames - 1;
    for (let begin = start % (2 * last); ; begin = 0) {
      if (begin <= last) {
        let index = begin;
        for await (const frame of this.#read(begin, last + 1 - begin, signal)) yield { index: index++, planes: frame };
      }
      for (let end = Math.min(last, 2 * last - begin + 1); end > 1; ) {
        const from = Math.max(1, Math.floor((end - 1) / BATCH) * BATCH);
        const batch: FramePlanes[] = [];
        for await (const frame of this.#read(from, end - from, signal)) batch.push(frame);
        for (let at = batch.pop(), i = end - 1; at; at = batch.pop(), i--) yield { index: i, planes: at };
        end = from;
      }
    }
  }

  async *#read(from: number, count: number, signal: AbortSignal): AsyncGenerator<FramePlanes, void> {
    const [width, height] = [this.#width, this.#height];
    const options = { binaries: this.#binaries, from, count, filter: this.#filter, width, height, signal };
    for await (const data of clipFrames(this.#path, { ...options, layout: "i420" })) {
      yield planesOf(data, width, height);
    }
  }
}

/** The clip's frame that a frame of the output shows, were it played on and on. */
const placeOf = (frame: number, step: number): number => Math.floor(frame * step + 1e-6);

type VideoFrame = { readonly index: number; readonly planes: FramePlanes };
type Draw = { readonly draw: (canvas: Canvas, look: Look, frame: VideoFrame) => void };

/** Frames of one video in the making. */
export class VideoScene implements AsyncDisposable {
  readonly #frames: AsyncGenerator<VideoFrame, void>;
  /** Frames of the clip to a frame of the output. */
  readonly #step: number;
  readonly #draw: Draw;
  #now: VideoFrame | undefined;
  /** Frames taken so far, and the output's. */
  #taken: number;
  #shown: number;

  /** @param frames from that on which the output's `first` shows */
  constructor(frames: AsyncGenerator<VideoFrame, void>, step: number, first: number, draw: Draw) {
    this.#frames = frames;
    this.#step = step;
    this.#taken = placeOf(first, step);
    this.#shown = first;
    this.#draw = draw;
  }

  async next(): Promise<void> {
    const wanted = placeOf(this.#shown++, this.#step) + 1;
    while (this.#taken < wanted) {
      const step = await this.#frames.next();
      if (step.done) return;
      this.#now = step.value;
      this.#taken++;
    }
  }

  draw(canvas: Canvas, look: Look): void {
    if (this.#now) this.#draw.draw(canvas, look, this.#now);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#frames.return();
  }
}

/** ffmpeg's filters for a placement; a portrait stands before itself, out of focus. */
function filterOf({ crop, target }: Placement, width: number, height: number): string {
  const [x, y, w, h] = crop;
  const cut = `crop=${w}:${h}:${x}:${y}`;
  const [left, top, tw, th] = target;
  if (tw === width && th === height) return `${cut},scale=${width}:${height}:flags=bicubic`;
  const small = `scale=${width >> 3}:${height >> 3}:force_original_aspect_ratio=increase,crop=${width >> 3}:${height >> 3}`;
  return [
    `${cut},split[front][back]`,
    `[back]${small},boxblur=5:2,scale=${width}:${height}:flags=bicubic,lutyuv=y=16+(val-16)*0.82[sides]`,
    `[front]scale=${tw}:${th}:flags=bicubic[person]`,
    `[sides][person]overlay=${left}:${top}`,
  ].join(";");
}
