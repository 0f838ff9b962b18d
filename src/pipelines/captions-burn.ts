import type { Frame } from "../engines/lipsync/lipsync-engine.ts";
import { AppError } from "../errors.ts";
import { fontFor } from "../media/caption-fonts.ts";
import { type CaptionWord, type Cue, cuesOf, LINE_UNITS } from "./captions.ts";

/** Opacity of the plate behind the text, and its room around the text against the size of the letters. */
const PLATE = 0.6;
const ROOM = { x: 0.5, y: 0.24 } as const;
/** Where the plate ends, from the foot of the picture, against its height. */
const FOOT = 0.055;
/** White and black of video, of 255. */
const WHITE = 235;
const BLACK = 16;

/** A cue as it lies on the picture: what of the picture is kept, of 1, and what is added; edges even. */
type Drawn = {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly keep: Float32Array;
  readonly add: Float32Array;
  readonly keepColour: Float32Array;
};

/** Draws captions into pictures of one size. */
export class BurnCaptions {
  /** Width of a line, letters. */
  readonly line: number;
  readonly #width: number;
  readonly #height: number;
  /** Size of the letters, pixels. */
  readonly #size: number;
  readonly #drawn = new Map<Cue, Promise<Drawn>>();
  readonly #warn: (message: string) => void;

  /** @param warn is told where words are drawn whose letters are in no font that is installed */
  constructor(width: number, height: number, warn: (message: string) => void) {
    this.#width = width;
    this.#height = height;
    this.#warn = warn;
    this.#size = Math.round(height > width ? height / 30 : height / 19);
    // Letters are half as wide as they are high, give or take.
    this.line = Math.min(LINE_UNITS, Math.floor((0.86 * width) / (0.56 * this.#size)));
  }

  /**
   * Frames with captions on them. They are copies: what the engine draws on stays as it is.
   * @param spoken the words so far, in lists that each are captioned by themselves; more may come while frames do
   */
  async *over(
    frames: AsyncIterable<Frame>,
    spoken: readonly (readonly CaptionWord[])[],
    fps: number,
  ): AsyncGenerator<Frame, void> {
    const cues: Cue[] = [];
    let known = 0;
    for await (const frame of frames) {
      for (; known < spoken.length; known++) cues.push(...cuesOf(spoken[known] ?? [], this.line));
      const time = frame.index / fps;
      while (cues[0] && cues[0].end <= time) this.#drawn.delete(cues.shift() as Cue);
      // The next one is drawn while this one is shown.
      const [now, drawing] = cues.slice(0, 2).map((cue) => ({ cue, drawn: this.#draw(cue) }));
      drawing?.drawn.catch(() => undefined);
      if (!now || now.cue.start > time) yield frame;
      else yield burnt(frame, await now.drawn, this.#width, this.#height);
    }
  }

  #draw(cue: Cue): Promise<Drawn> {
    let drawn = this.#drawn.get(cue);
    if (!drawn) {
      drawn = this.#paint(cue.lines.join("\n"));
      this.#drawn.set(cue, drawn);
      drawn.catch(() => undefined);
    }
    return drawn;
  }

  async #paint(text: string): Promise<Drawn> {
    const font = await fontFor(text);
    if (!font) {
      this.#warn(
        "No font on this machine has all letters of the captions: some are drawn as boxes. Install one that has them, such as Debian's fonts-nanum, fonts-dejavu-core or fonts-noto-cjk.",
      );
    }
    const { default: sharp } = await import("sharp");
    const markup = text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
    const letters = sharp({
      text: {
        text: `<span foreground="white">${markup}</span>`,
        // Points at 72 dots to the inch are pixels.
        font: `${font?.family ?? "sans-serif"} ${this.#size}`,
        ...(font ? { fontfile: font.path } : {}),
        dpi: 72,
        rgba: true,
        align: "centre",
        spacing: Math.round(0.12 * this.#size),
      },
    });
    let picture: { data: Buffer; info: { width: number; height: number; channels: number } };
    try {
      picture = await letters.raw().toBuffer({ resolveWithObject: true });
      const widest = Math.round(0.9 * this.#width);
      if (picture.info.width > widest) {
        const { width, height, channels } = picture.info;
        picture = await sharp(picture.data, { raw: { width, height, channels: channels as 4 } })
          .resize({ width: widest })
          .raw()
          .toBuffer({ resolveWithObject: true });
      }
    } catch (cause) {
      const message =
        "The captions cannot be drawn: this machine has no font. Install one, such as Debian's fonts-dejavu-core or fonts-nanum, or leave burn_captions out.";
      throw new AppError("engine_unavailable", message, { cause });
    }
    return this.#onPlate(picture.data, picture.info);
  }

  #onPlate(rgba: Uint8Array, text: { readonly width: number; readonly height: number }): Drawn {
    const even = (value: number): number => 2 * Math.ceil(value / 2);
    const roomX = Math.round(ROOM.x * this.#size);
    const roomY = Math.round(ROOM.y * this.#size);
    const width = Math.min(even(text.width + 2 * roomX), this.#width - 2);
    const height = Math.min(even(text.height + 2 * roomY), this.#height - 2);
    const left = 2 * Math.round((this.#width - width) / 4);
    const top = 2 * Math.floor((this.#height * (1 - FOOT) - height) / 2);
    const keep = new Float32Array(width * height).fill(1 - PLATE);
    const add = new Float32Array(width * height).fill(PLATE * BLACK);
    const [x0, y0] = [Math.floor((width - text.width) / 2), Math.floor((height - text.height) / 2)];
    for (let y = 0; y < text.height; y++) {
      for (let x = 0; x < text.width; x++) {
        const opacity = (rgba[4 * (y * text.width + x) + 3] as number) / 255;
        const at = (y + y0) * width + x + x0;
        keep[at] = (1 - opacity) * (1 - PLATE);
        add[at] = opacity * WHITE + (1 - opacity) * PLATE * BLACK;
      }
    }
    const keepColour = new Float32Array((width / 2) * (height / 2));
    for (let y = 0; y < height / 2; y++) {
      for (let x = 0; x < width / 2; x++) {
        const at = 2 * y * width + 2 * x;
        const sum = [at, at + 1, at + width, at + width + 1].reduce((all, each) => all + (keep[each] as number), 0);
        keepColour[(y * width) / 2 + x] = sum / 4;
      }
    }
    return { left, top, width, height, keep, add, keepColour };
  }
}

function burnt(frame: Frame, drawn: Drawn, frameWidth: number, frameHeight: number): Frame {
  const data = frame.data.slice();
  frame.release();
  const { left, top, width, height, keep, add, keepColour } = drawn;
  for (let y = 0; y < height; y++) {
    for (let x = 0, to = (top + y) * frameWidth + left, at = y * width; x < width; x++, to++, at++) {
      data[to] = (data[to] as number) * (keep[at] as number) + (add[at] as number) + 0.5;
    }
  }
  const half = frameWidth / 2;
  const planes = [frameWidth * frameHeight, frameWidth * frameHeight + half * (frameHeight / 2)];
  for (const plane of planes) {
    for (let y = 0; y < height / 2; y++) {
      let to = plane + (top / 2 + y) * half + left / 2;
      for (let x = 0, at = (y * width) / 2; x < width / 2; x++, to++, at++) {
        data[to] = 128 + ((data[to] as number) - 128) * (keepColour[at] as number) + 0.5;
      }
    }
  }
  return { index: frame.index, data, release() {} };
}
