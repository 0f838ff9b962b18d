import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "../../src/errors.ts";
import type { RunJob } from "../../src/jobs/job-runner.ts";
import { estimateWaits } from "../../src/jobs/queue-times.ts";
import { RouteJobs, startRouteJob } from "../../src/server/route-job.ts";
import { localServer } from "./local-server.ts";

/** A job whose text says what it does: work for so many milliseconds, or fail. */
const run: RunJob = async function* (job, signal) {
  const { text } = (job as { input: { params: { text: string } } }).input.params;
  yield { type: "status", stage: "tts", message: "begun" };
  if (text === "fail") {
    throw new AppError("engine_failed", "It broke.", { violations: [{ path: "params.text", message: "Bad." }] });
  }
  await sleep(Number(text), undefined, { signal });
  yield { type: "status", stage: "tts_done", message: "done" };
  return { success: true, text };
};

const server = await localServer({ run, env: { TALKBOX_CONCURRENCY: "1" } });
const routeJobs = new RouteJobs(server.jobs);
const stay = { signal: new AbortController().signal };

const start = (text: string, following: Parameters<typeof startRouteJob>[2] = stay): ReturnType<typeof startRouteJob> =>
  startRouteJob({ routeJobs }, { operation: "tts", params: { text } }, following);

async function until(settled: () => boolean): Promise<void> {
  for (let waited = 0; !settled() && waited < 30_000; waited += 5) await sleep(5);
  assert.ok(settled());
}

test("a route's job tells its events with their ids, and ends in its result", async () => {
  const job = await start("1");
  const stages: string[] = [];
  for await (const { id, event } of job.events) if (event.type === "status") stages.push(`${id} ${event.stage}`);
  assert.deepEqual(stages, ["1 tts", "2 tts_done"]);
  assert.deepEqual(await job.result(), { success: true, text: "1" });
  const again = routeJobs.follow(job.id, 1, stay);
  const late = [];
  for await (const { id } of again.events) late.push(id);
  assert.deepEqual(late, [2]);
  assert.equal((await again.result())["text"], "1");
});

test("a job's error comes back as it was, with its violations", async () => {
  const job = await start("fail");
  await assert.rejects(job.result(), (error: AppError) => {
    assert.deepEqual([error.code, error.message], ["engine_failed", "It broke."]);
    assert.deepEqual(error.violations, [{ path: "params.text", message: "Bad." }]);
    return true;
  });
});

test("bad params are refused before there is a job", async () => {
  const before = server.jobs.counts();
  await assert.rejects(
    startRouteJob({ routeJobs }, { operation: "tts", params: { text: 5, speed: 1 } }, stay),
    (error: AppError) => error.code === "invalid_input" && error.violations?.length === 2,
  );
  assert.deepEqual(server.jobs.counts(), before);
});

test("a caller who goes away cancels the job, at once or when nobody comes back in time", async () => {
  for (const graceMs of [0, 20]) {
    const gone = new AbortController();
    const job = await start("60000", { signal: gone.signal, graceMs, owner: { sid: "s1", address: "127.0.0.1" } });
    assert.deepEqual(routeJobs.ofSid("s1"), [job.id]);
    gone.abort();
    await until(() => server.jobs.view(job.id).record.state === "CANCELLED");
    await until(() => routeJobs.ofSid("s1").length === 0);
    await assert.rejects(job.result(), (error: AppError) => error.code === "cancelled");
  }
});

test("a caller who comes back in time keeps the job", async () => {
  const gone = new AbortController();
  const job = await start("300", { signal: gone.signal, graceMs: 100 });
  gone.abort();
  const again = routeJobs.follow(job.id, 0, stay);
  assert.equal((await again.result())["text"], "300");
});

test("waits are estimated from measured runs, place by place", async () => {
  await (await start("1")).result();
  const first = await start("60000");
  await until(() => server.jobs.view(first.id).record.state === "IN_PROGRESS");
  const second = await start("60000");
  const { underWay, waiting } = server.jobs.queue();
  assert.deepEqual([underWay.map(({ id }) => id), waiting.map(({ id }) => id)], [[first.id], [second.id]]);
  assert.equal(typeof server.jobs.estimatedWaits().get(second.id), "number");
  for (const { id } of [first, second]) server.jobs.cancel(id);
  const record = (id: string, startedAt: number | null) => ({ ...server.jobs.view(first.id).record, id, startedAt });
  const queue = {
    underWay: [record("a", 0), record("b", 5000)],
    waiting: ["c", "d", "e"].map((id) => record(id, null)),
  };
  // Runs take 10 s: a ends at 10 s, b at 15 s, and c, which takes a's place, at 20 s.
  assert.deepEqual(
    [...estimateWaits(queue, 2, () => 10_000, 8000)],
    [
      ["c", 2],
      ["d", 7],
      ["e", 12],
    ],
  );
  assert.deepEqual([...estimateWaits(queue, 2, () => undefined, 8000).values()], [null, null, null]);
});
