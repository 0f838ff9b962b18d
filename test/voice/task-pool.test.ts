import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { TaskPool } from "../../src/engines/task-pool.ts";

const never = new AbortController().signal;

/** A thread that doubles numbers, runs for ever at "hang", throws at "throw", and exits at "exit". */
const entry = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { parentPort } from "node:worker_threads";
    parentPort.on("message", ({ id, task }) => {
      if (task === "hang") for (;;);
      if (task === "exit") process.exit(3);
      if (task === "throw") parentPort.postMessage({ id, failure: "no" });
      else parentPort.postMessage({ id, result: 2 * task });
    });`)}`,
);

test("tasks are done in any number, on few threads", async () => {
  await using pool = new TaskPool(entry, 2);
  assert.equal(pool.threads, 0);
  const results = await Promise.all(Array.from({ length: 9 }, (_, n) => pool.run<number>(n, never)));
  assert.deepEqual(results, [0, 2, 4, 6, 8, 10, 12, 14, 16]);
  assert.equal(pool.threads, 2);
});

test("a task that hangs is ended by its signal, and those behind it get a fresh thread", async () => {
  await using pool = new TaskPool(entry, 1);
  const abort = new AbortController();
  const hanging = pool.run("hang", abort.signal);
  const behind = pool.run<number>(4, never);
  const waiting = pool.run(5, abort.signal);
  setTimeout(() => abort.abort(), 100);
  await assert.rejects(hanging, { code: "cancelled" });
  await assert.rejects(waiting, { code: "cancelled" });
  assert.equal(await behind, 8);
});

test("a task that fails or takes its thread down is an error of its own", async () => {
  await using pool = new TaskPool(entry, 1);
  await assert.rejects(pool.run("throw", never), { code: "engine_failed" });
  await assert.rejects(pool.run("exit", never), { code: "engine_failed" });
  assert.equal(await pool.run<number>(1, never), 2);
});

test("threads without work end after a while, and all when the pool is closed", async () => {
  const pool = new TaskPool(entry, 1, 50);
  await pool.run(1, never);
  await sleep(400);
  assert.equal(pool.threads, 0);
  const hanging = pool.run("hang", never);
  hanging.catch(() => {});
  await pool[Symbol.asyncDispose]();
  await assert.rejects(hanging, { code: "cancelled" });
  await assert.rejects(pool.run(1, never), { code: "cancelled" });
});
