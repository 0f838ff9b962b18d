import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { handler, type JobResult } from "../../handler/index.ts";
import { createServices } from "../../handler/services.ts";
import type { Config } from "../config.ts";
import { AppError, toAppError } from "../errors.ts";
import { createLog } from "../log.ts";
import { createProgressView } from "./progress.ts";
import { summarise } from "./summary.ts";
import { stopSignals } from "./stop-signals.ts";

/** Options of `talkbox run`. */
export type RunOptions = {
  readonly input: string;
  readonly out?: string;
  readonly quiet: boolean;
  readonly summary: boolean;
};

/** Runs one job as RunPod's handler does locally: the result as JSON on the standard output, exit code 0 or 1. */
export async function runCommand(options: RunOptions, config: Config): Promise<void> {
  const quietLog = config.logFormat === "auto" && process.stderr.isTTY && config.logLevel === "info";
  const log = createLog(quietLog ? { ...config, logLevel: "warn" } : config);
  using interrupt = stopSignals();
  const out = options.out === undefined ? {} : { outDir: resolve(options.out) };
  await using services = createServices(config, log, { ...out, callerReadsDisk: true });
  const view = options.quiet ? undefined : createProgressView(process.stderr);
  try {
    const events = handler(await readJob(options.input), { services, signal: interrupt.signal });
    let result: JobResult | undefined;
    while (!result) {
      const step = await events.next();
      if (step.done) result = step.value;
      else view?.show(step.value);
    }
    view?.stop();
    process.stdout.write(options.summary ? summarise(result) : `${JSON.stringify(result, null, 2)}\n`);
  } catch (error) {
    view?.stop();
    const failure = toAppError(error);
    process.stdout.write(`${JSON.stringify({ error: failure.report() }, null, 2)}\n`);
    process.exitCode = interrupt.signal.aborted ? 130 : 1;
  }
}

/** The job in a file, or the JSON itself. */
export async function readJob(input: string): Promise<unknown> {
  const literal = input.trimStart().startsWith("{");
  let text = input;
  if (!literal) {
    text = await readFile(input, "utf8").catch((cause: unknown) => {
      const hint = "Give a job with --input FILE, or --input '{\"operation\": …}'.";
      throw new AppError("invalid_input", `${input} was not found or cannot be read. ${hint}`, { cause });
    });
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : "";
    throw new AppError("invalid_input", `${literal ? "The job" : input} is not valid JSON: ${why}.`, { cause });
  }
}
