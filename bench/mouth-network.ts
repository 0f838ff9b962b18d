/**
 * How much faster than real time mouths are read from sound: resampling, mel frames and network, in parts of five seconds
 * as recordings come, on one core. Usage: node bench/mouth-network.ts [minutes of sound] [rounds]
 */
import { join } from "node:path";
import { HeardMouth } from "../src/engines/lipsync/rig/mouth-network/heard-mouth.ts";
import { BANDS, MouthFeatures } from "../src/engines/lipsync/rig/mouth-network/mouth-features.ts";
import { LEFT, MouthModel, RIGHT } from "../src/engines/lipsync/rig/mouth-network/mouth-model.ts";
import { median } from "./process-tree.ts";

const RATE = 24_000;
const PART = 5;
const seconds = Number(process.argv[2] ?? 2) * 60;
const rounds = Number(process.argv[3] ?? 5);

const part = Float32Array.from(
  { length: PART * RATE },
  (_, i) => 0.4 * Math.sin(i * 0.03) * Math.sin(i * 0.0004) + 0.1 * Math.sin(i * i * 1e-6),
);
const model = new MouthModel(join(import.meta.dirname, "../models"));

/** Seconds of sound per second, by the clock and by processor time of all threads. */
async function measure(work: () => Promise<void>): Promise<{ clock: number; cpu: number }> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  await work();
  const spent = process.cpuUsage(cpu);
  return { clock: seconds / ((performance.now() - start) / 1000), cpu: seconds / ((spent.user + spent.system) / 1e6) };
}

const works: Record<string, () => Promise<void>> = {
  async features() {
    const features = new MouthFeatures(RATE);
    for (let at = 0; at < seconds; at += PART) features.push(part);
  },
  async network() {
    for (let at = 0; at < seconds; at += PART) {
      await model.mouths(new Float32Array((LEFT + PART * 100 + RIGHT) * BANDS));
    }
  },
  async together() {
    const mouth = new HeardMouth(model);
    for (let at = 0; at < seconds; at += PART) await mouth.push(part, RATE);
  },
};

for (const [name, work] of Object.entries(works)) {
  await work();
  const results = [];
  for (let round = 0; round < rounds; round++) results.push(await measure(work));
  const clock = median(results.map((result) => result.clock));
  const cpu = median(results.map((result) => result.cpu));
  console.log(`${name.padEnd(9)} ${clock.toFixed(0).padStart(6)} × real time; by processor time ${cpu.toFixed(0)} ×`);
}
await model.close();
