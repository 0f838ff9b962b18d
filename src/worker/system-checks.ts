import { readFile, statfs } from "node:fs/promises";
import { freemem } from "node:os";
import { WorkerError } from "./errors.ts";
import type { Environment } from "./platform.ts";
import type { FitnessCheck } from "./types.ts";

/**
 * Checks of the machine, with the platform's own variables: RUNPOD_MIN_MEMORY_GB (default 4), RUNPOD_MIN_DISK_PERCENT
 * (default 10), and RUNPOD_SKIP_AUTO_SYSTEM_CHECKS=true for none.
 */
export function systemChecks(environment: Environment = process.env): FitnessCheck[] {
  if (environment["RUNPOD_SKIP_AUTO_SYSTEM_CHECKS"]?.toLowerCase() === "true") return [];
  const leastMemory = positive(environment["RUNPOD_MIN_MEMORY_GB"], 4);
  const leastDisk = positive(environment["RUNPOD_MIN_DISK_PERCENT"], 10);
  return [
    {
      name: "memory",
      check: async () => {
        const available = (await availableMemory()) / 1e9;
        if (available < leastMemory) throw unfit("memory", `${available.toFixed(1)} GB available`, `${leastMemory} GB`);
      },
    },
    {
      name: "disk",
      check: async () => {
        const { bavail, blocks } = await statfs("/");
        const free = (100 * bavail) / blocks;
        if (free < leastDisk) throw unfit("disk", `${free.toFixed(1)} % free`, `${leastDisk} %`);
      },
    },
  ];
}

function unfit(what: string, found: string, least: string): WorkerError {
  return new WorkerError("unfit", `Too little ${what}: ${found}, at least ${least} is needed.`);
}

/** Bytes that can be had without swapping; what is merely free where the kernel does not say. */
async function availableMemory(): Promise<number> {
  const text = await readFile("/proc/meminfo", "utf8").catch(() => "");
  const kilobytes = /^MemAvailable:\s+(\d+) kB/m.exec(text)?.[1];
  return kilobytes === undefined ? freemem() : Number(kilobytes) * 1024;
}

function positive(given: string | undefined, fallback: number): number {
  const value = Number(given);
  return given !== undefined && given !== "" && value >= 0 ? value : fallback;
}
