import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, resolve } from "node:path";
import type { z } from "zod";
import { AppError } from "./errors.ts";
import { type Variable, VARIABLES } from "./variables.ts";

/**
 * The only place that reads the environment: once, at the start, into one frozen object. Every problem is reported in
 * one error. The table of them is in `variables.ts`.
 */

/** The settings of this process. */
export type Config = {
  readonly dataDir: string;
  readonly modelsDir: string;
  readonly concurrency: number;
  readonly ttlSeconds: number;
  readonly inlineLimitBytes: number;
  /** Where a network volume would be mounted. */
  readonly volumeDir: string;
  /** What the environment says of a bucket; undefined when it names none. The secrets are in a function. */
  readonly bucket: (() => BucketVariables) | undefined;
  readonly maxAudioSeconds: number;
  readonly allowPrivateUrls: boolean;
  readonly logLevel: "silent" | "error" | "warn" | "info" | "debug";
  readonly logFormat: "auto" | "json" | "pretty";
  readonly ffmpegPath: string;
  readonly ffprobePath: string;
  readonly ignoreSystemFfmpeg: boolean;
  readonly runpodApiKey: string;
  /** What to do without a command. */
  readonly mode: "auto" | "worker" | "serve" | "run";
  /** 0 when not given. */
  readonly port: number;
  readonly portHealth: number;
  readonly publicUrl: string;
  readonly apiKey: string;
  readonly queueSize: number;
  readonly webhookSecret: string;
  /** An hour. */
  readonly gpuPrice: number;
  /** Folders in which programs are looked up. */
  readonly searchPath: readonly string[];
  /** Whether the platform's queue asks for a worker here. */
  readonly runpodQueue: boolean;
};

/** The variables of a bucket; an empty text is one that is not set. */
export type BucketVariables = {
  readonly endpointUrl: string;
  readonly bucket: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly addressing: "auto" | "path" | "host";
};

type Values = { [Name in keyof typeof VARIABLES]: z.output<(typeof VARIABLES)[Name]["schema"]> };

/**
 * Reads the environment.
 * @param environment variables by name; an empty value counts as not set
 * @param packageRoot folder that holds Talkbox's own `models`
 * @throws AppError `invalid_input` naming every bad variable
 */
export function readConfig(environment: Readonly<Record<string, string | undefined>>, packageRoot: string): Config {
  const values: Record<string, unknown> = {};
  const violations: { path: string; message: string }[] = [];
  for (const [name, variable] of Object.entries<Variable>(VARIABLES)) {
    const given = environment[name];
    if (given === undefined || given === "") {
      values[name] = variable.fallback;
      continue;
    }
    const parsed = variable.schema.safeParse(given);
    if (parsed.success) values[name] = parsed.data;
    else for (const issue of parsed.error.issues) violations.push({ path: name, message: issue.message });
  }
  if (violations.length > 0) {
    const list = violations.map(({ path, message }) => `${path}: ${message}`).join("; ");
    throw new AppError("invalid_input", `The environment has settings that cannot be used. ${list}`, { violations });
  }
  const v = values as Values;
  const runpodQueue = (environment["RUNPOD_WEBHOOK_GET_JOB"] ?? "") !== "";
  return Object.freeze({
    dataDir: dataDirOf(environment["TALKBOX_DATA"] ?? "", v, runpodQueue),
    modelsDir: v.TALKBOX_MODELS === "" ? resolve(packageRoot, "models") : resolve(expandHome(v.TALKBOX_MODELS)),
    concurrency: v.TALKBOX_CONCURRENCY,
    ttlSeconds: v.TALKBOX_TTL,
    inlineLimitBytes: v.TALKBOX_INLINE_LIMIT,
    volumeDir: resolve(expandHome(v.TALKBOX_VOLUME)),
    bucket: bucketVariables(v),
    maxAudioSeconds: v.TALKBOX_MAX_AUDIO_SECONDS,
    allowPrivateUrls: v.TALKBOX_ALLOW_PRIVATE_URLS,
    logLevel: v.TALKBOX_LOG_LEVEL,
    logFormat: v.TALKBOX_LOG_FORMAT,
    ffmpegPath: v.FFMPEG_PATH,
    ffprobePath: v.FFPROBE_PATH,
    ignoreSystemFfmpeg: v.TALKBOX_IGNORE_SYSTEM_FFMPEG,
    runpodApiKey: v.RUNPOD_API_KEY,
    mode: v.TALKBOX_MODE,
    port: v.PORT,
    portHealth: v.PORT_HEALTH,
    publicUrl: v.TALKBOX_PUBLIC_URL.replace(/\/+$/, ""),
    apiKey: v.TALKBOX_API_KEY,
    queueSize: v.TALKBOX_QUEUE_SIZE,
    webhookSecret: v.TALKBOX_WEBHOOK_SECRET,
    gpuPrice: v.TALKBOX_GPU_PRICE,
    searchPath: (environment["PATH"] ?? "").split(delimiter).filter((folder) => folder !== ""),
    runpodQueue,
  });
}

/** What a queue worker writes to its own disk goes with it: without a folder of its choice it takes a volume's. */
function dataDirOf(chosen: string, v: Values, runpodQueue: boolean): string {
  const volume = resolve(expandHome(v.TALKBOX_VOLUME));
  if (chosen === "" && runpodQueue && existsSync(volume)) return resolve(volume, "talkbox");
  return resolve(expandHome(v.TALKBOX_DATA));
}

/** A key of runpod-python's names goes without AWS's token, which belongs to AWS's key. */
function bucketVariables(v: Values): (() => BucketVariables) | undefined {
  if (v.BUCKET_ENDPOINT_URL === "" && v.BUCKET_NAME === "") return undefined;
  const own = v.BUCKET_ACCESS_KEY_ID !== "" || v.BUCKET_SECRET_ACCESS_KEY !== "";
  return () => ({
    endpointUrl: v.BUCKET_ENDPOINT_URL || v.AWS_ENDPOINT_URL_S3,
    bucket: v.BUCKET_NAME,
    region: v.AWS_REGION || v.AWS_DEFAULT_REGION,
    accessKeyId: own ? v.BUCKET_ACCESS_KEY_ID : v.AWS_ACCESS_KEY_ID,
    secretAccessKey: own ? v.BUCKET_SECRET_ACCESS_KEY : v.AWS_SECRET_ACCESS_KEY,
    sessionToken: own ? "" : v.AWS_SESSION_TOKEN,
    addressing: v.TALKBOX_S3_ADDRESSING,
  });
}

function expandHome(path: string): string {
  return path.startsWith("~/") ? resolve(homedir(), path.slice(2)) : path;
}
