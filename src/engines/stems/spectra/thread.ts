/** Entry of the threads that make spectra of sound and sound of spectra. */
import { parentPort } from "node:worker_threads";
import type { PoolReply, PoolRequest } from "../../task-pool.ts";
import type { SpectraGeometry, SpectraResult, SpectraTask } from "./protocol.ts";
import { Spectra } from "./spectra.ts";

/** Those of the network that was worked for last. */
let kept: { readonly key: string; readonly spectra: Spectra } | undefined;

function spectraOf(geometry: SpectraGeometry): Spectra {
  const key = JSON.stringify(geometry);
  if (kept?.key !== key) kept = { key, spectra: new Spectra(geometry) };
  return kept.spectra;
}

function perform(task: SpectraTask): SpectraResult {
  const spectra = spectraOf(task.geometry);
  if (task.kind === "analyse") {
    const spectrum = spectra.analyse(task.sound);
    return task.turned ? [spectrum, spectrum.map((value) => -value)] : [spectrum];
  }
  const [spectrum, turned] = task.spectra;
  return spectra.synthesise(spectrum as Float32Array, turned);
}

parentPort?.on("message", ({ id, task }: PoolRequest<SpectraTask>) => {
  try {
    const result = perform(task);
    const transfer = result.map(({ buffer }) => buffer);
    parentPort?.postMessage({ id, result } satisfies PoolReply<SpectraResult>, transfer);
  } catch (error) {
    const failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
    parentPort?.postMessage({ id, failure } satisfies PoolReply<unknown>, []);
  }
});
