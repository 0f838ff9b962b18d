import { readdirSync, readFileSync } from "node:fs";

/** Memory of a process and all its descendants (PSS: shared pages are counted once), in bytes. Linux only. */
export function treeMemory(pid: number): number {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = readOrEmpty(`/proc/${name}/stat`);
    const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    if (stat) parents.set(Number(name), parent);
  }
  let bytes = 0;
  for (const candidate of parents.keys()) {
    let ancestor: number | undefined = candidate;
    while (ancestor !== undefined && ancestor !== pid) ancestor = parents.get(ancestor);
    if (ancestor === pid)
      bytes += Number(/^Pss:\s+(\d+) kB/m.exec(readOrEmpty(`/proc/${candidate}/smaps_rollup`))?.[1] ?? 0) * 1024;
  }
  return bytes;
}

/** Samples `treeMemory` until stopped: pairs of milliseconds since the start and bytes. */
export function watchTree(
  pid: number,
  intervalMs: number,
): { stop(): readonly (readonly [ms: number, bytes: number])[] } {
  const samples: (readonly [number, number])[] = [];
  const start = performance.now();
  const timer = setInterval(() => {
    const bytes = treeMemory(pid);
    if (bytes > 0) samples.push([performance.now() - start, bytes]);
  }, intervalMs);
  return {
    stop() {
      clearInterval(timer);
      return samples;
    },
  };
}

/** A process may end while it is looked at. */
function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** Middle value. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
