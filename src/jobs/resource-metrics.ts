import { Counter, Gauge, type Registry } from "prom-client";
import { GpuMemoryReader } from "../inference/gpu-memory.ts";
import { inferenceUsage } from "../inference/usage.ts";
import { LANES, type Lanes } from "../lanes.ts";

/** Adds to what `/metrics` tells: permits of the lanes, networks in memory, and the GPUs' memory where there are any. */
export function addResourceMetrics(registry: Registry, lanes: Lanes, gpu = new GpuMemoryReader()): void {
  const registers = [registry];
  for (const [what, help] of [
    ["permits", "Jobs that may use a lane at once."],
    ["taken", "Permits of a lane that jobs hold."],
    ["waiting", "Jobs that wait for a permit of a lane."],
    ["over", "Jobs that use a lane beside its permits."],
  ] as const) {
    void new Gauge({
      name: `talkbox_lane_${what}`,
      help,
      labelNames: ["lane"],
      registers,
      collect() {
        for (const lane of LANES) this.set({ lane }, lanes.count(lane)[what]);
      },
    });
  }
  for (const [name, help, value] of [
    ["talkbox_models_loaded", "Networks that are open.", () => inferenceUsage.sessions],
    ["talkbox_models_bytes", "Bytes of the files of open networks.", () => inferenceUsage.modelBytes],
  ] as const) {
    void new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value());
      },
    });
  }
  void new Gauge({
    name: "talkbox_model_memory_bytes",
    help: "Memory that open networks of the cache take, as measured, by where they lie.",
    labelNames: ["memory"],
    registers,
    collect() {
      for (const memory of ["gpu", "host"] as const) this.set({ memory }, inferenceUsage.cacheBytes[memory]);
    },
  });
  for (const [name, help, value] of [
    ["talkbox_model_runs_total", "Runs of networks.", () => inferenceUsage.runs],
    ["talkbox_model_run_seconds_total", "Time that runs of networks took.", () => inferenceUsage.runMs / 1000],
    ["talkbox_model_loads_total", "Networks that were loaded.", () => inferenceUsage.loads],
    ["talkbox_model_load_seconds_total", "Time that loads of networks took.", () => inferenceUsage.loadMs / 1000],
    ["talkbox_model_hits_total", "Times that a network was wanted and open.", () => inferenceUsage.hits],
    ["talkbox_model_evictions_total", "Networks closed to make room.", () => inferenceUsage.evictions],
    ["talkbox_model_unloads_total", "Networks closed since nobody used them.", () => inferenceUsage.unloads],
    ["talkbox_model_reopened_total", "Networks opened again after a crash.", () => inferenceUsage.reopened],
  ] as const) {
    void new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(value());
      },
    });
  }
  for (const [what, help] of [
    ["used", "Memory of a GPU in use, by all processes."],
    ["total", "Memory that a GPU has."],
  ] as const) {
    void new Gauge({
      name: `talkbox_gpu_memory_${what}_bytes`,
      help,
      labelNames: ["gpu"],
      registers,
      async collect() {
        this.reset();
        for (const { index, usedBytes, totalBytes } of await gpu.read()) {
          this.set({ gpu: index }, what === "used" ? usedBytes : totalBytes);
        }
      },
    });
  }
}
