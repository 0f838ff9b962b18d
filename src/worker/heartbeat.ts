import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Worker } from "node:worker_threads";
import { HeartbeatList } from "./heartbeat-list.ts";
import type { Limits } from "./limits.ts";
import type { Log } from "./log.ts";
import type { Platform } from "./platform.ts";

/** What the thread is given. */
export type HeartbeatOrder = {
  readonly url: string;
  readonly apiKey: string;
  readonly userAgent: string;
  readonly version: string;
  readonly periodMs: number;
  readonly retries: number;
  readonly atOnce: number;
  readonly frozenMs: number;
  readonly idleSocketMs: number;
  readonly list: SharedArrayBuffer;
};

/** What the thread says. */
export type HeartbeatReport =
  | { readonly type: "fault"; readonly message: string }
  /** The whole process stood still. */
  | { readonly type: "thawed"; readonly afterMs: number };

/** Most memory of the thread, in MiB: it holds a list of ids and one answer. The defaults would cost 4 MiB more. */
const MEMORY = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 1, codeRangeSizeMb: 4, stackSizeMb: 1 };

/** Pause before a thread that died is replaced, in milliseconds. */
const RESTART_MS = 1000;

type Parts = { readonly platform: Platform; readonly limits: Limits; readonly log: Log; readonly onThaw: () => void };

/** Tells the platform that the worker lives, and which jobs it holds. */
export class Heartbeat {
  readonly #parts: Parts;
  readonly #list: HeartbeatList;
  #thread: Worker | undefined;
  #restart: NodeJS.Timeout | undefined;
  #started = false;
  #stopped = false;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#list = new HeartbeatList(parts.limits.heartbeatListBytes);
  }

  /** Starts the thread if it does not run, unless there is nobody to send heartbeats to. */
  start(): void {
    if (this.#started || this.#stopped) return;
    this.#started = true;
    this.#run();
  }

  #run(): void {
    const { platform, limits, log } = this.#parts;
    if (platform.pingUrl === undefined) {
      log("warn", "No heartbeats: RUNPOD_WEBHOOK_PING, RUNPOD_AI_API_KEY or RUNPOD_POD_ID is not set.");
      return;
    }
    const order: HeartbeatOrder = {
      url: platform.pingUrl,
      apiKey: platform.apiKey,
      userAgent: platform.userAgent,
      version: platform.version,
      periodMs: platform.pingMs,
      retries: limits.pingRetries,
      atOnce: limits.pingsAtOnce,
      frozenMs: limits.frozenMs,
      idleSocketMs: limits.idleSocketMs,
      list: this.#list.memory,
    };
    // The thread needs none of the process's flags, and the loader hooks among them would cost memory.
    const { Worker: Thread } = process.getBuiltinModule("node:worker_threads");
    const thread = new Thread(threadEntry(), { workerData: order, execArgv: [], resourceLimits: MEMORY });
    thread.unref();
    thread.on("message", (report: HeartbeatReport) => {
      if (report.type === "fault") return log("warn", report.message);
      log("info", `The process stood still for ${Math.round(report.afterMs)} ms; connections are made anew.`);
      this.#parts.onThaw();
    });
    thread.on("error", (error: unknown) => log("error", `The heartbeat thread died: ${String(error)}`));
    thread.on("exit", () => {
      if (this.#stopped) return;
      this.#restart = setTimeout(() => this.#run(), RESTART_MS).unref();
    });
    this.#thread = thread;
  }

  /** Names the jobs that the worker holds. */
  hold(ids: Iterable<string>): void {
    if (!this.#list.write(ids)) this.#parts.log("warn", "The heartbeat has no room for the ids of all jobs.");
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#restart);
    await this.#thread?.terminate();
  }
}

/** Beside this file as source; beside the bundle, under the name that the build gives it, in production. */
function threadEntry(): string {
  const here = fileURLToPath(import.meta.url);
  return join(dirname(here), `heartbeat-thread${extname(here)}`);
}
