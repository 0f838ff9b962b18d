import { resolve } from "node:path";
import { handler, type JobResult } from "../../handler/index.ts";
import { createServices, type Services } from "../../handler/services.ts";
import type { Config } from "../config.ts";
import { toAppError } from "../errors.ts";
import type { Emit } from "../events.ts";
import { createLog } from "../log.ts";
import { cloneJob, coverJob, strangerJob } from "./demo/jobs.ts";
import { createProgressView } from "./progress.ts";
import { readJob } from "./run.ts";
import { summarise } from "./summary.ts";
import { stopSignals } from "./stop-signals.ts";

/** Options of `talkbox demo`. */
export type DemoOptions = { readonly input: string; readonly out: string };

/**
 * Shows what there is: the avatar of the job in `input`, a song cover, and a cloned voice, each from nothing but what is
 * installed. A job that fails does not keep the others from running.
 */
export async function demoCommand(options: DemoOptions, config: Config): Promise<void> {
  const log = createLog(config.logLevel === "info" ? { ...config, logLevel: "warn" } : config);
  using interrupt = stopSignals();
  await using services = createServices(config, log, { outDir: resolve(options.out), callerReadsDisk: true });
  const show = (title: string, makeJob: (emit: Emit) => Promise<unknown>): Promise<JobResult | undefined> =>
    showJob(title, makeJob, services, interrupt.signal);
  const avatar = await show("A talking avatar", () => readJob(options.input));
  await show("A song cover", (emit) => coverJob(services.engines, interrupt.signal, emit));
  if (!avatar) return;
  const stranger = await show("A stranger's voice", () => strangerJob(avatar));
  if (stranger) await show("A sentence in that voice", () => cloneJob(stranger));
}

/** Runs a job and shows it; answers nothing when it failed. */
async function showJob(
  title: string,
  makeJob: (emit: Emit) => Promise<unknown>,
  services: Services,
  signal: AbortSignal,
): Promise<JobResult | undefined> {
  if (signal.aborted) return undefined;
  process.stdout.write(`\n${title}\n`);
  const view = createProgressView(process.stderr);
  try {
    const events = handler(await makeJob((event) => view.show(event)), { services, signal });
    for (;;) {
      const step = await events.next();
      if (step.done) {
        view.stop();
        process.stdout.write(summarise(step.value));
        return step.value;
      }
      view.show(step.value);
    }
  } catch (error) {
    view.stop();
    process.stdout.write(`  ${toAppError(error).message}\n`);
    process.exitCode = signal.aborted ? 130 : 1;
    return undefined;
  }
}
