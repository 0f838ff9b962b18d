import assert from "node:assert/strict";
import type { SimulatedJob } from "../../../src/worker/simulator/index.ts";
import type { Payload, Run, Scenario } from "./scenario.ts";

function job(id: string, input: unknown, extra: Payload = {}): Payload {
  return { id, input, ...extra };
}

function found({ simulator }: Run, id: string): SimulatedJob {
  return simulator.job(id);
}

function completed(run: Run, id: string, output: unknown): void {
  const { state, output: found_, finals } = found(run, id);
  assert.deepEqual([state, found_], ["COMPLETED", output], `${id} completed`);
  assert.equal(finals.length, 1, `${id} was posted once`);
}

/** The failure of a job: the platform's six keys, read as clients read them. */
function failure(run: Run, id: string): Record<string, string> {
  const { state, error } = found(run, id);
  assert.deepEqual([state, typeof error], ["FAILED", "string"], `${id} failed with a text`);
  const parsed = JSON.parse(String(error)) as Record<string, string>;
  assert.deepEqual(Object.keys(parsed).toSorted(), SIX_KEYS);
  return parsed;
}

const SIX_KEYS = ["error_message", "error_traceback", "error_type", "hostname", "runpod_version", "worker_id"];

const OUTPUTS: readonly (readonly [id: string, value: unknown])[] = [
  ["text", "안녕 — привет"],
  ["number", 1.5],
  ["list", [1, "two", null]],
  ["yes", true],
  ["nothing", null],
  ["object", { a: { b: [1] }, ключ: "значение" }],
];

function deep(levels: number): unknown {
  return JSON.parse(`${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`) as unknown;
}

/** Longest gap between heartbeats that name a job, in milliseconds. */
function longestGap(run: Run, id: string): number {
  const times = run.simulator
    .seen("ping")
    .filter(({ url }) => (url.searchParams.get("job_id") ?? "").split(",").includes(id))
    .map(({ at }) => at);
  return Math.max(...times.slice(1).map((at, index) => at - (times[index] ?? 0)));
}

