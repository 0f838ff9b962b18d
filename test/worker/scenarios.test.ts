import { join } from "node:path";
import { describe, test } from "node:test";
import { play } from "./simulator/scenario.ts";
import { SCENARIOS } from "./simulator/scenarios.ts";

/** Our worker, with pauses that suit a test. What they are is not under test here; that there are any is. */
const LIMITS = {
  throttledMs: 1000,
  drainMs: 2500,
  farewellMs: 1000,
  frozenMs: 1200,
  thawGraceMs: 300,
  stopGraceMs: 1000,
};

const LAUNCH = {
  command: process.execPath,
  args: [join(import.meta.dirname, "simulator/worker-process.ts")],
  env: { SCENARIO_LIMITS: JSON.stringify(LIMITS) },
};

describe("on the simulated platform", { concurrency: 6 }, () => {
  for (const scenario of SCENARIOS) test(scenario.name, () => play(scenario, LAUNCH));
});
