import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { startWorker, type WorkerError } from "../../src/worker/index.ts";
import { isFinal, Simulator } from "../../src/worker/simulator/index.ts";
import { failureOf, startHere } from "./in-process.ts";

test("onOversize puts a smaller result in the place of one that is too large", async () => {
  await using simulator = await Simulator.start();
  const seen: number[] = [];
  const { worker } = startHere(simulator, {
    handler: () => ({ data: "x".repeat(5000) }),
    onOversize: ({ bytes, limitBytes, result }) => {
      seen.push(bytes, limitBytes, (result as { data: string }).data.length);
      return { url: "https://example.org/result" };
    },
    limits: { resultBytes: 4000 },
  });
  await using _stopped = worker;
  const job = simulator.submit(1);
  await simulator.until("the result", () => isFinal(job), 30_000);
  assert.deepEqual([job.state, job.output], ["COMPLETED", { url: "https://example.org/result" }]);
  assert.deepEqual(seen, [5022, 4000, 5000]);
});

for (const [what, onOversize] of [
  ["throws", () => Promise.reject(new Error("the bucket is gone"))],
  ["returns what is still too large", () => "y".repeat(9000)],
] as const) {
  test(`an onOversize that ${what} fails the job, within the limit`, async () => {
    await using simulator = await Simulator.start();
    const { worker } = startHere(simulator, {
      handler: () => "x".repeat(5000),
      onOversize,
      limits: { resultBytes: 4000 },
    });
    await using _stopped = worker;
    const job = simulator.submit(1);
    await simulator.until("the result", () => isFinal(job), 30_000);
    assert.equal(job.state, "FAILED");
    assert.match(failureOf(job).error_message, /the bucket is gone|has 9013 bytes and the platform takes 4000/);
    assert.ok((job.finals[0]?.bytes ?? 0) < 4000);
  });
}

test("what JSON cannot say fails the job by name", async () => {
  await using simulator = await Simulator.start();
  const circle: Record<string, unknown> = {};
  circle["self"] = circle;
  const results: unknown[] = [{ big: 1n }, circle, undefined];
  const { worker } = startHere(simulator, { handler: ({ input }) => results[input as number] });
  await using _stopped = worker;
  const jobs = results.map((_, index) => simulator.submit(index));
  await simulator.until("the results", () => jobs.every(isFinal), 30_000);
  assert.deepEqual(
    jobs.map(({ state }) => state),
    ["FAILED", "FAILED", "COMPLETED"],
  );
  for (const job of jobs.slice(0, 2)) assert.equal(failureOf(job).error_type, "WorkerError:result_not_json");
  assert.equal(jobs[2]?.output, null);
});

test("an accessor that throws fails its job, and a hook that throws nothing more", async () => {
  await using simulator = await Simulator.start();
  const { worker, lines } = startHere(simulator, {
    handler: ({ input }) =>
      input === "trap"
        ? {
            get error(): string {
              throw new Error("gone off");
            },
          }
        : "fine",
    onUndelivered: () => {
      throw new Error("the hook is broken");
    },
    limits: { resultRetryMs: 50 },
  });
  await using _stopped = worker;
  const trap = simulator.submit("trap");
  await simulator.until("the failure", () => isFinal(trap), 30_000);
  assert.match(failureOf(trap).error_message, /gone off/);
  simulator.faults.add({ on: "done", status: 503, times: 100 });
  const lost = simulator.submit("lost");
  await simulator
    .until("it is given up", () => lost.deliveries > 0 && worker.jobs.length === 0, 30_000)
    .catch(() => {});
  assert.ok(lines.some(({ message }) => message.includes("the hook is broken")));
});

test("at the end jobs that still wait for a place are reported, not forgotten", async () => {
  await using simulator = await Simulator.start();
  const { worker } = startHere(simulator, {
    concurrency: 3,
    handler: () => new Promise(() => {}),
    limits: { drainMs: 100 },
  });
  await simulator.until("the first poll", () => simulator.seen("take").length > 0, 30_000);
  // The open poll asks for three; there is one place when they come.
  worker.setConcurrency(1);
  const waiting = ["a", "b"].map((id) => simulator.ledger.add({ id, input: id }));
  waiting.push(simulator.submit("c"));
  await simulator.until("three taken", () => worker.jobs.length === 3, 30_000);
  await worker.stop();
  for (const job of waiting) assert.equal(failureOf(job).error_type, "WorkerError:worker_stopping");
});

