import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { JobStore } from "../../src/jobs/job-store.ts";
import { JOB_LOG } from "../../src/limits/jobs.ts";
import { scratchFolder } from "../server/local-server.ts";
import { accept, acceptGroup, logPath, logsBegun, waitForNewLog } from "./job-log-jobs.ts";

/** Bytes of one page in the log, with what is noted of it. */
const LOGGED_PAGE = 4096 + 24;

async function assertKept(folder: string, ids: readonly string[]): Promise<void> {
  using store = await JobStore.open(folder);
  for (const id of ids) assert.equal(String(await store.body(id)), id);
}

test("the log is moved into the database in a pause, and used again", async () => {
  const folder = await scratchFolder();
  const store = await JobStore.open(folder);
  const ids: string[] = [];
  const sizes: number[] = [];
  for (let round = 0; round < 4; round++) {
    const before = await logsBegun(folder);
    const earlier = [...ids];
    for await (const id of acceptGroup(store)) ids.push(id);
    await waitForNewLog(folder, before);
    sizes.push((await stat(logPath(folder))).size);
    // What had been accepted before is in the database without its log.
    const copy = await scratchFolder();
    await copyFile(join(folder, "jobs.sqlite"), join(copy, "jobs.sqlite"));
    await assertKept(copy, earlier);
  }
  const most = JOB_LOG.pages * LOGGED_PAGE;
  assert.ok(Math.max(...sizes) < most, `the log has ${sizes.join(", ")} bytes`);
  store[Symbol.dispose]();
  await assertKept(folder, ids);
});

test("where changes never pause, the log stays within its bound", async () => {
  const folder = await scratchFolder();
  const store = await JobStore.open(folder);
  const ids: string[] = [];
  let most = 0;
  let all = 0;
  const before = await logsBegun(folder);
  // Far more than the log may hold; a job is more than two pages.
  while (all < 3 * JOB_LOG.pages * LOGGED_PAGE) {
    for (let count = 0; count < 100; count++) ids.push(await accept(store));
    const { size } = await stat(logPath(folder));
    most = Math.max(most, size);
    all += 100 * 2 * LOGGED_PAGE;
  }
  assert.notEqual(await logsBegun(folder), before);
  assert.ok(most <= (JOB_LOG.pages + 50) * LOGGED_PAGE, `the log grew to ${most} bytes`);
  store[Symbol.dispose]();
  await assertKept(folder, ids);
});

test("a kill after the log was moved loses no accepted job", async () => {
  const folder = await scratchFolder();
  const writer = spawn(process.execPath, [join(import.meta.dirname, "job-log-writer.ts"), folder], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(writer, "exit");
  const ids: string[] = [];
  let moved = 0;
  let since = 0;
  for await (const line of createInterface(writer.stdout)) {
    if (line === "moved") {
      moved++;
      since = ids.length;
    } else if (line.length === 36) ids.push(line);
    // In the midst of the group after the second move. The last line may be cut short.
    if (moved === 2 && ids.length === since + 50) writer.kill("SIGKILL");
  }
  assert.deepEqual(await ended, [null, "SIGKILL"]);
  assert.ok(ids.length > 2 * JOB_LOG.changes, `${ids.length} jobs were accepted`);
  await assertKept(folder, ids);
});
