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
  for (const [name, help, value] of [
    ["talkbox_model_runs_total", "Runs of networks.", () => inferenceUsage.runs],
    ["talkbox_model_run_seconds_total", "Time that runs of networks took.", () => inferenceUsage.runMs / 1000],
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