test("describeError decides what clients see", async () => {
  await using simulator = await Simulator.start();
  const { worker } = startHere(simulator, {
    handler: () => Promise.reject(new Error("a path: /home/secret")),
    describeError: () => ({ type: "internal", message: "Something went wrong." }),
  });
  await using _stopped = worker;
  const job = simulator.submit(1);
  await simulator.until("the failure", () => isFinal(job), 30_000);
  assert.doesNotMatch(String(job.error), /secret/);
  assert.equal(failureOf(job).error_message, "Something went wrong.");
});

test("a generator's return value is the output, and text that waits is joined", async () => {
  await using simulator = await Simulator.start();
  simulator.faults.add({ on: "stream", delayMs: 150 });
  const { worker } = startHere(simulator, {
    joinText: true,
    handler: async function* () {
      yield "one ";
      await sleep(20);
      yield "two ";
      yield "three";
      yield { four: 4 };
      yield "five";
      return { words: 5 };
    },
  });
  await using _stopped = worker;
  const job = simulator.submit(1);
  await simulator.until("the result", () => isFinal(job), 30_000);
  assert.deepEqual(job.parts, ["one ", "two three", { four: 4 }, "five"]);
  assert.deepEqual(job.output, { words: 5 });
});

test("a slow platform holds a generator up instead of filling memory", async () => {
  await using simulator = await Simulator.start();
  for (let part = 0; part < 5; part += 1) simulator.faults.add({ on: "stream", skip: 8 * part, delayMs: 60 });
  let furthest = 0;
  const { worker } = startHere(simulator, {
    limits: { queuedParts: 4 },
    handler: function* ({ id }) {
      for (let part = 0; part < 50; part += 1) {
        furthest = Math.max(furthest, part - simulator.job(id).parts.length);
        yield part;
      }
    },
  });
  await using _stopped = worker;
  const job = simulator.submit(1);
  await simulator.until("the result", () => isFinal(job), 30_000);
  assert.deepEqual(
    job.parts,
    Array.from({ length: 50 }, (_, part) => part),
  );
  assert.ok(furthest >= 3 && furthest <= 6, `${furthest} parts were made ahead of what had arrived`);
});

test("a part that is too large and no text fails the job, and the generator cleans up", async () => {
  await using simulator = await Simulator.start();
  let cleaned = false;
  const { worker } = startHere(simulator, {
    limits: { partBytes: 1000 },
    handler: function* () {
      try {
        yield { data: "x".repeat(2000) };
      } finally {
        cleaned = true;
      }
    },
  });
  await using _stopped = worker;
  const job = simulator.submit(1);
  await simulator.until("the failure", () => isFinal(job), 30_000);
  assert.equal(failureOf(job).error_type, "WorkerError:part_too_large");
  assert.ok(cleaned);
});

test("progress comes in order, the newest first in line, and never after the result", async () => {
  await using simulator = await Simulator.start();
  const { worker } = startHere(simulator, {
    handler: async (_job, { progress }) => {
      for (let step = 1; step <= 500; step += 1) {
        progress(step);
        if (step % 50 === 0) await sleep(2);
      }
      return "done";
    },
  });
  await using _stopped = worker;
  const jobs = Array.from({ length: 20 }, (_, index) => simulator.submit(index));
  await simulator.until("the results", () => jobs.every(isFinal), 30_000);
  await sleep(100);
  for (const { progress, lateProgress, output } of jobs) {
    assert.equal(output, "done");
    assert.equal(lateProgress, 0);
    assert.ok(progress.length > 1 && progress.length < 60, `${progress.length} updates were sent`);
    assert.deepEqual(
      progress,
      (progress as number[]).toSorted((a, b) => a - b),
    );
  }
});

