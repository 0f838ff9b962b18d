import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { AppError, type ErrorCode } from "../../src/errors.ts";
import { EventLog } from "../../src/jobs/event-log.ts";
import { readJobRequest, type JobRequest } from "../../src/jobs/job-request.ts";
import { JobStore } from "../../src/jobs/job-store.ts";
import type { RunJob } from "../../src/jobs/job-runner.ts";
import type { JobPolicy } from "../../src/jobs/job.ts";
import { Jobs } from "../../src/jobs/jobs.ts";
import { silentLog } from "../../src/log.ts";
import { scratchFolder } from "../server/local-server.ts";
import { scripted, scriptedRun } from "../server/scripted-run.ts";

async function openJobs(folder: string, { run } = scriptedRun(), concurrency = 1): Promise<Jobs> {
  const jobs = new Jobs({
    store: await JobStore.open(folder),
    run,
    heavy: (operation) => (operation === "tts" ? true : undefined),
    concurrency,
    queueSize: 100,
    deleteFile: async () => true,
    log: silentLog(),
    origin: { workerId: "w", version: "test" },
    webhooks: { secret: "", allowPrivate: false },
  });
  await jobs.recover();
  return jobs;
}

function request(params: Parameters<typeof scripted>[0], policy: Partial<JobPolicy> = {}, key?: string): JobRequest {
  const body = scripted(params);
  const read = readJobRequest(body, [Buffer.from(JSON.stringify(body))], key ?? null);
  // Below what callers may ask for, to keep the tests short.
  return { ...read, policy: { ...read.policy, ...policy } };
}

async function output(jobs: Jobs, id: string): Promise<unknown> {
  const json = await jobs.output(await jobs.wait(id, 5000));
  return JSON.parse(json ? Buffer.concat(json).toString() : "null");
}

test("higher priority first, low priority last, the others in their order", async () => {
  const script = scriptedRun();
  const jobs = await openJobs(await scratchFolder(), script);
  const first = await jobs.submit(request({ ms: 50 }));
  const low = await jobs.submit(request({}, { lowPriority: true }));
  const plain = await jobs.submit(request({}));
  const second = await jobs.submit(request({}));
  const high = await jobs.submit(request({}, { priority: 5 }));
  for (const { id } of [first, low, plain, second, high]) await jobs.wait(id, 5000);
  assert.deepEqual(
    script.began,
    [first, high, plain, second, low].map(({ id }) => id),
  );
  await jobs.close();
});

test("an execution timeout ends the job and frees its place", async () => {
  const jobs = await openJobs(await scratchFolder());
  const slow = await jobs.submit(request({ ms: 10_000 }, { executionTimeout: 60 }));
  const { record } = await jobs.wait(slow.id, 5000);
  assert.equal(record.state, "TIMED_OUT");
  assert.match(record.error ?? "", /60 ms/);
  assert.deepEqual(await output(jobs, (await jobs.submit(request({}))).id), { success: true });
  await jobs.close();
});

test("a job whose life is over is gone, whether it waits, runs or has ended", async () => {
  const script = scriptedRun();
  const jobs = await openJobs(await scratchFolder(), script);
  const ended = await jobs.submit(request({}, { ttl: 400 }));
  await jobs.wait(ended.id, 5000);
  const runs = await jobs.submit(request({ ms: 60_000 }, { ttl: 400 }));
  const waits = await jobs.submit(request({}, { ttl: 400 }));
  await assert.rejects(jobs.wait(runs.id, 5000), { code: "not_found" });
  await sleep(50);
  for (const { id } of [ended, runs, waits]) assert.throws(() => jobs.view(id), { code: "not_found" });
  assert.equal(script.running(), 0);
  assert.deepEqual(jobs.counts(), { completed: 1, failed: 0, retried: 0, inProgress: 0, inQueue: 0 });
  assert.deepEqual(await output(jobs, (await jobs.submit(request({}))).id), { success: true });
  await jobs.close();
});

test("a place is free when the work has stopped, not when the caller has cancelled", async () => {
  const script = scriptedRun();
  const jobs = await openJobs(await scratchFolder(), script);
  const stubborn = await jobs.submit(request({ ms: 10_000, stubbornMs: 150 }));
  await sleep(20);
  assert.equal(jobs.cancel(stubborn.id).state, "CANCELLED");
  const next = await jobs.submit(request({}));
  await sleep(50);
  assert.deepEqual([jobs.view(next.id).record.state, jobs.places().unsettled], ["IN_QUEUE", 1]);
  assert.deepEqual(await output(jobs, next.id), { success: true });
  await nextTurn();
  assert.deepEqual(jobs.places(), { taken: 0, all: 1, unsettled: 0 });
  await jobs.close();
});

test("an idempotency key answers the same job, also when both come at once and after a restart", async () => {
  const folder = await scratchFolder();
  const script = scriptedRun();
  const jobs = await openJobs(folder, script, 4);
  const same = await Promise.all(Array.from({ length: 8 }, () => jobs.submit(request({ echo: 1 }, {}, "key-1"))));
  const [{ id } = assert.fail()] = same;
  assert.equal(new Set(same.map((record) => record.id)).size, 1);
  await jobs.wait(id, 5000);
  assert.equal(script.began.length, 1);
  await assert.rejects(jobs.submit(request({ echo: 2 }, {}, "key-1")), { code: "conflict" });
  const big = "x".repeat(200_000);
  const large = await Promise.all([1, 2, 3].map(() => jobs.submit(request({ echo: big }, {}, "key-2"))));
  assert.equal(new Set(large.map((record) => record.id)).size, 1);
  assert.deepEqual(await output(jobs, large[0]?.id ?? ""), { success: true, echo: big });
  await jobs.close();
  const next = await openJobs(folder, script);
  assert.equal((await next.submit(request({ echo: 1 }, {}, "key-1"))).id, id);
  assert.deepEqual(await output(next, id), { success: true, echo: 1 });
  await next.close();
});

