import { createRequire } from "node:module";
import pino from "pino";
import type { Config } from "./config.ts";

/**
 * Structured logs: one line an event, with `job_id`, `operation`, `stage` and `duration_ms` where they apply. Text,
 * audio, keys and query strings are never logged.
 */
export type Log = Pick<pino.Logger, "error" | "warn" | "info" | "debug"> & { child(fields: object): Log };

/** The process's logger, on the standard error: the standard output belongs to results. */
export function createLog(config: Pick<Config, "logLevel" | "logFormat">): Log {
  const options: pino.LoggerOptions = { level: config.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  const pretty = config.logFormat === "pretty" || (config.logFormat === "auto" && process.stderr.isTTY);
  const stream = pretty ? prettyStream() : undefined;
  return pino(options, stream ?? pino.destination({ dest: 2, sync: true }));
}

/** A logger that drops everything. */
export function silentLog(): Log {
  return pino({ level: "silent" });
}

/** pino-pretty is for people at a terminal: a production image may leave it out. */
function prettyStream(): pino.DestinationStream | undefined {
  try {
    const pretty = createRequire(import.meta.url)("pino-pretty") as typeof import("pino-pretty");
    return pretty({ destination: 2, sync: true, ignore: "pid,hostname", translateTime: "HH:MM:ss.l" });
  } catch {
    return undefined;
  }
}