test("prepare is waited for; a failed one fails the job at hand with its reason and ends the worker", async () => {
  await using simulator = await Simulator.start();
  const order: string[] = [];
  const ready = startHere(simulator, {
    prepare: async () => {
      await sleep(150);
      order.push("ready");
    },
    handler: () => order.push("job"),
  });
  const first = simulator.submit(1);
  await simulator.until("the first job", () => isFinal(first), 30_000);
  assert.deepEqual(order, ["ready", "job"]);
  await ready.worker.stop();

  const taken = Promise.withResolvers<void>();
  const broken = startHere(simulator, {
    prepare: async () => {
      await taken.promise;
      throw new Error("the weights are damaged");
    },
    handler: () => order.push("never"),
  });
  const second = simulator.submit(2);
  await simulator.until("the worker to hold the job", () => broken.worker.jobs.includes(second.id), 30_000);
  taken.resolve();
  assert.deepEqual(await broken.worker.finished, { reason: "prepare_failed", exitCode: 1 });
  assert.equal(second.state, "FAILED");
  assert.match(failureOf(second).error_message, /the weights are damaged/);
  assert.equal(order.includes("never"), false);
});

test("a handler that does not end when it is stopped costs the worker, not the other jobs", async () => {
  await using simulator = await Simulator.start();
  const { worker, lines } = startHere(simulator, {
    concurrency: 2,
    handler: ({ input }) => (input === "deaf" ? new Promise(() => {}) : sleep(600, "well")),
  });
  const deaf = simulator.submit("deaf");
  const well = simulator.submit("well");
  await simulator.until("both taken", () => deaf.deliveries + well.deliveries === 2, 30_000);
  simulator.stop(deaf.id);
  assert.deepEqual(await worker.finished, { reason: "stuck", exitCode: 1 });
  assert.equal(well.output, "well");
  assert.equal(deaf.finals.length, 0);
  assert.ok(lines.some(({ message }) => message.includes("does not end")));
});

test("places can be set while jobs run, up and down", async () => {
  await using simulator = await Simulator.start();
  let running = 0;
  let most = 0;
  const { worker } = startHere(simulator, {
    concurrency: 1,
    handler: async () => {
      running += 1;
      most = Math.max(most, running);
      await sleep(60);
      running -= 1;
    },
  });
  await using _stopped = worker;
  const wave = (): ReturnType<Simulator["submit"]>[] =>
    Array.from({ length: 6 }, (_, index) => simulator.submit(index));
  const first = wave();
  await simulator.until("one ended", () => first.some(isFinal), 30_000);
  assert.equal(most, 1);
  worker.setConcurrency(5);
  await simulator.until("all ended", () => first.every(isFinal), 30_000);
  assert.equal(most, 5);
  worker.setConcurrency(2);
  most = 0;
  // The poll that is open still asks for five.
  const second = wave();
  await simulator.until("all ended", () => second.every(isFinal), 30_000);
  assert.equal(most, 2);
});

test("a concurrency function that returns nonsense or throws changes nothing", async () => {
  await using simulator = await Simulator.start();
  const answers: (() => unknown)[] = [
    () => null,
    () => Number.NaN,
    () => -3,
    () => {
      throw new Error("no idea");
    },
  ];
  let asked = 0;
  const { worker } = startHere(simulator, {
    concurrency: () => (answers[asked++ % answers.length] as () => number)(),
    handler: ({ input }) => input,
  });
  await using _stopped = worker;
  const jobs = Array.from({ length: 8 }, (_, index) => simulator.submit(index));
  await simulator.until("all ended", () => jobs.every(({ state }) => state === "COMPLETED"), 30_000);
});

