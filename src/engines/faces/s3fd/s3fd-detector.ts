import { AppError } from "../../../errors.ts";
import { S3FD_LEVELS } from "../../../graphs/s3fd.ts";
import type { Lease } from "../../../inference/model-cache.ts";
import { type CheckpointModels, leaseNetwork, onGpu } from "../../checkpoint-models.ts";
import { type DetectedFace, type DetectionMap, facesOf } from "./decode.ts";

/** Pictures that are looked at in one run: on a GPU as many as the reference's service has; a processor gains nothing. */
const BATCH = { gpu: 8, cpu: 1 } as const;

/** Pictures of one size, [height, width, 3] red, green, blue. */
export type Pictures = {
  readonly width: number;
  readonly height: number;
  readonly data: readonly Uint8Array[];
};

/**
 * Which mean is taken off which colour: as the network was trained, or as the copies in Wav2Lip and MuseTalk have it,
 * which mix red and blue up.
 */
export type MeanOrder = "right" | "vendored";

/** S3FD, held open. */
export class S3fdDetector implements AsyncDisposable {
  readonly #lease: Lease;

  private constructor(lease: Lease) {
    this.#lease = lease;
  }

  /**
   * @returns undefined where there are no weights
   * @throws AppError `model_unusable` for weights that are there and cannot be used; as `leaseNetwork`
   */
  static async open(
    models: CheckpointModels,
    signal: AbortSignal,
    mean: MeanOrder = "right",
  ): Promise<S3fdDetector | undefined> {
    const entry = await models.library.find("s3fd");
    if (!entry) return undefined;
    const part = mean === "right" ? "faces" : "faces-vendored";
    return new S3fdDetector(await leaseNetwork(models, { entry, part }, signal));
  }

  /** Pictures that are looked at in one run. */
  get batch(): number {
    return onGpu(this.#lease.session) ? BATCH.gpu : BATCH.cpu;
  }

  /** Whether looking at a picture costs next to nothing. */
  get fast(): boolean {
    return onGpu(this.#lease.session);
  }

  /**
   * The faces of each picture, surest first, in pixels of it.
   * @throws AppError `cancelled`, `engine_failed`
   */
  async detect({ width, height, data }: Pictures, signal: AbortSignal): Promise<DetectedFace[][]> {
    const found: DetectedFace[][] = [];
    for (let from = 0; from < data.length; from += this.batch) {
      const some = data.slice(from, from + this.batch);
      const pixels = new Uint8Array(some.length * width * height * 3);
      for (const [i, picture] of some.entries()) turnColours(picture, pixels.subarray(i * width * height * 3));
      const picture = { type: "uint8", dims: [some.length, height, width, 3], data: pixels } as const;
      const outputs = await this.#lease.session.run({ picture }, signal);
      for (const i of some.keys()) {
        const maps = Array.from({ length: S3FD_LEVELS }, (_, level): DetectionMap => {
          const [score, box] = [outputs[`score${level}`], outputs[`box${level}`]];
          if (score?.type !== "float32" || box?.type !== "float32") {
            throw new AppError("engine_failed", "The face detector gave no answer. Import its weights again.");
          }
          const [, , h = 0, w = 0] = score.dims;
          const places = w * h;
          return {
            width: w,
            height: h,
            score: score.data.subarray(i * places, (i + 1) * places),
            box: box.data.subarray(4 * i * places, 4 * (i + 1) * places),
          };
        });
        found.push(facesOf(maps));
      }
    }
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lease[Symbol.asyncDispose]();
  }
}

/** Red, green, blue as blue, green, red. */
function turnColours(from: Uint8Array, to: Uint8Array): void {
  for (let at = 0; at < from.length; at += 3) {
    to[at] = from[at + 2] as number;
    to[at + 1] = from[at + 1] as number;
    to[at + 2] = from[at] as number;
  }
}
