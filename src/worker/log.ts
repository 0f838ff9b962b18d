import { cut, textOf } from "./errors.ts";

/** Levels, from loud to quiet. */
export const LEVELS = ["error", "warn", "info", "debug"] as const;
export type Level = (typeof LEVELS)[number];

/** Takes one line of the worker's log. `jobId` is there when the line belongs to a job. */
export type Log = (level: Level, message: string, jobId?: string) => void;

/** A job's own log. */
export type JobLog = Readonly<Record<Level, (message: string) => void>>;

/** Longest message, in bytes; a longer one loses its middle. */
const MESSAGE_BYTES = 4096;

/**
 * The platform's log format on the standard output: JSON lines on an endpoint, text elsewhere. Inputs and outputs are
 * never logged.
 */
export function createLog(environment: Readonly<Record<string, string | undefined>>, write = writeLine): Log {
  const wanted = environment["RUNPOD_LOG_LEVEL"] || environment["RUNPOD_DEBUG_LEVEL"] || "info";
  const most = quietest(wanted);
  const asJson = Boolean(environment["RUNPOD_ENDPOINT_ID"]);
  return (level, message, jobId) => {
    if (LEVELS.indexOf(level) > most) return;
    const text = cut(message, MESSAGE_BYTES);
    const name = level.toUpperCase();
    write(
      asJson
        ? JSON.stringify({ requestId: jobId ?? null, message: text, level: name })
        : `${name.padEnd(7)}| ${jobId === undefined ? "" : `${jobId} | `}${text}`,
    );
  };
}

/** Index of the last level that is written. The platform's other names are understood, an unknown one is `info`. */
function quietest(wanted: string): number {
  const name = wanted.toLowerCase();
  if (name === "trace" || name === "notset") return LEVELS.length - 1;
  const index = LEVELS.indexOf(name as Level);
  return index < 0 ? LEVELS.indexOf("info") : index;
}

function writeLine(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** A job's log, on top of the worker's. */
export function jobLog(log: Log, jobId: string, batchId: string | undefined): JobLog {
  const prefix = batchId === undefined ? "" : `[batchId=${batchId}] `;
  const at =
    (level: Level) =>
    (message: string): void =>
      log(level, prefix + textOf(message), jobId);
  return { error: at("error"), warn: at("warn"), info: at("info"), debug: at("debug") };
}
