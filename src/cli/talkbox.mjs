#!/usr/bin/env -S MALLOC_ARENA_MAX=2 node --max-semi-space-size=1 --v8-pool-size=1
// Plain JavaScript that any Node since 18 can read: it makes sure that the rest runs on a Node that strips types.
// Pictures and sound live outside of V8's heap: a small nursery for the rest saves 20 MB, and few arenas for malloc's
// threads save 40 MB, neither at a cost in time. One helper of V8 instead of four: collecting garbage waits for all of
// them, and on few cores that held up the event loop longer than the work itself.
import { spawn } from "node:child_process";
import module, { createRequire } from "node:module";

// Not there before Node 22.
const { enableCompileCache } = module;

const [major] = process.versions.node.split(".");

if (Number(major) >= 24) {
  // What was compiled once is not compiled again: in NODE_COMPILE_CACHE, else in the system's temporary folder.
  enableCompileCache?.();
  await import("./main.ts");
} else {
  const node = packagedNode();
  if (!node) {
    console.error(`Talkbox needs Node 24, and this is ${process.version}. Run "npm ci" in its folder: it brings one.`);
    process.exit(1);
  }
  const child = spawn(node, ["--max-semi-space-size=1", "--v8-pool-size=1", ...process.argv.slice(1)], {
    stdio: "inherit",
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? (signal ? 1 : 0);
  });
}

/** The Node that the `node` package of npm installed. */
function packagedNode() {
  try {
    return createRequire(import.meta.url).resolve("node/bin/node");
  } catch {
    return undefined;
  }
}
