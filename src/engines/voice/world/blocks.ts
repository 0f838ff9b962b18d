import { cuttingStep, searchRatio } from "../../../signal/voice/frame-grid.ts";
import type { FrameGrid } from "./protocol.ts";

/** Time between frames, in seconds. */
const HOP_SECONDS = 0.005;
/** What the pitch tracker sees before and after a block, in seconds. */
const CONTEXT_SECONDS = 0.6;

/** A block of the source with its surroundings. */
export type Block = {
  /** Shared between threads; begins and ends with the surroundings. */
  readonly samples: Float32Array;
  /** Number of the first of the samples in the source. */
  readonly firstSample: number;
  /** Frame of `samples` at which the block begins, and how many frames later it ends. */
  readonly firstFrame: number;
  readonly frames: number;
  /** Samples of the block itself. */
  readonly length: number;
};

/** How a source of some rate is cut. */
export class BlockCutter implements FrameGrid {
  readonly sampleRate: number;
  readonly hop: number;
  readonly #length: number;
  readonly #context: number;

  constructor(sampleRate: number, blockSeconds: number) {
    this.sampleRate = sampleRate;
    let hop = sampleRate * HOP_SECONDS;
    let step = cuttingStep(sampleRate, hop);
    if (step === 0) {
      // A rate that nothing divides: frames lie on samples then, and the pieces are analysed a little differently.
      hop = Math.round(hop);
      step = searchRatio(sampleRate);
    }
    this.hop = hop;
    const unit = Math.round(step * hop);
    this.#length = unit * Math.max(1, Math.round((sampleRate * blockSeconds) / unit));
    this.#context = unit * Math.ceil((sampleRate * CONTEXT_SECONDS) / unit);
  }

  /** The blocks of a source in order; as soon as a block and what comes after it has been read. */
  async *cut(source: AsyncIterable<Float32Array>): AsyncGenerator<Block, void> {
    const wanted = this.#length + this.#context;
    let held = new Float32Array(this.#context + 2 * wanted);
    /** Samples in `held`, those before the block among them, and the number of the first one. */
    let count = 0;
    let before = 0;
    let firstSample = 0;
    const make = (length: number): Block => ({
      samples: shared(held.subarray(0, Math.min(count, before + length + this.#context))),
      firstSample,
      firstFrame: Math.round(before / this.hop),
      frames: Math.ceil(length / this.hop - 1e-6),
      length,
    });
    for await (const piece of source) {
      if (count + piece.length > held.length) {
        const larger = new Float32Array(count + piece.length + wanted);
        larger.set(held.subarray(0, count));
        held = larger;
      }
      held.set(piece, count);
      count += piece.length;
      while (count - before >= wanted) {
        yield make(this.#length);
        const gone = Math.max(0, before + this.#length - this.#context);
        held.copyWithin(0, gone, count);
        count -= gone;
        firstSample += gone;
        before += this.#length - gone;
      }
    }
    while (count > before) {
      const length = Math.min(this.#length, count - before);
      yield make(length);
      const gone = Math.max(0, before + length - this.#context);
      held.copyWithin(0, gone, count);
      count -= gone;
      firstSample += gone;
      before += length - gone;
    }
  }
}

function shared(samples: Float32Array): Float32Array {
  const copy = new Float32Array(new SharedArrayBuffer(samples.byteLength));
  copy.set(samples);
  return copy;
}
