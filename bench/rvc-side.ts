/**
 * Our side of bench/rvc.ts, in a process of its own: converts a clip, and again, and prints what it took.
 * Usage: node bench/rvc-side.ts MODELS CACHE SECONDS TIMES F0_METHOD
 */
import { join } from "node:path";
import { createHarvestEngine } from "../src/engines/pitch/harvest/harvest-engine.ts";
import { createRmvpeEngine } from "../src/engines/pitch/rmvpe/rmvpe-engine.ts";
import { RVC_DEFAULTS } from "../src/engines/voice/rvc/settings.ts";
import { createRvcEngine } from "../src/engines/voice/rvc/rvc-engine.ts";
import { type GroupLeases, type Leases, ModelCache } from "../src/inference/model-cache.ts";
import { readProviders } from "../src/inference/providers.ts";
import { GraphCache } from "../src/library/models/graph-cache.ts";
import { ModelLibrary } from "../src/library/models/model-library.ts";
import { silentLog } from "../src/log.ts";
import { clip } from "../test/rvc/narrow.ts";

const [modelsDir = "", cacheDir = "", seconds = "10", times = "2", f0Method = "rmvpe"] = process.argv.slice(2);
const log = silentLog();
const library = new ModelLibrary({ folders: [{ path: modelsDir }], cacheDir, log });
const graphs = new GraphCache({ cacheDir, limitBytes: 20e9, log });
const cache = new ModelCache({ order: readProviders(process.env["TALKBOX_PROVIDERS"] ?? "") });
const stages = new Map<string, number>();
/** Leases whose runs are timed by the network's name. */
const timedOf = (leases: Leases): Leases => ({
  order: leases.order,
  async lease(request, signal) {
    const lease = await leases.lease(request, signal);
    const { session } = lease;
    const run: typeof session.run = async (feeds, abort) => {
      const began = performance.now();
      const made = await session.run(feeds, abort);
      const name = request.name ?? request.key;
      stages.set(name, (stages.get(name) ?? 0) + performance.now() - began);
      return made;
    };
    const watched = { ...session, provider: session.provider, run };
    return {
      session: watched,
      bytes: lease.bytes,
      shared: (name, make) => lease.shared(name, () => make(watched)),
      [Symbol.asyncDispose]: () => lease[Symbol.asyncDispose](),
    };
  },
});
const timed: GroupLeases = {
  ...timedOf(cache),
  together: (take, signal) => cache.together((leases) => take(timedOf(leases)), signal),
};
const models = { library, graphs, cache: timed };
const places = { modelsDir, rvcDir: join(modelsDir, "none"), volumeDir: join(modelsDir, "none"), cacheDir };
const harvest = createHarvestEngine();
const engine = createRvcEngine({
  models,
  places,
  pitch: async (id) => (id === "harvest" ? harvest : createRmvpeEngine(models)),
});
const song = clip(Number(seconds) * 16_000);
async function* blocks(): AsyncGenerator<Float32Array> {
  for (let at = 0; at < song.length; at += 16_000) yield song.subarray(at, at + 16_000);
}
const runs: object[] = [];
for (let i = 0; i < Number(times); i++) {
  stages.clear();
  const began = performance.now();
  const cpu = process.cpuUsage();
  const options = { pitch: 0, pitchMapping: "octave", retrieval: { ...RVC_DEFAULTS, f0Method } } as const;
  const { signal } = new AbortController();
  const made = await engine.convert({ sampleRate: 16_000, blocks: blocks() }, "voice", options, signal);
  let samples = 0;
  for await (const block of made.blocks) samples += block.length;
  const ms = performance.now() - began;
  const { user, system } = process.cpuUsage(cpu);
  const [first] = i === 0 ? [performance.now()] : [];
  runs.push({
    ms,
    cpu_ms: (user + system) / 1000,
    samples,
    first_ms: first,
    stages: Object.fromEntries([...stages].map(([k, v]) => [k, Math.round(v)])),
  });
}
await harvest[Symbol.asyncDispose]();
await cache[Symbol.asyncDispose]();
process.stdout.write(`${JSON.stringify(runs)}\n`);