export const SCENARIOS: readonly Scenario[] = [
  {
    name: "a job is taken, run and reported in the platform's form",
    jobs: [job("one-u1", { op: "echo", value: { x: 1 } })],
    steps: [
      { until: "final", jobs: ["one-u1"] },
      { untilSeen: "take", times: 2 },
    ],
    check(run) {
      completed(run, "one-u1", { x: 1 });
      const [take] = run.simulator.seen("take");
      const [done] = run.simulator.seen("done");
      assert.equal(take?.method, "GET");
      assert.deepEqual(
        [take?.url.pathname, take?.url.search],
        ["/v2/simulated/job-take/worker-1", "?gpu=Simulated+GPU&job_in_progress=0"],
      );
      assert.equal(done?.method, "POST");
      assert.deepEqual(
        [done?.url.pathname, done?.url.search],
        ["/v2/simulated/job-done/worker-1/one-u1", "?gpu=Simulated+GPU&isStream=false"],
      );
      assert.equal(done?.headers["content-type"], "application/x-www-form-urlencoded");
      assert.equal(done?.headers["charset"], "utf-8");
      assert.equal(done?.headers["x-request-id"], "one-u1");
      assert.equal(done?.headers.authorization, "simulated-key");
    },
  },
  {
    name: "outputs of every JSON type arrive as they are",
    worker: { concurrency: "6" },
    jobs: OUTPUTS.map(([id, value]) => job(id, { op: "echo", value })),
    steps: [{ until: "final", jobs: OUTPUTS.map(([id]) => id) }],
    check(run) {
      for (const [id, value] of OUTPUTS) completed(run, id, value);
    },
  },
  {
    name: "an empty object is an output",
    jobs: [job("empty", { op: "echo", value: {} })],
    steps: [{ until: "final", jobs: ["empty"] }],
    check: (run) => completed(run, "empty", {}),
    peerFails: "leaves an output of {} out of the post (runpod-python PR 535)",
  },
  {
    name: "a handler that throws fails its job with six keys",
    jobs: [job("bad", { op: "throw", message: "no such voice" })],
    steps: [{ until: "final", jobs: ["bad"] }],
    check(run) {
      const report = failure(run, "bad");
      assert.match(report["error_type"] ?? "", /TypeError/);
      assert.equal(report["error_message"], "no such voice");
      assert.ok((report["error_traceback"] ?? "").length > 10);
    },
  },
  {
    name: "an error that is returned as a text fails the job",
    jobs: [job("soft", { op: "echo", value: { error: "out of luck", hint: 1 } })],
    steps: [{ until: "final", jobs: ["soft"] }],
    check(run) {
      assert.equal(found(run, "soft").state, "FAILED");
      assert.match(String(found(run, "soft").error), /out of luck/);
    },
  },
  {
    name: "an error that is returned as an object fails the job",
    jobs: [job("object", { op: "echo", value: { error: { code: 7 } } })],
    steps: [{ until: "final", jobs: ["object"] }],
    check(run) {
      assert.match(failure(run, "object")["error_message"] ?? "", /"code":7/);
    },
    peerFails: "posts the object, which the platform takes for a success (runpod-python issue 299)",
  },
  {
    name: "NaN in a result does not lose it",
    jobs: [job("nan", { op: "nan" })],
    steps: [{ until: "final", jobs: ["nan"], ms: 5000 }],
    check: (run) => completed(run, "nan", { value: null }),
    peerFails: "writes NaN, which is no JSON; the result is refused and dropped",
  },
  {
    name: "a handler may ask for a fresh worker",
    jobs: [job("refresh", { op: "echo", value: { ok: 1, refresh_worker: true } })],
    steps: [{ until: "final", jobs: ["refresh"] }],
    check(run) {
      completed(run, "refresh", { ok: 1 });
      assert.equal(found(run, "refresh").stopPod, true);
    },
  },
  {
    name: "a worker that is to be refreshed ends after one job",
    worker: { refresh: true },
    holdMs: 1000,
    jobs: [job("only", { op: "echo", value: 1 })],
    steps: [{ until: "final", jobs: ["only"] }, { exitWithinMs: 6000 }],
    check(run) {
      completed(run, "only", 1);
      assert.equal(found(run, "only").stopPod, true);
      assert.equal(run.exitCode, 0);
    },
  },
  {
    name: "a stream's parts arrive in order, and the end says that it was one",
    worker: { handler: "stream" },
    jobs: [job("parts", { parts: ["a", { b: 2 }, [3], 4] })],
    steps: [{ until: "final", jobs: ["parts"] }],
    check(run) {
      completed(run, "parts", []);
      assert.deepEqual(found(run, "parts").parts, ["a", { b: 2 }, [3], 4]);
      assert.equal(found(run, "parts").finals[0]?.isStream, "true");
      const queries = run.simulator.seen("stream").map(({ url }) => url.searchParams.get("isStream"));
      assert.deepEqual(queries, ["false", "false", "false", "false"]);
    },
  },
  {
    name: "a stream may come as an output as well",
    worker: { handler: "stream", aggregate: true },
    jobs: [job("both", { parts: [1, 2, 3] })],
    steps: [{ until: "final", jobs: ["both"] }],
    check(run) {
      completed(run, "both", [1, 2, 3]);
      assert.deepEqual(found(run, "both").parts, [1, 2, 3]);
    },
  },
  {
    name: "a stream that breaks fails its job after the parts that were sent",
    worker: { handler: "stream" },
    jobs: [job("broken", { parts: [1, 2, 3], failAfter: 2 })],
    steps: [{ until: "final", jobs: ["broken"] }],
    check(run) {
      assert.equal(found(run, "broken").state, "FAILED");
      assert.match(String(found(run, "broken").error), /the stream broke/);
      assert.deepEqual(found(run, "broken").parts, [1, 2]);
    },
  },
  {
    name: "a part that names an error ends the stream with it",
    worker: { handler: "stream" },
    jobs: [job("said", { parts: [1, { error: "enough" }, 3] })],
    steps: [{ until: "final", jobs: ["said"] }],
    check(run) {
      assert.equal(found(run, "said").state, "FAILED");
      assert.match(String(found(run, "said").error), /enough/);
      assert.deepEqual(found(run, "said").parts, [1]);
    },
  },
  {
    name: "text beyond a part's limit goes as several parts",
    worker: { handler: "stream" },
    jobs: [job("long", { bytes: 2_500_000 })],
    steps: [{ until: "final", jobs: ["long"] }],
    check(run) {
      const { state, parts } = found(run, "long");
      assert.equal(state, "COMPLETED");
      assert.equal(parts.join(""), "é".repeat(1_250_000));
    },
    peerFails: "posts the part whole; it is refused, and the job completes without it",
  },
  {
    name: "the last progress shows, and none comes after the result",
    faults: [{ on: "progress", skip: 2, delayMs: 1200 }],
    jobs: [job("steps", { op: "progress", updates: 3, everyMs: 150 })],
    steps: [{ untilSeen: "done", times: 1 }, { waitMs: 1500 }],
    check(run) {
      assert.equal(found(run, "steps").lateProgress, 0);
      completed(run, "steps", { steps: 3 });
      assert.deepEqual(found(run, "steps").progress, [{ step: 1 }, { step: 2 }, { step: 3 }]);
    },
    peerFails: "does not wait for an update under way: the job shows IN_PROGRESS for good (runpod-python issue 250)",
  },
  {
    name: "several places take a batch and run it at once",
    worker: { concurrency: "4" },
    jobs: ["b1", "b2", "b3", "b4"].map((id) => job(id, { op: "sleep", ms: 1200 })),
    steps: [{ until: "final", jobs: ["b1", "b2", "b3", "b4"] }],
    check(run) {
      const [take] = run.simulator.seen("take");
      assert.equal(take?.url.pathname, "/v2/simulated/job-take-batch/worker-1");
      assert.equal(take?.url.search, "?gpu=Simulated+GPU&batch_size=4&job_in_progress=0");
      const ends = ["b1", "b2", "b3", "b4"].map((id) => found(run, id).finals[0]?.at ?? 0);
      assert.ok(Math.max(...ends) - Math.min(...ends) < 800, "they ran at once");
    },
  },
  {
    name: "more places take effect while a job runs",
    worker: { concurrency: "1,300,4" },
    jobs: [job("long", { op: "sleep", ms: 6000 })],
    steps: [
      { until: "taken", jobs: ["long"] },
      { waitMs: 1000 },
      { submit: ["s1", "s2", "s3"].map((id) => job(id, { op: "echo", value: id })) },
      { until: "final", jobs: ["s1", "s2", "s3"], ms: 4000 },
    ],
    check: (run) => assert.equal(found(run, "long").state, "IN_PROGRESS"),
    peerFails: "changes its number of places only when it is idle (runpod-python issue 457)",
  },
  {
    name: "one bad element of a batch harms nothing else",
    worker: { concurrency: "3" },
    jobs: [job("good", { op: "echo", value: 1 }), { id: "no-input" }, job("well", { op: "echo", value: 2 })],
    steps: [{ until: "final", jobs: ["good", "well", "no-input"], ms: 6000 }],
    check(run) {
      completed(run, "good", 1);
      completed(run, "well", 2);
      assert.match(failure(run, "no-input")["error_message"] ?? "", /no input/);
    },
    peerFails: "runs the element without input, and its handler fails with a KeyError that names nothing",
  },
  {
    name: "a job without input fails instead of vanishing",
    jobs: [{ id: "no-input" }, job("next", { op: "echo", value: 1 })],
    steps: [{ until: "final", jobs: ["no-input", "next"], ms: 5000 }],
    check(run) {
      assert.match(failure(run, "no-input")["error_message"] ?? "", /no input/);
      completed(run, "next", 1);
    },
    peerFails: "drops it with a log line; the platform never hears of it",
  },
  {
    name: "answers that are no jobs leave the worker at work",
    faults: [
      { on: "take", status: 200, body: '{"id": "x", "inp', contentType: "application/json" },
      { on: "take", status: 200, body: "<html>busy</html>", contentType: "text/html" },
      { on: "take", status: 200, body: '{"input": {}}', contentType: "application/json" },
      { on: "take", status: 200, body: "[]", contentType: "application/json" },
      { on: "take", status: 200, body: "null", contentType: "application/json" },
      { on: "take", status: 204 },
    ],
    jobs: [job("after", { op: "echo", value: 1 })],
    steps: [{ until: "final", jobs: ["after"] }],
    check: (run) => completed(run, "after", 1),
  },
  {
    name: "hostile jobs are refused by name, and the next one runs",
    worker: { concurrency: "3" },
    jobs: [
      job("deep", deep(900)),
      job("poison", JSON.parse('{"__proto__": {"admin": true}}')),
      job("fine", { op: "echo", value: 1 }),
    ],
    steps: [{ until: "final", jobs: ["deep", "poison", "fine"], ms: 6000 }],
    check(run) {
      assert.match(failure(run, "deep")["error_message"] ?? "", /levels deep/);
      assert.match(failure(run, "poison")["error_message"] ?? "", /__proto__/);
      completed(run, "fine", 1);
    },
    peerFails: "runs them (Python has no prototypes to poison; how deep a job may be is the interpreter's accident)",
  },
  {
    name: "a job of 21 MB is refused by name, and the next one runs",
    jobs: [job("huge", "x".repeat(21_000_000)), job("fine", { op: "echo", value: 1 })],
    steps: [{ until: "final", jobs: ["huge", "fine"], ms: 8000 }],
    check(run) {
      assert.match(failure(run, "huge")["error_message"] ?? "", /larger than 20 MiB/);
      completed(run, "fine", 1);
    },
    peerFails: "takes a job of any size",
  },
  {
    name: "polls that are answered at once are no flood",
    faults: [{ on: "take", status: 400, times: 1000 }],
    steps: [{ untilSeen: "take", times: 1 }, { waitMs: 2000 }],
    check(run) {
      const takes = run.simulator.seen("take").length;
      assert.ok(takes > 1 && takes < 15, `${takes} polls in 2 s`);
    },
    peerFails: "asks again at once after 400: a thousand polls in two seconds",
  },
  {
    name: "a platform that fails is not flooded",
    faults: [{ on: "take", status: 500, times: 1000 }],
    steps: [{ untilSeen: "take", times: 1 }, { waitMs: 2000 }],
    check(run) {
      const takes = run.simulator.seen("take").length;
      assert.ok(takes > 1 && takes < 10, `${takes} polls in 2 s`);
    },
    peerFails: "asks again at once after 500",
  },
  {
    name: "a throttled take waits, then goes on",
    faults: [{ on: "take", status: 429 }],
    jobs: [job("late", { op: "echo", value: 1 })],
    steps: [{ until: "final", jobs: ["late"] }],
    check(run) {
      completed(run, "late", 1);
      const [first, second] = run.simulator.seen("take");
      assert.ok((second?.at ?? 0) - (first?.at ?? 0) > 900, "it waited");
    },
  },
  {
    name: "a slow take is waited for",
    faults: [{ on: "take", delayMs: 3000 }],
    jobs: [job("slow", { op: "echo", value: 1 })],
    steps: [{ until: "final", jobs: ["slow"] }],
    check: (run) => completed(run, "slow", 1),
  },
  {
    name: "a take whose connection breaks is repeated",
    faults: [{ on: "take", drop: "before", times: 2 }],
    jobs: [job("again", { op: "echo", value: 1 })],
    steps: [{ until: "final", jobs: ["again"] }],
    check: (run) => completed(run, "again", 1),
  },
  {
    name: "a result answered with 500 twice is delivered",
    faults: [{ on: "done", status: 500, times: 2 }],
    jobs: [job("paid", { op: "echo", value: 1 })],
    steps: [{ until: "final", jobs: ["paid"] }],
    check: (run) => completed(run, "paid", 1),
  },
  {
    name: "a result answered with 429 is delivered",
    faults: [{ on: "done", status: 429, times: 2 }],
    jobs: [job("paid", { op: "echo", value: 1 })],
    steps: [{ until: "final", jobs: ["paid"], ms: 8000 }],
    check: (run) => completed(run, "paid", 1),
    peerFails: "repeats after 5xx only; the result is dropped",
  },
  {
    name: "a result whose connection breaks is delivered",
    faults: [{ on: "done", drop: "before", times: 2 }],
    jobs: [job("paid", { op: "echo", value: 1 })],
    steps: [{ until: "final", jobs: ["paid"], ms: 8000 }],
    check: (run) => completed(run, "paid", 1),
    peerFails: "repeats after 5xx only, not after network errors; the result is dropped",
  },
  {
    name: "a repeat after a lost reply carries the same bytes",
    faults: [{ on: "done", drop: "after" }],
    jobs: [job("lost", { op: "echo", value: { at: "once" } })],
    steps: [{ untilSeen: "done", times: 2, ms: 6000 }, { waitMs: 200 }],
    check(run) {
      const { state, finals } = found(run, "lost");
      assert.equal(state, "COMPLETED");
      assert.equal(finals.length, 2);
      assert.equal(new Set(finals.map(({ sha256 }) => sha256)).size, 1);
      assert.ok(finals[1]?.acknowledgedAt);
    },
    peerFails: "does not repeat: it never learns whether the result arrived",
  },
  {
    name: "a result beyond the limit fails with its size",
    jobs: [job("big", { op: "big", bytes: 11_000_000 })],
    steps: [{ until: "final", jobs: ["big"], ms: 8000 }],
    check(run) {
      const report = failure(run, "big");
      assert.match(report["error_message"] ?? "", /11000\d{3} bytes/);
      assert.match(report["error_message"] ?? "", /URL/);
    },
    peerFails:
      "the platform answers 400 and the result is dropped; the job runs into its timeout (runpod-python issue 309)",
  },
  {
    name: "a runsync result has twice the limit",
    jobs: [job("sync-big", { op: "big", bytes: 15_000_000 })],
    steps: [{ until: "final", jobs: ["sync-big"], ms: 8000 }],
    check: (run) => assert.equal(found(run, "sync-big").state, "COMPLETED"),
  },
  {
    name: "a refused result fails the job instead of losing it",
    faults: [{ on: "done", status: 413 }],
    jobs: [job("refused", { op: "big", bytes: 1000 })],
    steps: [{ until: "final", jobs: ["refused"], ms: 8000 }],
    check(run) {
      assert.match(failure(run, "refused")["error_message"] ?? "", /refused the result of 10\d\d bytes/);
    },
    peerFails: "logs it and drops the result",
  },
  {
    name: "a stopped job is aborted, nothing is posted for it, and its place is free",
    jobs: [job("stopped", { op: "sleep", ms: 60_000 })],
    steps: [
      { until: "taken", jobs: ["stopped"] },
      { waitMs: 300 },
      { submit: [job("next", { op: "echo", value: 1 })] },
      { stop: "stopped" },
      { until: "final", jobs: ["next"], ms: 6000 },
      { waitMs: 200 },
    ],
    check(run) {
      completed(run, "next", 1);
      assert.equal(found(run, "stopped").finals.length, 0);
    },
  },
  {
    name: "heartbeats name the running jobs, also while one blocks",
    jobs: [job("blocking", { op: "block", ms: 4500 })],
    steps: [
      { until: "final", jobs: ["blocking"] },
      { untilSeen: "ping", times: 5 },
    ],
    check(run) {
      const pings = run.simulator.seen("ping");
      assert.equal(pings[0]?.headers.authorization, "simulated-key");
      assert.ok(pings[0]?.url.searchParams.get("runpod_version"));
      assert.ok(longestGap(run, "blocking") < 2000, `the longest gap was ${longestGap(run, "blocking")} ms`);
    },
  },
  {
    name: "an idle worker's heartbeat names no jobs",
    steps: [{ untilSeen: "ping", times: 2 }],
    check(run) {
      for (const { url } of run.simulator.seen("ping")) assert.equal(url.searchParams.has("job_id"), false);
    },
  },
  {
    name: "a job that comes twice runs once",
    worker: { concurrency: "2" },
    jobs: [job("twin", { op: "sleep", ms: 1500 })],
    steps: [
      { until: "taken", jobs: ["twin"] },
      { waitMs: 300 },
      { redeliver: "twin" },
      { untilSeen: "done", times: 1 },
      { waitMs: 1800 },
    ],
    check(run) {
      completed(run, "twin", { slept: 1500 });
      assert.equal(found(run, "twin").deliveries, 2);
    },
    peerFails: "runs and posts it twice",
  },
  {
    name: "SIGTERM: the running job ends, then the process, with polls still open",
    worker: { concurrency: "2" },
    jobs: [job("last", { op: "sleep", ms: 1500 })],
    steps: [
      { until: "taken", jobs: ["last"] },
      { waitMs: 300 },
      { signal: "SIGTERM" },
      { until: "final", jobs: ["last"] },
      { exitWithinMs: 3000 },
    ],
    check(run) {
      completed(run, "last", { slept: 1500 });
      assert.equal(run.exitCode, 0);
    },
    peerFails: "does not give up its open polls: it exits up to 90 s later",
  },
  {
    name: "SIGTERM: a job that needs too long fails with the reason",
    jobs: [job("endless", { op: "sleep", ms: 60_000 })],
    steps: [{ until: "taken", jobs: ["endless"] }, { waitMs: 300 }, { signal: "SIGTERM" }, { exitWithinMs: 6000 }],
    check(run) {
      assert.match(failure(run, "endless")["error_type"] ?? "", /worker_stopping/);
      assert.equal(run.exitCode, 0);
    },
    peerFails: "waits for it without limit, until the platform kills the process and the job with it",
  },
  {
    name: "SIGTERM: a job that is just being handed over is not lost",
    holdMs: 500,
    steps: [
      { untilSeen: "take", times: 1 },
      { fault: { on: "take", trickleMs: 700 } },
      { untilSeen: "take", times: 2 },
      { submit: [job("handed", { op: "echo", value: 1 })] },
      { until: "taken", jobs: ["handed"] },
      { waitMs: 200 },
      { signal: "SIGTERM" },
      { until: "final", jobs: ["handed"], ms: 5000 },
      { exitWithinMs: 3000 },
    ],
    check: (run) => completed(run, "handed", 1),
    peerFails: "puts it into a queue that nobody reads any more",
  },
  {
    name: "a frozen worker goes on when it is thawed",
    jobs: [job("before", { op: "echo", value: 1 })],
    steps: [
      { until: "final", jobs: ["before"] },
      { waitMs: 1200 },
      { freezeMs: 3000 },
      { submit: [job("thawed", { op: "echo", value: 2 })] },
      { until: "final", jobs: ["thawed"], ms: 8000 },
    ],
    check: (run) => completed(run, "thawed", 2),
    peerFails: "waits on the dead connection until its limit of 90 s",
  },
  {
    name: "a job that was frozen with its worker is finished",
    jobs: [job("frozen", { op: "sleep", ms: 1500 })],
    steps: [
      { until: "taken", jobs: ["frozen"] },
      { waitMs: 800 },
      { freezeMs: 3000 },
      { until: "final", jobs: ["frozen"], ms: 8000 },
    ],
    check: (run) => completed(run, "frozen", { slept: 1500 }),
    peerFails:
      "posts on a dead connection and waits up to 600 s (passes after a freeze of 30 s: its pool drops sockets idle for 15 s)",
  },
  {
    name: "a worker that is unfit says why and ends without taking a job",
    worker: { unfit: true },
    jobs: [job("untouched", { op: "echo", value: 1 })],
    steps: [{ exitWithinMs: 10_000 }],
    check(run) {
      assert.equal(run.exitCode, 1);
      assert.equal(found(run, "untouched").deliveries, 0);
      const [ping] = run.simulator.seen("ping");
      assert.equal(ping?.url.searchParams.get("status"), "unhealthy");
      assert.equal(ping?.url.searchParams.get("check"), "ready_for_work");
      assert.match(ping?.url.searchParams.get("reason") ?? "", /the model is missing/);
    },
  },
  {
    name: "templates without a query get a proper one",
    worker: { query: "" },
    jobs: [job("plain", { op: "echo", value: 1 })],
    steps: [{ until: "final", jobs: ["plain"], ms: 6000 }],
    check(run) {
      completed(run, "plain", 1);
      assert.equal(run.simulator.seen("done")[0]?.url.search, "?isStream=false");
    },
    peerFails: "appends with & always, so that the query becomes part of the path",
  },
];
