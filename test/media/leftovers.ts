import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { liveChildren } from "../../src/media/child-registry.ts";
import { liveTempDirs, TempDir } from "../../src/media/temp.ts";

/** A private root for one test: everything that is to be gone afterwards is made below it. */
export async function withRoot(test: (root: TempDir) => Promise<void>): Promise<void> {
  await using root = await TempDir.create();
  await test(root);
}

/** Fails when something outlived its use: a child, a temporary directory other than `root`, a file in `root`, a socket. */
export async function assertNothingLeft(root: TempDir, expected: readonly string[] = []): Promise<void> {
  assert.deepEqual(liveChildren(), [], "a child process is left");
  assert.deepEqual(liveTempDirs(), [root.path], "a temporary directory is left");
  assert.deepEqual((await readdir(root.path)).sort(), [...expected].sort(), "a file is left");
  await new Promise(setImmediate);
  const sockets = process.getActiveResourcesInfo().filter((name) => /TCP|PipeWrap$/.test(name));
  // Standard streams of the test runner's own process are pipes too; they are there before any test.
  assert.ok(sockets.length <= idlePipes, `sockets are left: ${sockets.join(" ")}`);
}

const idlePipes = process.getActiveResourcesInfo().filter((name) => /TCP|PipeWrap$/.test(name)).length;
