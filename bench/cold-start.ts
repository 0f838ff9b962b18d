/**
 * From the start of the production bundle to the first result of `health_check`, and what takes it.
 * Run `npm run build` first. Usage: node bench/cold-start.ts [rounds]
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { median } from "./process-tree.ts";

const root = join(import.meta.dirname, "..");
const rounds = Number(process.argv[2] ?? 15);
const bundle = join(root, "dist/talkbox.js");
if (!existsSync(bundle)) throw new Error('The bundle is missing: run "npm run build".');

const job = ["run", "--quiet", "--input", '{"operation":"health_check"}'];
const env = { ...process.env, TALKBOX_LOG_LEVEL: "silent" };

const cases: readonly [what: string, args: readonly string[]][] = [
  ["node alone (the floor)", ["-e", "0"]],
  ["bundle, health_check", [bundle, ...job]],
  ["sources, health_check", [join(root, "src/cli/main.ts"), ...job]],
];

console.log(`cold start, ${rounds} rounds, milliseconds of wall time (median, best)`);
const times = new Map<string, number[]>(cases.map(([what]) => [what, []]));
for (let round = 0; round < rounds; round += 1) {
  for (const [what, args] of cases) {
    const start = performance.now();
    const { status, stderr } = spawnSync(process.execPath, args, { env, encoding: "utf8" });
    if (status !== 0) throw new Error(stderr);
    times.get(what)?.push(performance.now() - start);
  }
}
for (const [what, values] of times) {
  console.log(
    `  ${what.padEnd(26)} ${median(values).toFixed(0).padStart(5)} ${Math.min(...values)
      .toFixed(0)
      .padStart(5)}`,
  );
}

const { stdout } = spawnSync(process.execPath, [bundle, ...job], { env, encoding: "utf8" });
const { receipt } = JSON.parse(stdout) as { receipt: { cold_start_ms: number; total_ms: number } };
console.log(`  within one run: ${receipt.cold_start_ms} ms until the job began, ${receipt.total_ms} ms in the job`);
const result = median(times.get("bundle, health_check") ?? []);
console.log(result < 250 ? `PASS: ${result.toFixed(0)} ms < 250 ms` : `MISS: ${result.toFixed(0)} ms ≥ 250 ms`);
