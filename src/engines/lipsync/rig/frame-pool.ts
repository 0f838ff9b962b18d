import { frameBytes, planesOf } from "./frame-planes.ts";
import type { Frame } from "../lipsync-engine.ts";
import { type Canvas, createCanvas } from "./renderer.ts";

/** Buffers kept for reuse; a consumer that holds more gets more. */
const KEEP = 4;

/** A buffer with the canvas on it. */
type Slot = { readonly data: Uint8Array; readonly canvas: Canvas };

/** Frame buffers of one size that go round between renderer and encoder. */
export class FramePool {
  readonly #width: number;
  readonly #height: number;
  readonly #free: Slot[] = [];

  constructor(width: number, height: number) {
    this.#width = width;
    this.#height = height;
  }

  /** Draws frame `index` on a free buffer; it comes back to the pool when the frame is released. */
  frame(index: number, draw: (canvas: Canvas) => void): Frame {
    const slot = this.#free.pop() ?? this.#create();
    draw(slot.canvas);
    let held = true;
    return {
      index,
      data: slot.data,
      release: () => {
        if (held && this.#free.length < KEEP) this.#free.push(slot);
        held = false;
      },
    };
  }

  #create(): Slot {
    const data = new Uint8Array(frameBytes(this.#width, this.#height));
    return { data, canvas: createCanvas(planesOf(data, this.#width, this.#height)) };
  }
}