test("a queued job that is stopped never runs", async () => {
  await using simulator = await Simulator.start();
  const ran: unknown[] = [];
  const stopped = Promise.withResolvers<void>();
  const { worker } = startHere(simulator, {
    concurrency: 3,
    handler: async ({ input }) => {
      ran.push(input);
      await stopped.promise;
    },
  });
  await using _stopped = worker;
  await simulator.until("the first poll", () => simulator.seen("take").length > 0, 30_000);
  // The open poll asks for three; there is one place when they come.
  worker.setConcurrency(1);
  simulator.faults.add({ on: "take", delayMs: 50 });
  const jobs = ["a", "b", "c"].map((input) => simulator.ledger.add({ id: input, input }));
  simulator.submit("d");
  await simulator.until("three taken", () => jobs.every(({ deliveries }) => deliveries === 1), 30_000);
  await simulator.until("the first to run, alone", () => ran.length === 1, 30_000);
  simulator.stop("b");
  await simulator.until("the worker to have let go of b", () => !worker.jobs.includes("b"), 30_000);
  stopped.resolve();
  await simulator.until("the rest", () => [...simulator.ledger.jobs.values()].every(isFinal), 30_000);
  assert.deepEqual(ran, ["a", "c", "d"]);
  assert.equal(simulator.job("b").finals.length, 0);
});

test("a result that nobody takes is handed back", async () => {
  await using simulator = await Simulator.start();
  simulator.faults.add({ on: "done", status: 503, times: 1000 });
  const undelivered: [string, string][] = [];
  const { worker } = startHere(simulator, {
    handler: () => "precious",
    onUndelivered: (id, body) => undelivered.push([id, body.toString()]),
    limits: { resultRetryMs: 300 },
  });
  await using _stopped = worker;
  const job = simulator.submit(1);
  await simulator.until("it is handed back", () => undelivered.length > 0, 30_000).catch(() => {});
  assert.deepEqual(undelivered, [[job.id, '{"output":"precious"}']]);
});

test("a small result refused after a lost reply is left alone: the first copy may count", async () => {
  await using simulator = await Simulator.start();
  simulator.faults.add({ on: "done", drop: "after" });
  simulator.faults.add({ on: "done", status: 400 });
  const { worker } = startHere(simulator, { handler: () => "once" });
  await using _stopped = worker;
  const job = simulator.submit(1);
  await simulator.until("two posts", () => simulator.seen("done").length === 2, 30_000);
  await sleep(200);
  assert.equal(simulator.seen("done").length, 2);
  assert.deepEqual([job.state, job.output], ["COMPLETED", "once"]);
});

test("a wrong key is a loud error, and no flood", async () => {
  await using simulator = await Simulator.start();
  const { worker, lines } = startHere(simulator, { handler: () => 1 }, { RUNPOD_AI_API_KEY: "wrong" });
  await using _stopped = worker;
  await sleep(400);
  assert.ok(lines.some(({ level, message }) => level === "error" && message.includes("RUNPOD_AI_API_KEY")));
  assert.ok(simulator.seen("take").length < 12);
});

test("without the platform's variables the start says which are missing", () => {
  const start = (env: Record<string, string>) => () => startWorker({ handler: () => 1, env, ownsProcess: false });
  assert.throws(start({}), (error: WorkerError) => {
    assert.equal(error.code, "bad_environment");
    assert.match(error.message, /RUNPOD_WEBHOOK_GET_JOB is not set; RUNPOD_WEBHOOK_POST_OUTPUT is not set/);
    return true;
  });
  const env = { RUNPOD_WEBHOOK_GET_JOB: "nonsense", RUNPOD_WEBHOOK_POST_OUTPUT: "http://h/$ID" };
  assert.throws(start(env), /RUNPOD_WEBHOOK_GET_JOB is no http\(s\) URL/);
});

test("a worker that has finished leaves nothing open", async () => {
  const before = process.getActiveResourcesInfo().length;
  const simulator = await Simulator.start();
  const { worker } = startHere(simulator, { handler: () => 1 });
  const job = simulator.submit(1);
  await simulator.until("the result", () => isFinal(job), 30_000);
  assert.deepEqual(await worker.stop(), { reason: "stopped", exitCode: 0 });
  assert.deepEqual(worker.jobs, []);
  await simulator[Symbol.asyncDispose]();
  await sleep(50);
  assert.ok(process.getActiveResourcesInfo().length <= before, process.getActiveResourcesInfo().join(" "));
});
