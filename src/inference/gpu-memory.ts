import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { GPU_MEMORY_KEPT_MS, GPU_MEMORY_TIMEOUT_MS } from "../limits/networks.ts";
import { detectDevice } from "./devices.ts";

/** One GPU's memory, in bytes, as the driver counts it: of all processes. */
export type GpuMemory = {
  readonly index: string;
  readonly usedBytes: number;
  readonly totalBytes: number;
  /** Share of the time in which it worked lately, 0 to 100; absent where the GPU does not tell. */
  readonly utilizationPercent?: number;
};

const MIB = 1024 * 1024;
const QUERY = ["--query-gpu=index,memory.used,memory.total,utilization.gpu", "--format=csv,noheader,nounits"];

/** Asks the driver's own program for memory; what it said lately is said again, and many who ask at once ask once. */
export class GpuMemoryReader {
  readonly #command: string;
  readonly #present: () => boolean;
  readonly #keptMs: number;
  #asked: Promise<readonly GpuMemory[]> | undefined;
  #until = 0;

  /**
   * @param present whether there is a GPU to ask for
   * @param keptMs how long what it said is said again
   */
  constructor(
    command = "nvidia-smi",
    present: () => boolean = () => detectDevice().gpuAvailable,
    keptMs = GPU_MEMORY_KEPT_MS,
  ) {
    this.#command = command;
    this.#present = present;
    this.#keptMs = keptMs;
  }

  /** Empty where there is no GPU, or no program that tells of it in time. */
  read(): Promise<readonly GpuMemory[]> {
    if (this.#asked && performance.now() < this.#until) return this.#asked;
    this.#until = performance.now() + this.#keptMs;
    this.#asked = this.#present() ? this.#ask() : Promise.resolve([]);
    return this.#asked;
  }

  async #ask(): Promise<readonly GpuMemory[]> {
    try {
      const options = { timeout: GPU_MEMORY_TIMEOUT_MS, killSignal: "SIGKILL" } as const;
      const { stdout } = await promisify(execFile)(this.#command, QUERY, options);
      return parseGpuMemory(stdout);
    } catch {
      return [];
    }
  }
}

/** Lines such as `0, 1024, 143771, 45`, in MiB and percent; a GPU that does not tell of its memory (`[N/A]`) is left out. */
export function parseGpuMemory(text: string): readonly GpuMemory[] {
  return text.split("\n").flatMap((line) => {
    const found = /^\s*(\d+),\s*(\d+),\s*(\d+)\s*(?:,\s*(?:(\d+)|.*))?$/.exec(line);
    if (!found) return [];
    const [, index = "", used, total, busy] = found;
    const memory = { index, usedBytes: Number(used) * MIB, totalBytes: Number(total) * MIB };
    return [busy === undefined ? memory : { ...memory, utilizationPercent: Number(busy) }];
  });
}
