import { join } from "node:path";
import type { Aspect, Background } from "../lipsync-engine.ts";
import type { AvatarSheet } from "./avatar-sheet.ts";
import type { Canvas } from "./canvas.ts";
import { copyRows, frameBytes, type FramePlanes, planesOf } from "./frame-planes.ts";
import { DESIGN } from "./layers.ts";
import { toPlanes } from "./rgb-planes.ts";
import type { Look, Renderer } from "./renderer.ts";

/** Width of the design frame that an upright picture shows, u: head and shoulders. A square one shows its full height. */
const UPRIGHT_WIDTH = 560;

/** What is around a person: the shape of the picture, and what is behind; undefined for their own. */
export type Around = { readonly aspect: Aspect; readonly background: Background | undefined };

/** A person at a size of their own, standing at the foot of a picture of another shape. */
export type Composition = {
  readonly width: number;
  readonly height: number;
  /** Size at which the person is drawn, as 16:9. */
  readonly innerWidth: number;
  readonly innerHeight: number;
  /** Columns of the person's picture that are cut off on either side, and rows of the whole above it. Even. */
  readonly left: number;
  readonly top: number;
};

/** How a person stands in a picture of a size. */
export function compose(width: number, height: number, aspect: Aspect): Composition {
  const shown = aspect === "16:9" ? DESIGN.width : aspect === "1:1" ? DESIGN.height : UPRIGHT_WIDTH;
  // Chroma is half as fine: all edges are even, and so half of what is cut off.
  const innerWidth = aspect === "16:9" ? width : width + 4 * Math.round((width * (DESIGN.width / shown - 1)) / 4);
  const innerHeight = aspect === "9:16" ? 2 * Math.round((innerWidth * DESIGN.height) / DESIGN.width / 2) : height;
  return { width, height, innerWidth, innerHeight, left: (innerWidth - width) / 2, top: height - innerHeight };
}

/** What is behind the person, at the size of the picture: filled, the middle of it where the shapes differ. */
export async function loadBackground(
  directory: string,
  sheet: AvatarSheet,
  background: Background | undefined,
  { width, height }: Composition,
): Promise<FramePlanes> {
  const { default: sharp } = await import("sharp");
  sharp.cache(false);
  const picture =
    background && "colour" in background
      ? sharp({ create: { width, height, channels: 3, background: background.colour } })
      : sharp(background ? background.picture : join(directory, sheet.layers.background.file)).resize(width, height, {
          fit: "cover",
          kernel: "lanczos3",
        });
  return toPlanes(await picture.removeAlpha().toColourspace("srgb").raw().toBuffer(), width, height);
}

/** The part of the background that the person is drawn over; what is cut off later stays black. */
export function innerBackground(background: FramePlanes, composition: Composition): FramePlanes {
  const { innerWidth, innerHeight, left, top } = composition;
  const inner = planesOf(new Uint8Array(frameBytes(innerWidth, innerHeight)), innerWidth, innerHeight);
  for (const [to, from, half] of [
    [inner.y, background.y, 0],
    [inner.u, background.u, 1],
    [inner.v, background.v, 1],
  ] as const) {
    const [width, innerStride] = [background.width >> half, innerWidth >> half];
    for (let row = 0; row < innerHeight >> half; row++) {
      const start = (row + (top >> half)) * width;
      to.set(from.subarray(start, start + width), row * innerStride + (left >> half));
    }
  }
  return inner;
}

/** Draws a person of another size into a picture. For the frames of one video. */
export class ComposedScene {
  readonly #renderer: Renderer;
  readonly #background: FramePlanes;
  readonly #composition: Composition;

  constructor(renderer: Renderer, background: FramePlanes, composition: Composition) {
    this.#renderer = renderer;
    this.#background = background;
    this.#composition = composition;
  }

  draw(canvas: Canvas, look: Look): void {
    const { left, top, innerWidth, innerHeight } = this.#composition;
    const { planes } = canvas;
    if (Number.isNaN(canvas.level)) copyRows(planes, this.#background, 0, top);
    // What is above the person is there for good.
    canvas.level = 0;
    const drawn = this.#renderer.frames.frame(0, (whole) => this.#renderer.draw(whole, look));
    const inner = planesOf(drawn.data, innerWidth, innerHeight);
    for (const [to, from, half] of [
      [planes.y, inner.y, 0],
      [planes.u, inner.u, 1],
      [planes.v, inner.v, 1],
    ] as const) {
      const [width, stride] = [planes.width >> half, inner.width >> half];
      for (let row = 0; row < innerHeight >> half; row++) {
        const start = row * stride + (left >> half);
        to.set(from.subarray(start, start + width), (row + (top >> half)) * width);
      }
    }
    drawn.release();
  }
}
