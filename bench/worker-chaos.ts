/**
 * The full ordeal of the queue worker: 10,000 jobs, a platform that fails at random, and 20 kills of the worker.
 * Usage: node bench/worker-chaos.ts [jobs] [kills] [seed]
 */
import { runChaos } from "../test/worker/simulator/chaos.ts";

const [jobs = 10_000, kills = 20, seed = Date.now() % 100_000] = process.argv.slice(2).map(Number);
console.log(`${jobs} jobs, ${kills} kills, seed ${seed}`);
const report = await runChaos(jobs, kills, seed, 600_000);
console.log(
  `  ${report.faults} faults; ${report.redelivered} jobs handed out again, ${report.repeated} results repeated, ` +
    `${report.seconds.toFixed(1)} s\n  PASS: every job ended once, none was lost, none was posted after its end`,
);
