/**
 * Plays every scenario with the platform's own worker, `runpod` from PyPI, to prove that the simulator is faithful: what
 * the peer passes must pass, and what it fails must be what `peerFails` says. Development only.
 *
 *   python3 -m venv /tmp/peer && /tmp/peer/bin/pip install runpod==1.12.0
 *   node tools/worker-peer/run.ts /tmp/peer/bin/python [FILTER…]
 *
 * Prints the table of test/worker/simulator/README.md. Exit code 1 when a scenario went otherwise than listed.
 */
import { join } from "node:path";
import { play } from "../../test/worker/simulator/scenario.ts";
import { SCENARIOS } from "../../test/worker/simulator/scenarios.ts";

const [python, ...filters] = process.argv.slice(2);
if (python === undefined) throw new Error("Give the Python that has runpod installed.");

const LAUNCH = {
  command: python,
  args: [join(import.meta.dirname, "handler.py")],
  env: {
    HOME: "/nonexistent",
    PATH: process.env["PATH"] ?? "",
    PYTHONUNBUFFERED: "1",
    RUNPOD_LOG_LEVEL: "INFO",
    // They look at the machine and at the internet, not at the protocol.
    RUNPOD_SKIP_AUTO_SYSTEM_CHECKS: "true",
    RUNPOD_SKIP_GPU_CHECK: "true",
  },
};
const AT_ONCE = 3;

const waiting = SCENARIOS.filter(({ name }) => filters.length === 0 || filters.some((filter) => name.includes(filter)));
const rows = new Map<string, { passed: boolean; message: string }>();

async function playAll(): Promise<void> {
  for (let scenario = waiting.shift(); scenario; scenario = waiting.shift()) {
    const { name } = scenario;
    await play(scenario, LAUNCH).then(
      () => rows.set(name, { passed: true, message: "" }),
      (error: unknown) =>
        rows.set(name, { passed: false, message: error instanceof Error ? error.message : String(error) }),
    );
    const { passed = false, message = "" } = rows.get(name) ?? {};
    console.error(passed ? `pass  ${name}` : `FAIL  ${name}\n${message.replaceAll(/^/gm, "      ")}`);
  }
}
await Promise.all(Array.from({ length: AT_ONCE }, playAll));

let surprises = 0;
console.log("| scenario | ours | runpod 1.12.0 | why the peer fails |\n| - | - | - | - |");
for (const { name, peerFails } of SCENARIOS) {
  const row = rows.get(name);
  if (!row) continue;
  console.log(`| ${name} | pass | ${row.passed ? "pass" : "fail"} | ${peerFails ?? ""} |`);
  if (row.passed === (peerFails === undefined)) continue;
  surprises += 1;
  console.error(`\nNot as listed: ${name}\n${row.message}`);
}
if (surprises > 0) process.exitCode = 1;
