import { availableParallelism } from "node:os";
import { AppError } from "../../../errors.ts";
import { TaskPool } from "../../task-pool.ts";
import type { StereoPassage } from "../stem-separator.ts";
import type { SpectraGeometry, SpectraResult } from "./protocol.ts";

/** Threads that make spectra of windows of sound for an engine's networks, and sound of their answers. */
export class SpectraThreads implements AsyncDisposable {
  readonly #pool: TaskPool;

  /** @param most threads, where there are cores for them */
  constructor(most: number) {
    // Beside this file in development, in the bundle's folder in production.
    const here = import.meta.url;
    const entry = new URL(here.endsWith(".ts") ? "thread.ts" : "spectra-thread.js", here);
    this.#pool = new TaskPool(entry, Math.min(most, availableParallelism()));
  }

  /**
   * A window's spectrum, [4, bins, frames], and with `turned` that of the window with its sign turned. The window's
   * buffers are handed over.
   * @throws AppError `cancelled`, `engine_failed`
   */
  analyse(
    geometry: SpectraGeometry,
    sound: readonly [Float32Array<ArrayBuffer>, Float32Array<ArrayBuffer>],
    signal: AbortSignal,
    turned = false,
  ): Promise<SpectraResult> {
    const task = { kind: "analyse", geometry, sound, turned } as const;
    return this.#pool.run<SpectraResult>(
      task,
      signal,
      sound.map(({ buffer }) => buffer),
    );
  }

  /**
   * The sound of a network's answer, or of two: half the difference of both. Their buffers are handed over.
   * @throws AppError `engine_failed` for an answer that is no number too; `cancelled`
   */
  async synthesise(
    geometry: SpectraGeometry,
    spectra: readonly Float32Array<ArrayBuffer>[],
    signal: AbortSignal,
  ): Promise<StereoPassage> {
    const task = { kind: "synthesise", geometry, spectra } as const;
    const [left, right] = await this.#pool.run<SpectraResult>(
      task,
      signal,
      spectra.map(({ buffer }) => buffer),
    );
    if (!left || !right || !left.every(Number.isFinite) || !right.every(Number.isFinite)) {
      throw new AppError(
        "engine_failed",
        "The network answered what is no number. Its file is damaged: download it again.",
      );
    }
    return [left, right];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool[Symbol.asyncDispose]();
  }
}
