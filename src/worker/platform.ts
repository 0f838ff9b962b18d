import { WorkerError } from "./errors.ts";
import { LIMITS, type Limits } from "./limits.ts";
import { VERSION } from "./version.ts";

/** Variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What the platform tells a worker at its start. */
export type Platform = {
  readonly workerId: string;
  readonly hostname: string;
  /** Version of the worker module, as the platform sees it. */
  readonly version: string;
  /** Sent as it is in `Authorization`, without a scheme. */
  readonly apiKey: string;
  readonly userAgent: string;
  readonly pingMs: number;
  /** Where heartbeats go; absent where there is nobody to send one to. */
  readonly pingUrl?: string;
  /** Whether the take URL has the form from which batch takes and stop polls are derived. */
  readonly hasSiblings: boolean;
  readonly hasStream: boolean;
  takeUrl(jobs: number, busy: boolean): string;
  /** The stop channel; only where there are siblings. */
  stopUrl(): string;
  doneUrl(jobId: string, isStream: boolean): string;
  /** Where stream parts go; only where `hasStream`. */
  streamUrl(jobId: string): string;
};

/** Whether the platform's queue asks for a worker here. */
export function isQueueWorker(environment: Environment): boolean {
  return Boolean(environment["RUNPOD_WEBHOOK_GET_JOB"]);
}

const TAKE = "/job-take/";

/**
 * Reads the platform's variables.
 * @throws WorkerError `bad_environment`, naming every variable that is missing or no URL
 */
export function readPlatform(environment: Environment, limits: Limits = LIMITS): Platform {
  // Loaded where it is needed only: it costs a start 10 ms.
  const workerId = environment["RUNPOD_POD_ID"] || process.getBuiltinModule("node:crypto").randomUUID();
  const problems: string[] = [];
  const template = (name: string, required: boolean): string => {
    const given = environment[name] ?? "";
    if (given === "") {
      if (required) problems.push(`${name} is not set`);
      return "";
    }
    if (!/^https?:\/\//i.test(given) || !URL.canParse(given)) problems.push(`${name} is no http(s) URL`);
    return given.replaceAll("$RUNPOD_POD_ID", workerId);
  };
  // `$ID` is the worker in the take URL, and the job in the done and stream URLs.
  const take = template("RUNPOD_WEBHOOK_GET_JOB", true).replaceAll("$ID", workerId);
  const done = template("RUNPOD_WEBHOOK_POST_OUTPUT", true);
  const stream = template("RUNPOD_WEBHOOK_POST_STREAM", false);
  const ping = template("RUNPOD_WEBHOOK_PING", false);
  const apiKey = environment["RUNPOD_AI_API_KEY"] ?? "";
  // node:http refuses to send such a header at every request; better once, at the start.
  if (/[^\t\x20-\x7e]/.test(apiKey)) problems.push("RUNPOD_AI_API_KEY holds characters that no header may carry");
  if (problems.length > 0) {
    const hint = "The platform sets these in its containers.";
    throw new WorkerError("bad_environment", `No queue worker can start here: ${problems.join("; ")}. ${hint}`);
  }
  const hasSiblings = take.includes(TAKE);
  const beats = ping !== "" && apiKey !== "" && Boolean(environment["RUNPOD_POD_ID"]);
  return {
    workerId,
    hostname: environment["RUNPOD_POD_HOSTNAME"] || "unknown",
    version: `ts-${VERSION}`,
    apiKey,
    userAgent: `talkbox-worker/${VERSION} (${process.platform}; ${process.arch}) Language/JavaScript node/${process.versions.node}`,
    pingMs: pingPeriod(environment["RUNPOD_PING_INTERVAL"], limits),
    ...(beats ? { pingUrl: ping } : {}),
    hasSiblings,
    hasStream: stream !== "",
    takeUrl(jobs, busy) {
      const inProgress = ["job_in_progress", busy ? "1" : "0"] as const;
      if (jobs <= 1 || !hasSiblings) return withQuery(take, [inProgress]);
      return withQuery(take.replace(TAKE, "/job-take-batch/"), [["batch_size", String(jobs)], inProgress]);
    },
    stopUrl: () => take.replace(TAKE, "/job-stop/"),
    doneUrl: (jobId, isStream) => withQuery(done.replaceAll("$ID", jobId), [["isStream", String(isStream)]]),
    streamUrl: (jobId) => withQuery(stream.replaceAll("$ID", jobId), [["isStream", "false"]]),
  };
}

/** Appends a query to a URL that may or may not hold one, or end in a bare `?` or `&`. */
export function withQuery(url: string, pairs: readonly (readonly [name: string, value: string])[]): string {
  const query = pairs.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&");
  const joint = /[?&]$/.test(url) ? "" : url.includes("?") ? "&" : "?";
  return `${url}${joint}${query}`;
}

/** The period in milliseconds; anything that is no sensible number counts as not set. */
function pingPeriod(given: string | undefined, limits: Limits): number {
  const ms = Number(given);
  if (given === undefined || given.trim() === "" || !Number.isFinite(ms) || ms <= 0) return limits.pingMs;
  return Math.max(limits.pingLeastMs, ms);
}
