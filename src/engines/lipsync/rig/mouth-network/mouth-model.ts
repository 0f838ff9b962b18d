import { access } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../../../../errors.ts";
import { InferenceThread, type Session } from "../../../../inference/session.ts";
import { PARAMETER_COUNT } from "../mouth-parameters.ts";
import { BANDS } from "./mouth-features.ts";

/** Frames that the network sees behind and ahead of the one it gives a mouth for. */
export const LEFT = 128;
export const RIGHT = 6;
/** Numbers per mouth: the parameters, then the logits of lips closed and of lower lip tucked. */
export const ROW = PARAMETER_COUNT + 2;
export const CLOSED = PARAMETER_COUNT;
export const TUCKED = PARAMETER_COUNT + 1;

/** Frames per run: some milliseconds of work, and a bound on memory however long a part is. */
const MOST_FRAMES = 1000;

/** The network that turns features into mouths: `models/mouth/mouth.onnx`, opened when it is first asked. */
export class MouthModel implements AsyncDisposable {
  readonly #path: string;
  readonly #thread: InferenceThread;
  #session: Promise<Session> | undefined;

  constructor(modelsDir: string, thread = new InferenceThread()) {
    this.#path = join(modelsDir, "mouth/mouth.onnx");
    this.#thread = thread;
  }

  /**
   * Mouths of the frames in the middle: `LEFT` frames at the start and `RIGHT` at the end are only looked at.
   * @returns `ROW` numbers per frame
   * @throws AppError `engine_unavailable` where ONNX Runtime or the file is missing, `engine_failed`, `cancelled`
   */
  async mouths(features: Float32Array, signal?: AbortSignal): Promise<Float32Array> {
    const count = features.length / BANDS - LEFT - RIGHT;
    const rows = new Float32Array(count * ROW);
    for (let at = 0; at < count; at += MOST_FRAMES) {
      const frames = Math.min(MOST_FRAMES, count - at);
      const data = features.slice(at * BANDS, (at + frames + LEFT + RIGHT) * BANDS);
      rows.set(await this.#run(data, signal), at * ROW);
    }
    return rows;
  }

  async close(): Promise<void> {
    this.#session = undefined;
    await this.#thread.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #run(data: Float32Array<ArrayBuffer>, signal?: AbortSignal): Promise<Float32Array> {
    const opening = (this.#session ??= this.#open());
    try {
      const session = await opening;
      const features = { type: "float32", dims: [1, data.length / BANDS, BANDS], data } as const;
      const { mouths } = await session.run({ features }, signal);
      if (mouths?.type !== "float32") throw new AppError("engine_failed", "The mouth network gave no mouths.");
      return mouths.data;
    } catch (error) {
      // A session whose thread died is opened anew by whoever comes next.
      if (!(error instanceof AppError && error.code === "cancelled") && this.#session === opening) {
        this.#session = undefined;
      }
      throw error;
    }
  }

  async #open(): Promise<Session> {
    try {
      await access(this.#path);
    } catch (cause) {
      const remedy = "Restore models/mouth from the repository.";
      throw new AppError("engine_unavailable", `The network that reads mouths from sound is missing. ${remedy}`, {
        cause,
      });
    }
    return this.#thread.open(this.#path);
  }
}
