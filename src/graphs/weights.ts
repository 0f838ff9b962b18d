import { type Checkpoint, type CheckpointTensor, readFloat32 } from "../checkpoints/checkpoint.ts";
import { nearKey } from "../checkpoints/near-key.ts";
import { AppError } from "../errors.ts";
import type { GraphBuilder } from "./graph-builder.ts";
import { describeShape, type Value } from "./onnx/types.ts";

/** Largest number of float16. */
const FLOAT16_MAX = 65_504;

const REMEDY =
  "Use the file as its project publishes it; `talkbox models check FILE --tensors` shows its keys and shapes.";

/** Reads one weight's numbers when the graph is written. */
export type Numbers = () => Promise<Float32Array>;

/** What batch normalisation does at inference: x · scale + shift, per channel. */
export type ScaleShift = { readonly scale: Numbers; readonly shift: Numbers };

/**
 * A checkpoint's weights as an architecture asks for them: by key and shape, every miss an error that names both. What
 * was never asked for is known afterwards.
 */
export class Weights {
  readonly #checkpoint: Checkpoint;
  readonly #architecture: string;
  readonly #asked = new Set<string>();

  /** @param architecture what errors call it, such as `Wav2Lip (96 pixels)` */
  constructor(checkpoint: Checkpoint, architecture: string) {
    this.#checkpoint = checkpoint;
    this.#architecture = architecture;
  }

  has(key: string): boolean {
    return this.#checkpoint.tensors.has(key);
  }

  /** @throws AppError `model_unusable` when the key is missing */
  shape(key: string): readonly number[] {
    return this.#find(key).shape;
  }

  /** Keys that the graph did not need, but for counters of training. */
  unused(): string[] {
    return [...this.#checkpoint.tensors.keys()].filter(
      (key) => !this.#asked.has(key) && !key.endsWith(".num_batches_tracked"),
    );
  }

  /**
   * A weight's numbers, in C order, read when called.
   * @throws AppError `model_unusable` at once for a missing key or another shape; when read, for NaN and infinity
   */
  numbers(key: string, shape: readonly number[]): Numbers {
    const tensor = this.#find(key);
    if (describeShape(tensor.shape) !== describeShape(shape)) {
      throw this.#unusable(`"${key}" is ${describeShape(tensor.shape)}, and ${describeShape(shape)} was expected`);
    }
    return async () => {
      const values = await readFloat32(tensor);
      for (const value of values) {
        if (!Number.isFinite(value)) throw this.#unusable(`"${key}" holds NaN or infinity: its training went wrong`);
      }
      return values;
    };
  }

  /** The scale and shift that a batch normalisation comes to (its statistics are fixed at inference). */
  batchNorm(key: string, channels: number, epsilon = 1e-5): ScaleShift {
    const of = (name: string): Numbers => this.numbers(`${key}.${name}`, [channels]);
    const [gamma, beta, mean, variance] = [of("weight"), of("bias"), of("running_mean"), of("running_var")];
    // As PyTorch computes them, but in double precision.
    const scale = async (): Promise<Float64Array> => {
      const [factors, variances] = await Promise.all([gamma(), variance()]);
      return Float64Array.from(factors, (factor, i) => factor / Math.sqrt((variances[i] as number) + epsilon));
    };
    return {
      scale: async () => Float32Array.from(await scale()),
      shift: async () => {
        const [scales, offsets, means] = await Promise.all([scale(), beta(), mean()]);
        return Float32Array.from(offsets, (offset, i) => offset - (means[i] as number) * (scales[i] as number));
      },
    };
  }

  #find(key: string): CheckpointTensor {
    const tensor = this.#checkpoint.tensors.get(key);
    if (!tensor) {
      const near = nearKey(key, this.unused());
      throw near === undefined
        ? this.#unusable(`"${key}" is missing`)
        : this.#unusable(`"${key}" is missing`, `It has "${near}": save its state dict under the original names.`);
    }
    this.#asked.add(key);
    return tensor;
  }

  #unusable(problem: string, remedy = REMEDY): AppError {
    const { file } = this.#checkpoint;
    return new AppError("model_unusable", `${file}: as ${this.#architecture} it cannot be used: ${problem}. ${remedy}`);
  }
}

/** Puts numbers into a graph as a weight, in the graph's precision or in float32. */
export function weightOf(
  g: GraphBuilder,
  name: string,
  shape: readonly number[],
  numbers: Numbers,
  type: "float32" | "float16" = g.precision,
): Value {
  return g.weight(name, type, shape, async () => {
    const values = await numbers();
    if (type === "float32") return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    return new Uint8Array(toFloat16(values).buffer);
  });
}

/** Numbers beyond float16's become its largest. By a loop: `Float16Array.from` takes thirty times as long. */
function toFloat16(values: Float32Array): Float16Array<ArrayBuffer> {
  const out = new Float16Array(values.length);
  for (let i = 0; i < values.length; i++) {
    out[i] = Math.max(-FLOAT16_MAX, Math.min(FLOAT16_MAX, values[i] as number));
  }
  return out;
}
