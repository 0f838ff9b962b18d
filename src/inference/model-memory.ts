import { availableParallelism, totalmem } from "node:os";
import { GPU_MODEL_SHARE, HOST_MODEL_SHARE } from "../limits/networks.ts";
import { GpuMemoryReader } from "./gpu-memory.ts";
import type { Provider } from "./tensor.ts";

/** The memory that an open network takes. */
export type Pool = "gpu" | "host";

/** Looks at memory and says how much of it networks may take. */
export interface MemoryGauge {
  /** Where a provider's networks lie. */
  poolOf(provider: Provider): Promise<Pool>;
  /** Bytes that all open networks of a pool may take together. */
  budget(pool: Pool): Promise<number>;
  /** Bytes in use now: by all processes on a GPU, by this one on the host. */
  used(pool: Pool): Promise<number>;
}

/** Asks the GPU's driver, and the operating system. */
export class DeviceMemory implements MemoryGauge {
  readonly #limit: number;
  readonly #device: number;
  // Sizes before and after a load are to be those of that moment.
  readonly #gpu: GpuMemoryReader;

  /** @param limit bytes that networks may take of either memory; 0 for a share of it */
  constructor(limit = 0, device = 0, gpu = new GpuMemoryReader(undefined, undefined, 0)) {
    this.#limit = limit;
    this.#device = device;
    this.#gpu = gpu;
  }

  /** WebGPU counts as the host's where no driver tells of a GPU's memory: small graphics devices share the host's. */
  async poolOf(provider: Provider): Promise<Pool> {
    if (provider === "cpu") return "host";
    return provider === "webgpu" && (await this.#gpu.read()).length === 0 ? "host" : "gpu";
  }

  async budget(pool: Pool): Promise<number> {
    if (this.#limit > 0) return this.#limit;
    if (pool === "host") return hostBytes() * HOST_MODEL_SHARE;
    const gpu = await this.#read();
    // A card that does not tell of its memory has no bound here: the runtime says when it is full.
    return gpu ? gpu.totalBytes * GPU_MODEL_SHARE : Number.MAX_SAFE_INTEGER;
  }

  async used(pool: Pool): Promise<number> {
    return pool === "host" ? process.memoryUsage.rss() : ((await this.#read())?.usedBytes ?? 0);
  }

  async #read() {
    const all = await this.#gpu.read();
    return all.find(({ index }) => Number(index) === this.#device) ?? all[0];
  }
}

/** The machine's memory, or what a container is allowed of it. */
function hostBytes(): number {
  const allowed = process.constrainedMemory();
  return allowed > 0 ? Math.min(allowed, totalmem()) : totalmem();
}

/** Threads of one run on the CPU: the cores, up to where more threads of one network gain nothing. */
export const cpuThreads = (): number => Math.min(availableParallelism(), 16);
