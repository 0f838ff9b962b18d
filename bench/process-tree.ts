import { readdirSync, readFileSync } from "node:fs";

/** Memory of a process and all its descendants (PSS: shared pages are counted once), in bytes. Linux only. */
export function treeMemory(pid: number): number {
  let bytes = 0;
  for (const member of treeOf(pid)) {
    bytes += Number(/^Pss:\s+(\d+) kB/m.exec(readOrEmpty(`/proc/${member}/smaps_rollup`))?.[1] ?? 0) * 1024;
  }
  return bytes;
}

/**
 * The same memory in two parts, in bytes: what belongs to the processes alone, and the pages of the files that they map,
 * once each, as if nobody else on the machine mapped them.
 */
export function treeParts(pid: number): { anonymous: number; files: number } {
  let anonymous = 0;
  const files = new Map<string, number>();
  for (const member of treeOf(pid)) {
    anonymous += Number(/^Pss_Anon:\s+(\d+) kB/m.exec(readOrEmpty(`/proc/${member}/smaps_rollup`))?.[1] ?? 0) * 1024;
    for (const [name, bytes] of filePages(member)) files.set(name, Math.max(files.get(name) ?? 0, bytes));
  }
  return { anonymous, files: [...files.values()].reduce((sum, bytes) => sum + bytes, 0) };
}

/** Resident bytes of each mapping of a file, by the file's name and the mapping's offset. */
function filePages(pid: number): Map<string, number> {
  const pages = new Map<string, number>();
  let name = "";
  let resident = 0;
  for (const line of readOrEmpty(`/proc/${pid}/smaps`).split("\n")) {
    const head = /^[0-9a-f]+-[0-9a-f]+ \S+ (\S+) \S+ \d+ *(\/.*)?$/.exec(line);
    if (head) name = head[2] === undefined ? "" : `${head[2]} ${head[1]}`;
    const field = /^(Rss|Anonymous): +(\d+) kB/.exec(line);
    if (field?.[1] === "Rss") resident = Number(field[2]);
    else if (field && name !== "") pages.set(name, (pages.get(name) ?? 0) + (resident - Number(field[2])) * 1024);
  }
  return pages;
}

/** Milliseconds of a tick, in which Linux counts. */
const TICK_MS = 10;

/** Processor time of a process and all its descendants since they began, those that have ended included, ms. */
export function treeCpuMs(pid: number): number {
  let ticks = 0;
  for (const member of treeOf(pid)) {
    const stat = readOrEmpty(`/proc/${member}/stat`);
    // User and system time of its own, then of the children that it waited for.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    for (const field of fields.slice(11, 15)) ticks += Number(field);
  }
  return ticks * TICK_MS;
}

/** A process and its descendants. */
function treeOf(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = readOrEmpty(`/proc/${name}/stat`);
    const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    if (stat) parents.set(Number(name), parent);
  }
  return [...parents.keys()].filter((candidate) => {
    let ancestor: number | undefined = candidate;
    while (ancestor !== undefined && ancestor !== pid) ancestor = parents.get(ancestor);
    return ancestor === pid;
  });
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
