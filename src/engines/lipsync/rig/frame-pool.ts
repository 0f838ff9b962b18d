import type { Frame } from "../lipsync-engine.ts";
import { type Canvas, createCanvas } from "./canvas.ts";
import { frameBytes, planesOf } from "./frame-planes.ts";

/** Buffers of a pool. A consumer that holds more gets copies. */
export const MOST_FRAMES = 12;

/** A buffer with the canvas on it. */
type Slot = { readonly data: Uint8Array; readonly canvas: Canvas };

/** Frame buffers of one size that go round between renderer and encoder. */
export class FramePool {
  readonly #width: number;
  readonly #height: number;
  readonly #allocate: (bytes: number) => Uint8Array;
  readonly #free: Slot[] = [];
  #made = 0;

  /** @param allocate gives a buffer; asked for no more than `MOST_FRAMES` */
  constructor(width: number, height: number, allocate = (bytes: number): Uint8Array => new Uint8Array(bytes)) {
    this.#width = width;
    this.#height = height;
    this.#allocate = allocate;
  }

  /** Draws frame `index` on a free buffer; it comes back to the pool when the frame is released. */
  frame(index: number, draw: (canvas: Canvas) => void): Frame {
    const slot = this.#free.pop() ?? this.#create();
    draw(slot.canvas);
    if (this.#made === MOST_FRAMES && this.#free.length === 0) {
      // The last buffer stays, to draw the next frame on.
      const data = slot.data.slice();
      this.#free.push(slot);
      return { index, data, release() {} };
    }
    let held = true;
    return {
      index,
      data: slot.data,
      release: () => {
        if (held) this.#free.push(slot);
        held = false;
      },
    };
  }

  #create(): Slot {
    this.#made++;
    const data = this.#allocate(frameBytes(this.#width, this.#height));
    return { data, canvas: createCanvas(planesOf(data, this.#width, this.#height)) };
  }
}