test("closing finishes what is under way, and keeps what waits for the next start", async () => {
  const folder = await scratchFolder();
  const jobs = await openJobs(folder);
  const underWay = await jobs.submit(request({ ms: 100, echo: "a" }));
  const waits = await jobs.submit(request({ echo: "b" }));
  await sleep(20);
  const waiting = jobs.wait(waits.id, 60_000);
  await jobs.close();
  assert.equal((await waiting.catch((error: unknown) => error)) instanceof Error, false);
  await assert.rejects(jobs.submit(request({})), { code: "shutting_down" });
  const next = await openJobs(folder);
  assert.deepEqual(await output(next, underWay.id), { success: true, echo: "a" });
  assert.deepEqual(await output(next, waits.id), { success: true, echo: "b" });
  await next.close();
});

test("what does not end in time is put back, and that does not count as an attempt", async () => {
  const folder = await scratchFolder();
  const jobs = await openJobs(folder);
  const slow = await jobs.submit(request({ ms: 60_000 }));
  await sleep(20);
  await jobs.close(50);
  const store = await JobStore.open(folder);
  const record = store.get(slow.id);
  assert.deepEqual([record?.state, record?.attempts], ["IN_QUEUE", 0]);
  store[Symbol.dispose]();
});

test("what fails while it closes is put back where it may succeed later, as what it had started may have been stopped", async () => {
  const folder = await scratchFolder();
  const begun = new Set<string>();
  const gate = Promise.withResolvers<void>();
  const run: RunJob = async function* (job) {
    const { id, input } = job as { id: string; input: { params: { fail: ErrorCode } } };
    begun.add(id);
    yield { type: "chunk", index: 0 };
    await gate.promise;
    throw new AppError(input.params.fail, "It did not work.");
  };
  const jobs = await openJobs(folder, { ...scriptedRun(), run }, 2);
  const stopped = await jobs.submit(request({ fail: "media_failed" }));
  const wrong = await jobs.submit(request({ fail: "invalid_input" }));
  while (begun.size < 2) await nextTurn();
  const closed = jobs.close();
  gate.resolve();
  await closed;
  const store = await JobStore.open(folder);
  const ends = [stopped, wrong].map(({ id }) => [store.get(id)?.state, store.get(id)?.attempts]);
  assert.deepEqual(ends, [
    ["IN_QUEUE", 0],
    ["FAILED", 1],
  ]);
  store[Symbol.dispose]();
});

test("a job that a dead process had begun is run again, or has failed, as its policy says", async () => {
  const folder = await scratchFolder();
  const store = await JobStore.open(folder);
  const now = Date.now();
  const died = async (id: string, policy: Partial<JobPolicy>, begun: number): Promise<void> => {
    const { body, policy: whole, ...rest } = request({ echo: id }, policy);
    await store.add(
      {
        ...rest,
        id,
        policy: whole,
        state: "IN_QUEUE",
        createdAt: now,
        startedAt: null,
        finishedAt: null,
        expiresAt: now + 60_000,
        attempts: 0,
        bodyDigest: null,
        error: null,
        artifacts: [],
      },
      body,
    );
    for (let attempt = 0; attempt < begun; attempt++) store.start(id, now);
  };
  await died("again", {}, 1);
  await died("never", { retry: "fail" }, 1);
  await died("thrice", {}, 3);
  store[Symbol.dispose]();
  const jobs = await openJobs(folder);
  assert.deepEqual(await output(jobs, "again"), { success: true, echo: "again" });
  assert.equal(jobs.view("again").record.attempts, 2);
  for (const id of ["never", "thrice"]) {
    assert.equal(jobs.view(id).record.state, "FAILED");
    assert.match(jobs.view(id).record.error ?? "", /server ended under it/);
  }
  await jobs.close();
});

test("two processes cannot have the same jobs", async () => {
  const folder = await scratchFolder();
  using store = await JobStore.open(folder);
  assert.ok(store);
  await assert.rejects(JobStore.open(folder), (error) => error instanceof AppError && error.code === "conflict");
});

test("events are kept within bounds, and a gap is told", async () => {
  const script = scriptedRun();
  const jobs = await openJobs(await scratchFolder(), script);
  const { id } = await jobs.submit(request({ ms: 0, chunks: 700 }));
  await jobs.wait(id, 20_000);
  const { events, parts } = jobs.logs(id);
  const page = events.after(0);
  assert.deepEqual([page.events.length, page.dropped, page.ended], [512, 188, true]);
  assert.equal(events.after(page.events[510]?.id ?? 0).events.length, 1);
  assert.deepEqual([parts.take().events.length, parts.take().events.length], [700, 0]);
  await jobs.close();
});

test("a follower leaves nothing at its signal for the events that it has waited for", async () => {
  const log = new EventLog();
  const { signal } = new AbortController();
  for (let id = 0; id < 3; id++) {
    const waiting = log.waitAfter(id, signal);
    log.push({ id });
    await waiting;
  }
  assert.deepEqual(getEventListeners(signal, "abort"), []);
});
