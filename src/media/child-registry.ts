import type { ChildProcess } from "node:child_process";

/** Children that this process started and that have not ended yet. */
const live = new Set<ChildProcess>();
let killsAtExit = false;

/**
 * Remembers a child until it ends, and kills it (SIGKILL) should this process exit before.
 * Every process that `src/media` starts passes here.
 */
export function registerChild(child: ChildProcess): void {
  if (child.pid === undefined) return;
  if (!killsAtExit) {
    killsAtExit = true;
    process.once("exit", killLiveChildren);
  }
  live.add(child);
  child.once("exit", () => live.delete(child));
}

/** Process ids of the children that run now, in order of their start. */
export function liveChildren(): readonly number[] {
  return [...live].map((child) => child.pid).filter((pid) => pid !== undefined);
}

function killLiveChildren(): void {
  for (const child of live) child.kill("SIGKILL");
}
