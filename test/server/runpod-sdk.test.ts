import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { localServer } from "./local-server.ts";
import { scripted, scriptedRun } from "./scripted-run.ts";

// The SDK prints a line for each poll.
const print = console.log;
console.log = () => {};
const { default: runpodSdk } = await import("runpod-sdk");
console.log = print;

const { run, began } = scriptedRun();
const server = await localServer({ run, env: { TALKBOX_CONCURRENCY: "1", TALKBOX_API_KEY: "a-key" } });
const endpoint = runpodSdk("a-key", { baseUrl: `${server.url}/v2` }).endpoint("any-id");
assert.ok(endpoint);

test("run, then status until it is done", async () => {
  const accepted = await endpoint.run(scripted({ ms: 150, echo: "안녕" }));
  assert.equal(accepted.status, "IN_QUEUE");
  let status = await endpoint.status(accepted.id);
  assert.ok(["IN_QUEUE", "IN_PROGRESS"].includes(status.status));
  while (!(status as { completed?: boolean }).completed) {
    await sleep(20);
    status = await endpoint.status(accepted.id);
  }
  const { output, executionTime, delayTime, id, workerId, succeeded } = status as unknown as Record<string, unknown>;
  assert.deepEqual([id, output, succeeded], [accepted.id, { success: true, echo: "안녕" }, true]);
  assert.ok(Number(executionTime) >= 140 && Number(delayTime) >= 0 && typeof workerId === "string");
});

test("runSync answers the output", async () => {
  const answer = await endpoint.runSync(scripted({ ms: 20, echo: [1, { a: null }] }));
  assert.deepEqual([answer.status, answer.output], ["COMPLETED", { success: true, echo: [1, { a: null }] }]);
});

test("runSync goes on by status-sync where the wait is shorter than the job", async () => {
  const answer = await endpoint.runSync(scripted({ ms: 1300 }), 5000);
  assert.equal(answer.status, "COMPLETED");
  const given = await endpoint.runSync(scripted({ ms: 2600 }), 1000);
  assert.equal(given.status, "IN_PROGRESS");
  assert.equal((await endpoint.statusSync(given.id, 5000)).status, "COMPLETED");
});

test("a job that fails says so in the way the platform's clients read", async () => {
  const answer = (await endpoint.runSync(scripted({ fail: "no voice" }))) as unknown as Record<string, string>;
  assert.equal(answer["status"], "FAILED");
  const error = JSON.parse(answer["error"] ?? "") as Record<string, unknown>;
  assert.deepEqual(Object.keys(error), [
    "error_type",
    "error_message",
    "error_traceback",
    "hostname",
    "worker_id",
    "runpod_version",
  ]);
  assert.deepEqual([error["error_type"], error["error_message"]], ["engine_failed", "no voice"]);
});

test("stream yields every part once, in order, and ends", async () => {
  const { id } = await endpoint.run(scripted({ ms: 200, chunks: 5 }));
  const parts: { output: { index: number } }[] = [];
  for await (const part of endpoint.stream(id)) parts.push(part as { output: { index: number } });
  assert.deepEqual(
    parts.map(({ output }) => output.index),
    [0, 1, 2, 3, 4],
  );
  for await (const part of endpoint.stream(id)) assert.fail(`handed out twice: ${JSON.stringify(part)}`);
});

test("cancel ends a job under way and one that waits", async () => {
  const busy = await endpoint.run(scripted({ ms: 10_000 }));
  const waiting = await endpoint.run(scripted({ ms: 10_000 }));
  await sleep(30);
  assert.equal((await endpoint.status(busy.id)).status, "IN_PROGRESS");
  assert.deepEqual(await endpoint.cancel(waiting.id), { id: waiting.id, status: "CANCELLED" });
  const { id, status } = await endpoint.cancel(busy.id);
  assert.deepEqual([id, status], [busy.id, "CANCELLED"]);
  assert.equal((await endpoint.status(busy.id)).status, "CANCELLED");
  assert.ok(!began.includes(waiting.id), "it never began");
  assert.equal((await endpoint.runSync(scripted({}))).status, "COMPLETED", "the place is free");
});

test("health counts, purgeQueue empties the queue", async () => {
  const before = await endpoint.health();
  const busy = await endpoint.run(scripted({ ms: 10_000 }));
  for (let count = 0; count < 3; count++) await endpoint.run(scripted({}));
  await sleep(30);
  const { jobs, workers } = await endpoint.health();
  assert.deepEqual([jobs.inProgress, jobs.inQueue, workers.running, workers.idle], [1, 3, 1, 0]);
  assert.deepEqual(await endpoint.purgeQueue(), { removed: 3, status: "completed" });
  assert.equal((await endpoint.health()).jobs.inQueue, 0);
  await endpoint.cancel(busy.id);
  assert.equal((await endpoint.health()).jobs.completed, before.jobs.completed);
});

test("a wrong key and an unknown job reject with their status", async () => {
  const stranger = runpodSdk("another-key", { baseUrl: `${server.url}/v2` }).endpoint("any-id");
  await assert.rejects(
    async () => stranger?.health(),
    (error: { response?: { status?: number } }) => error.response?.status === 401,
  );
  await assert.rejects(
    endpoint.status("no-such-job"),
    (error: { response?: { status?: number } }) => error.response?.status === 404,
  );
});
