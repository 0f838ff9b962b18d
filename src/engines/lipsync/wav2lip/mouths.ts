import type { FaceEdges } from "../../faces/s3fd/face-boxes.ts";
import type { SpeechPart } from "../../speech/speech-engine.ts";
import type { Frame, LipsyncOptions } from "../lipsync-engine.ts";
import { planesOf } from "../rig/frame-planes.ts";
import { FaceCropper } from "./face-crop.ts";
import type { FrameShelf } from "./frame-shelf.ts";
import { HeardSpeech, secondsOf } from "./heard-speech.ts";
import type { MouthNetworks, RunFor } from "./mouth-networks.ts";

/** Durations are sums of floats: a frame that would begin this close to the end is not one more frame. */
const FRAME_EPSILON = 1e-6;

/** A frame of the speech whose mouth is in the making. `shelf` has its pixels, which are the holder's to give back. */
export type Coming = {
  readonly index: number;
  readonly pixels: Uint8Array<ArrayBuffer>;
  readonly box: FaceEdges;
  readonly picture: Promise<Uint8Array>;
};

/** What the frames are made of. */
export type MouthWork = {
  readonly speech: AsyncIterable<SpeechPart>;
  /** From `beginOf(options)` on. */
  readonly base: AsyncGenerator<Frame, void>;
  /** By frames of the whole. */
  readonly boxAt: (frame: number) => FaceEdges;
  readonly networks: MouthNetworks;
  readonly shelf: FrameShelf;
  readonly width: number;
  readonly height: number;
  readonly run: RunFor;
  readonly options: MouthOptions;
};

type MouthOptions = Pick<LipsyncOptions, "fps" | "frameSkip" | "firstFrame" | "neighbours" | "face">;

/**
 * The first frame of the whole that has to be drawn. Of a piece it may be one before the piece's first, whose mouth the
 * first ones are blended from.
 */
export function beginOf({ frameSkip, firstFrame = 0, neighbours }: MouthOptions): number {
  return neighbours ? firstFrame - (firstFrame % frameSkip) : firstFrame;
}

/**
 * The frames of a speech in their order, each as soon as the sound that its mouth is made from is known: 200 ms of it
 * from the frame on. There are as many as the speech is long, and silence follows its end; the reference drops the last
 * three. A piece of a longer speech is heard with what is said around it: its frames are those that the whole has there.
 */
export async function* comingFrames(work: MouthWork): AsyncGenerator<Coming, void> {
  const { fps, frameSkip, firstFrame = 0, neighbours } = work.options;
  const heard = new HeardSpeech(work.options, beginOf(work.options));
  const line = new MouthLine(work, heard);
  let seconds = 0;
  const endOf = (): number => firstFrame + Math.ceil(seconds * fps - FRAME_EPSILON);
  for await (const part of work.speech) {
    heard.push(part);
    seconds += secondsOf(part);
    const known = firstFrame + Math.floor(seconds * fps);
    while (line.next < known && heard.has(line.next)) yield* line.take();
  }
  line.end = endOf();
  // Frames between two mouths lean on the second, which may lie behind the piece.
  const last = frameSkip === 1 ? line.end - 1 : Math.ceil(line.end / frameSkip) * frameSkip;
  const enough = (): boolean => heard.has(last) && last < endOf();
  if (neighbours && !enough()) {
    for await (const part of neighbours.after) {
      heard.push(part);
      seconds += secondsOf(part);
      if (enough()) break;
    }
  }
  if (!enough()) heard.end();
  // The whole's last frames keep the mouth that is there.
  const until = neighbours && last < endOf() ? Math.max(line.end, last + 1) : line.end;
  while (line.next < until) yield* line.take();
  yield* line.finish();
}

/** Frames in the order in which they are begun; those between two mouths wait for the second. */
class MouthLine {
  /** The next frame of the whole. */
  next: number;
  /** The first frame that is not the piece's. */
  end = Number.POSITIVE_INFINITY;
  readonly #work: MouthWork;
  readonly #heard: HeardSpeech;
  readonly #begin: number;
  readonly #cropper: FaceCropper;
  #held: Omit<Coming, "picture">[] = [];
  #last: Promise<Uint8Array> | undefined;

  constructor(work: MouthWork, heard: HeardSpeech) {
    this.#work = work;
    this.#heard = heard;
    this.#begin = this.next = beginOf(work.options);
    this.#cropper = new FaceCropper(work.networks.size);
  }

  /** Begins the next frame, and answers those that this completes. */
  async *take(): AsyncGenerator<Coming, void> {
    const { base, boxAt, shelf, options, networks, run, width, height } = this.#work;
    const step = await base.next();
    if (step.done) throw new Error("the avatar's frames ended");
    const frame = this.next++;
    const pixels = shelf.take();
    pixels.set(step.value.data);
    step.value.release();
    const coming = { index: frame - (options.firstFrame ?? 0), pixels, box: boxAt(frame) };
    if ((frame - this.#begin) % options.frameSkip !== 0) {
      this.#held.push(coming);
      return;
    }
    const face = this.#cropper.crop(planesOf(pixels, width, height), coming.box);
    const picture = networks.picture(face, this.#heard.window(frame), run);
    // Awaited in its turn; until then nobody looks.
    picture.catch(() => {});
    yield* this.#between(picture);
    this.#last = picture;
    yield* this.#shown({ ...coming, picture });
  }

  /** The frames after the last mouth: they keep it. */
  async *finish(): AsyncGenerator<Coming, void> {
    if (this.#last) yield* this.#between(this.#last);
  }

  async *#between(next: Promise<Uint8Array>): AsyncGenerator<Coming, void> {
    const held = this.#held;
    this.#held = [];
    const last = this.#last ?? next;
    for (const [i, coming] of held.entries()) {
      const picture = blended(last, next, (i + 1) / (held.length + 1));
      picture.catch(() => {});
      yield* this.#shown({ ...coming, picture });
    }
  }

  /** The frame, if it is one of the piece's. */
  *#shown(coming: Coming): Generator<Coming, void> {
    const { options, shelf } = this.#work;
    if (coming.index >= 0 && coming.index + (options.firstFrame ?? 0) < this.end) yield coming;
    else shelf.give(coming.pixels);
  }
}

/** A picture between two others. */
async function blended(from: Promise<Uint8Array>, to: Promise<Uint8Array>, share: number): Promise<Uint8Array> {
  const [a, b] = await Promise.all([from, to]);
  if (a === b) return a;
  return Uint8Array.from(a, (value, i) => value + share * ((b[i] as number) - value) + 0.5);
}
