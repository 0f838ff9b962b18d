import { MEL_BANDS, MEL_FRAMES } from "../../../graphs/wav2lip.ts";
import type { FaceEdges } from "../../faces/s3fd/face-boxes.ts";
import type { SpeechPart } from "../../speech/speech-engine.ts";
import type { Frame, LipsyncOptions } from "../lipsync-engine.ts";
import { planesOf } from "../rig/frame-planes.ts";
import { FaceCropper } from "./face-crop.ts";
import type { FrameShelf } from "./frame-shelf.ts";
import { firstColumn, MelStream } from "./mel-stream.ts";
import type { MouthNetworks, RunFor } from "./mouth-networks.ts";

/** Durations are sums of floats: a frame that would begin this close to the end is not one more frame. */
const FRAME_EPSILON = 1e-6;

/** A frame whose mouth is in the making. `shelf` has its pixels, which are the holder's to give back. */
export type Coming = {
  readonly index: number;
  readonly pixels: Uint8Array<ArrayBuffer>;
  readonly box: FaceEdges;
  readonly picture: Promise<Uint8Array>;
};

/** What the frames are made of. */
export type MouthWork = {
  readonly speech: AsyncIterable<SpeechPart>;
  readonly base: AsyncGenerator<Frame, void>;
  readonly boxAt: (frame: number) => FaceEdges;
  readonly networks: MouthNetworks;
  readonly shelf: FrameShelf;
  readonly width: number;
  readonly height: number;
  readonly run: RunFor;
  readonly options: Pick<LipsyncOptions, "fps" | "frameSkip" | "face">;
};

/**
 * The frames of a speech in their order, each as soon as the sound that its mouth is made from is known: 200 ms of it
 * from the frame on. There are as many as the speech is long, and silence follows its end; the reference drops the last
 * three.
 */
export async function* comingFrames(work: MouthWork): AsyncGenerator<Coming, void> {
  const { fps, face } = work.options;
  const offset = face?.audioOffsetFrames ?? 0;
  const mel = new MelStream();
  const line = new MouthLine(work, mel, offset);
  let seconds = 0;
  for await (const { audio } of work.speech) {
    mel.push(audio.samples, audio.sampleRate);
    seconds += audio.samples.length / audio.sampleRate;
    const known = Math.floor(seconds * fps);
    while (line.next < known && mel.has(firstColumn(line.next + offset, fps))) yield* line.take();
  }
  mel.end();
  const all = Math.ceil(seconds * fps - FRAME_EPSILON);
  while (line.next < all) yield* line.take();
  yield* line.finish();
}

/** Frames in the order in which they are begun; those between two mouths wait for the second. */
class MouthLine {
  next = 0;
  readonly #work: MouthWork;
  readonly #mel: MelStream;
  readonly #offset: number;
  readonly #cropper: FaceCropper;
  #held: Omit<Coming, "picture">[] = [];
  #last: Promise<Uint8Array> | undefined;

  constructor(work: MouthWork, mel: MelStream, offset: number) {
    this.#work = work;
    this.#mel = mel;
    this.#offset = offset;
    this.#cropper = new FaceCropper(work.networks.size);
  }

  /** Begins the next frame, and answers those that this completes. */
  async *take(): AsyncGenerator<Coming, void> {
    const { base, boxAt, shelf, options, networks, run, width, height } = this.#work;
    const step = await base.next();
    if (step.done) throw new Error("the avatar's frames ended");
    const index = this.next++;
    const pixels = shelf.take();
    pixels.set(step.value.data);
    step.value.release();
    const coming = { index, pixels, box: boxAt(index) };
    if (index % options.frameSkip !== 0) {
      this.#held.push(coming);
      return;
    }
    const first = firstColumn(index + this.#offset, options.fps);
    const window = new Float32Array(MEL_BANDS * MEL_FRAMES);
    this.#mel.forget(first);
    this.#mel.window(first, window);
    const face = this.#cropper.crop(planesOf(pixels, width, height), coming.box);
    const picture = networks.picture(face, window, run);
    // Awaited in its turn; until then nobody looks.
    picture.catch(() => {});
    yield* this.#between(picture);
    this.#last = picture;
    yield { ...coming, picture };
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
      yield { ...coming, picture };
    }
  }
}

/** A picture between two others. */
async function blended(from: Promise<Uint8Array>, to: Promise<Uint8Array>, share: number): Promise<Uint8Array> {
  const [a, b] = await Promise.all([from, to]);
  if (a === b) return a;
  return Uint8Array.from(a, (value, i) => value + share * ((b[i] as number) - value) + 0.5);
}
