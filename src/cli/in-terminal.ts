import { readFile, stat } from "node:fs/promises";
import { handler, type JobResult } from "../../handler/index.ts";
import { createServices } from "../../handler/services.ts";
import type { Config } from "../config.ts";
import { AppError, toAppError } from "../errors.ts";
import { MAX_INLINE_INPUT_BYTES } from "../limits/inputs.ts";
import { createLog } from "../log.ts";
import { createProgressView } from "./progress.ts";

/** Runs one job to its end. */
export type RunJob = (operation: string, params: object) => Promise<JobResult>;

/** Runs jobs for a person: what `work` answers goes to the standard output, an error to the standard error. */
export async function inTerminal(
  config: Config,
  progress: boolean,
  work: (job: RunJob) => Promise<string>,
): Promise<void> {
  const interrupt = new AbortController();
  const onInterrupt = (): void => interrupt.abort();
  process.once("SIGINT", onInterrupt).once("SIGTERM", onInterrupt);
  // A person reads the answer; the log is for what goes wrong.
  const log = createLog(config.logLevel === "info" ? { ...config, logLevel: "error" } : config);
  await using services = createServices(config, log);
  const view = progress ? createProgressView(process.stderr) : undefined;
  const job: RunJob = async (operation, params) => {
    const events = handler({ operation, params }, { services, signal: interrupt.signal });
    for (;;) {
      const step = await events.next();
      if (step.done) return step.value;
      view?.show(step.value);
    }
  };
  try {
    const text = await work(job);
    view?.stop();
    process.stdout.write(`${text}\n`);
  } catch (error) {
    view?.stop();
    process.stderr.write(`talkbox: ${toAppError(error).message}\n`);
    process.exitCode = interrupt.signal.aborted ? 130 : 1;
  } finally {
    process.off("SIGINT", onInterrupt).off("SIGTERM", onInterrupt);
  }
}

/** Reads a file that a person named. @throws AppError `invalid_input`, `input_too_large` */
export async function readNamed(file: string, wanted: string): Promise<Buffer> {
  const unreadable = (cause: unknown): AppError =>
    new AppError("invalid_input", `${file} was not found or cannot be read.`, { cause });
  const found = await stat(file).catch((error: unknown) => {
    throw unreadable(error);
  });
  if (!found.isFile()) throw new AppError("invalid_input", `${file} is no file. Give ${wanted}.`);
  if (found.size > MAX_INLINE_INPUT_BYTES) {
    const most = MAX_INLINE_INPUT_BYTES;
    throw new AppError("input_too_large", `${file} is larger than the ${most} bytes that are allowed.`);
  }
  return readFile(file).catch((error: unknown) => {
    throw unreadable(error);
  });
}
