import { setMaxListeners } from "node:events";
import { basename, extname, resolve } from "node:path";
import type { Config } from "../config.ts";
import { AppError, toAppError } from "../errors.ts";
import { RemoteEndpoint } from "./batch/endpoint.ts";
import { readJobsFile } from "./batch/jobs-file.ts";
import { isComplete, runBatch, summariseBatch } from "./batch/run-batch.ts";
import { cronTimes, runSchedule } from "./batch/schedule.ts";
import { stopSignals } from "./stop-signals.ts";

/** Options of `talkbox batch`. */
export type BatchOptions = {
  readonly endpoint: string;
  readonly baseUrl?: string;
  readonly concurrency: string;
  readonly retries: string;
  readonly schedule?: string;
  readonly tz?: string;
  readonly out?: string;
  readonly retryUnknown: boolean;
  readonly retryFailed: boolean;
};

/** Runs a file of jobs on an endpoint, once or on a schedule. */
export async function batchCommand(file: string, options: BatchOptions, config: Config): Promise<void> {
  const concurrency = readCount(options.concurrency, "--concurrency", 1, 400);
  const retries = readCount(options.retries, "--retries", 0, 20);
  const baseUrl = options.baseUrl === undefined ? undefined : readBaseUrl(options.baseUrl);
  const out = resolve(options.out ?? `${basename(file, extname(file))}.out`);
  if (options.schedule !== undefined) cronTimes(options.schedule, options.tz);
  else if (options.tz !== undefined) throw new AppError("invalid_input", "--tz needs a --schedule.");
  await readJobsFile(file);
  // A server of one's own may need no key; the SDK wants one.
  const key = baseUrl === undefined ? config.runpodApiKey : config.runpodApiKey || config.apiKey || "none";
  if (key === "") throw new AppError("invalid_input", "Set RUNPOD_API_KEY, or name a server with --base-url.");

  using stop = stopSignals(() => {
    process.stderr.write("\ntalkbox: stopping; what is under way is in the ledger. Again to stop at once.\n");
  });
  setMaxListeners(0, stop.signal);
  const endpoint = await RemoteEndpoint.connect(options.endpoint, key, baseUrl);
  const once = async (folder: string): Promise<boolean> => {
    const lines = await readJobsFile(file);
    const { retryUnknown, retryFailed } = options;
    const { signal } = stop;
    const batch = { lines, endpoint, out: folder, concurrency, retries, retryUnknown, retryFailed, signal };
    const end = await runBatch(batch);
    process.stdout.write(summariseBatch(end, config.gpuPrice));
    if (!isComplete(end)) process.exitCode = 1;
    return !end.ends.some(({ outcome }) => outcome === "left");
  };
  if (options.schedule === undefined) {
    await once(out);
  } else {
    const { schedule: pattern, tz: timezone } = options;
    const say = (line: string): void => void process.stderr.write(`talkbox: ${line}\n`);
    const run = (folder: string): Promise<boolean> => once(folder).catch((error: unknown) => onFailure(error, say));
    await runSchedule({ pattern, timezone, out, signal: stop.signal, run, say });
  }
  if (stop.signal.aborted) process.exitCode = 130;
}

/** A run that cannot be made today may be tomorrow: the schedule goes on. */
function onFailure(error: unknown, say: (line: string) => void): boolean {
  say(`the run failed: ${toAppError(error).message}`);
  process.exitCode = 1;
  return false;
}

function readCount(given: string, option: string, least: number, most: number): number {
  const count = /^\d{1,6}$/.test(given) ? Number(given) : Number.NaN;
  if (count >= least && count <= most) return count;
  throw new AppError("invalid_input", `${option} is a whole number from ${least} to ${most}.`);
}

/** The URL that the SDK is to put endpoint ids after; `/v2` is added where there is no path. */
function readBaseUrl(given: string): string {
  const url = URL.parse(given);
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new AppError("invalid_input", `--base-url "${given}" is no URL. For talkbox serve: http://127.0.0.1:5000/v2`);
  }
  return url.pathname === "/" ? `${url.origin}/v2` : url.href.replace(/\/+$/, "");
}
