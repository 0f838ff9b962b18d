import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { isFinal, Simulator } from "../../src/worker/simulator/index.ts";
import { failureOf } from "./in-process.ts";

const WORKER = join(import.meta.dirname, "simulator/worker-process.ts");

function start(simulator: Simulator, limits: Record<string, number> = {}, extra: NodeJS.ProcessEnv = {}): ChildProcess {
  const env = {
    ...extra,
    ...simulator.environment("worker-1"),
    SCENARIO_CONCURRENCY: "2",
    SCENARIO_LIMITS: JSON.stringify(limits),
    RUNPOD_LOG_LEVEL: "error",
  };
  return spawn(process.execPath, [WORKER], { env, stdio: ["ignore", "ignore", "inherit"] });
}

test("an error outside of any handler fails the jobs at hand with it, then the process", async () => {
  await using simulator = await Simulator.start();
  const jobs = [
    simulator.submit({ op: "sleep", ms: 60_000 }),
    simulator.submit({ op: "crash", message: "the driver is gone" }),
  ];
  const child = start(simulator, { drainMs: 100, farewellMs: 1000 });
  const [code] = (await once(child, "exit")) as [number | null];
  assert.equal(code, 1);
  for (const job of jobs) {
    assert.equal(job.state, "FAILED");
    assert.match(failureOf(job).error_type, /worker_crashed/);
    assert.match(failureOf(job).error_message, /the driver is gone/);
  }
});

test("the platform's https is spoken, by the heartbeat too, and a certificate that nobody knows is refused", async () => {
  const fixture = (name: string): string => readFileSync(join(import.meta.dirname, "fixtures", name), "utf8");
  await using simulator = await Simulator.start({
    tls: { key: fixture("localhost.key.pem"), cert: fixture("localhost.cert.pem") },
  });
  const job = simulator.submit({ op: "echo", value: 1 });
  const stranger = start(simulator);
  await new Promise((resolve) => setTimeout(resolve, 700));
  stranger.kill("SIGKILL");
  await once(stranger, "exit");
  assert.equal(simulator.requests.length, 0);

  const friend = start(
    simulator,
    {},
    { NODE_EXTRA_CA_CERTS: join(import.meta.dirname, "fixtures/localhost.cert.pem") },
  );
  await simulator.until("the result", () => isFinal(job), 30_000);
  await simulator.until("a heartbeat", () => simulator.seen("ping").length > 0, 30_000);
  friend.kill("SIGTERM");
  assert.deepEqual(await once(friend, "exit"), [0, null]);
});

test("a second signal ends the process at once", async () => {
  await using simulator = await Simulator.start();
  const job = simulator.submit({ op: "sleep", ms: 60_000 });
  const child = start(simulator);
  await simulator.until("it is taken", () => job.deliveries > 0, 30_000);
  await simulator.until("it beats", () => simulator.seen("ping").length > 0, 30_000);
  // Those that come at once are one wish.
  child.kill("SIGTERM");
  child.kill("SIGINT");
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.equal(child.exitCode, null, "it drains");
  const again = setInterval(() => child.kill("SIGTERM"), 100);
  // A drain would have ended with 0.
  const [code] = (await once(child, "exit")) as [number | null];
  clearInterval(again);
  assert.equal(code, 130);
});
