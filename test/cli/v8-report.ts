/**
 * Loaded before a program with `--import`. As that ends, it says on standard output what V8 runs with: its helper threads,
 * and the values of all of its flags as V8 has them then.
 */
import { readdirSync, readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { isMainThread } from "node:worker_threads";

const older = process.env["V8_REPORT_OLDER"];
if (isMainThread && older !== undefined) {
  // The launcher's own Node is an older one. What it starts reports.
  delete process.env["V8_REPORT_OLDER"];
  Object.defineProperty(process, "versions", { value: { ...process.versions, node: older } });
} else if (isMainThread) {
  // Only this process reports.
  delete process.env["NODE_OPTIONS"];
  process.on("exit", () => {
    const workers = readdirSync("/proc/self/task").filter((id) => nameOf(id) === "V8Worker").length;
    process.stdout.write(`\nV8 workers: ${workers}\nmalloc arenas: ${process.env["MALLOC_ARENA_MAX"] ?? "any"}\n`);
    // Asked for help, V8 prints its flags with their values, and goes on.
    setFlagsFromString("--help");
  });
}

/** A thread's name; empty for one that has ended in the meantime. */
function nameOf(thread: string): string {
  try {
    return readFileSync(`/proc/self/task/${thread}/comm`, "utf8").trim();
  } catch {
    return "";
  }
}
