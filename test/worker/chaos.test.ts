import assert from "node:assert/strict";
import { test } from "node:test";
import { Simulator } from "../../src/worker/simulator/index.ts";
import { assertNothingLost, runChaos } from "./simulator/chaos.ts";

test("1,000 jobs through faults and four kills: each ends once, none is lost, none is posted after its end", async () => {
  const report = await runChaos(1000, 4, 20_26, 60_000);
  assert.ok(report.faults > 50, `${report.faults} faults`);
  assert.ok(report.redelivered > 0, "killed workers held jobs");
  assert.ok(report.repeated > 0, "replies were lost");
});

test("the check sees a lost job, a second final and other bytes", async () => {
  await using simulator = await Simulator.start();
  const job = simulator.submit({ number: 1 });
  assert.throws(() => assertNothingLost(simulator), /job 1/);
  const post = (body: object, at: number) =>
    simulator.ledger.post(job, "w", Buffer.from(JSON.stringify(body)), "false", at)[1];
  const first = post({ output: { echo: 1 } }, 1);
  assertNothingLost(simulator);
  post({ output: { echo: 1 } }, 5);
  assertNothingLost(simulator);
  if (first) first.acknowledgedAt = 3;
  assert.throws(() => assertNothingLost(simulator), /after an acknowledged final/);
  if (first) delete first.acknowledgedAt;
  post({ output: { echo: 1 }, extra: 1 }, 6);
  assert.throws(() => assertNothingLost(simulator), /other bytes/);
});
