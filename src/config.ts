import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, resolve } from "node:path";
import { z } from "zod";
import { AppError } from "./errors.ts";

/**
 * The only place that reads the environment: once, at the start, into one frozen object. Every problem is reported in
 * one error. `docs/configuration.md` is generated from the same table.
 */

const flag = z
  .enum(["0", "1", "true", "false", "yes", "no"])
  .transform((value) => value === "1" || value === "true" || value === "yes");

const port = z.coerce.number().int().min(0).max(65_535);

const positiveInteger = (max: number) => z.coerce.number().int().min(1).max(max);

/** One variable: its schema, what it does, and what it is when not set. */
type Variable = {
  readonly schema: z.ZodType;
  readonly fallback: unknown;
  readonly about: string;
  readonly secret?: true;
};

/** Every variable that Talkbox reads. */
export const VARIABLES = {
  TALKBOX_DATA: {
    schema: z.string().min(1),
    fallback: "data",
    about: "Folder where outputs are kept, relative to the current directory.",
  },
  TALKBOX_MODELS: {
    schema: z.string().min(1),
    fallback: "",
    about: "Folder of voices, avatars and models. Empty: the `models` folder that comes with Talkbox.",
  },
  TALKBOX_CONCURRENCY: {
    schema: positiveInteger(64),
    fallback: 3,
    about: "Jobs with heavy work (speech, video) that run at once; the others wait.",
  },
  TALKBOX_TTL: {
    schema: positiveInteger(30 * 24 * 3600),
    fallback: 600,
    about: "Seconds that an output without `persist` is kept.",
  },
  TALKBOX_INLINE_LIMIT: {
    schema: positiveInteger(1 << 30),
    fallback: 7_000_000,
    about:
      "Largest result, in bytes of base64, that `auto` delivery puts into the answer. The platform's limit is 10 MB.",
  },
  TALKBOX_VOLUME: {
    schema: z.string().min(1),
    fallback: "/runpod-volume",
    about:
      "Folder that a network volume is mounted at. A queue worker keeps outputs there when TALKBOX_DATA is not set and it exists.",
  },
  BUCKET_ENDPOINT_URL: {
    schema: z.string().min(1),
    fallback: "",
    about:
      "The S3 service that outputs go to; may carry the bucket in its host or path, and folders after it. As runpod-python has it.",
  },
  BUCKET_NAME: {
    schema: z.string().min(1),
    fallback: "",
    about: "The bucket, where the endpoint's URL does not name it.",
  },
  BUCKET_ACCESS_KEY_ID: {
    schema: z.string().min(1),
    fallback: "",
    about: "Its key. Empty: AWS_ACCESS_KEY_ID.",
    secret: true,
  },
  BUCKET_SECRET_ACCESS_KEY: {
    schema: z.string().min(1),
    fallback: "",
    about: "Its secret. Empty: AWS_SECRET_ACCESS_KEY.",
    secret: true,
  },
  AWS_ACCESS_KEY_ID: {
    schema: z.string().min(1),
    fallback: "",
    about: "As AWS's own programs have it. Used when a bucket is named.",
    secret: true,
  },
  AWS_SECRET_ACCESS_KEY: { schema: z.string().min(1), fallback: "", about: "The secret to that key.", secret: true },
  AWS_SESSION_TOKEN: {
    schema: z.string().min(1),
    fallback: "",
    about: "The token of a temporary key. Presigned URLs end with it.",
    secret: true,
  },
  AWS_REGION: {
    schema: z.string().min(1),
    fallback: "",
    about: "The bucket's region, where the endpoint's host does not tell. Empty: AWS_DEFAULT_REGION, then `us-east-1`.",
  },
  AWS_DEFAULT_REGION: { schema: z.string().min(1), fallback: "", about: "As AWS_REGION, which wins." },
  AWS_ENDPOINT_URL_S3: {
    schema: z.string().min(1),
    fallback: "",
    about: "As BUCKET_ENDPOINT_URL, which wins. Alone it configures no bucket.",
  },
  TALKBOX_S3_ADDRESSING: {
    schema: z.enum(["auto", "path", "host"]),
    fallback: "auto",
    about:
      "Where URLs carry the bucket. `auto`: in the host for AWS and for endpoints that have it there, else in the path.",
  },
  TALKBOX_MAX_AUDIO_SECONDS: {
    schema: positiveInteger(6 * 3600),
    fallback: 600,
    about: "Longest audio that a job may bring.",
  },
  TALKBOX_ALLOW_PRIVATE_URLS: {
    schema: flag,
    fallback: false,
    about: "Whether inputs by URL may come from private and loopback addresses. Leave it off on a public server.",
  },
  TALKBOX_LOG_LEVEL: {
    schema: z.enum(["silent", "error", "warn", "info", "debug"]),
    fallback: "info",
    about: "Least level that is logged.",
  },
  TALKBOX_LOG_FORMAT: {
    schema: z.enum(["auto", "json", "pretty"]),
    fallback: "auto",
    about: "`auto` is pretty on a terminal and JSON otherwise. Logs go to the standard error.",
  },
  FFMPEG_PATH: {
    schema: z.string().min(1),
    fallback: "",
    about: "The ffmpeg to use. Empty: the system's, else the one that comes by npm.",
  },
  FFPROBE_PATH: {
    schema: z.string().min(1),
    fallback: "",
    about: "The ffprobe to use. Empty: the system's, else the one that comes by npm.",
  },
  TALKBOX_IGNORE_SYSTEM_FFMPEG: {
    schema: flag,
    fallback: false,
    about: "Use the ffmpeg that comes by npm even where the system has one.",
  },
  TALKBOX_MODE: {
    schema: z.enum(["auto", "worker", "serve", "run"]),
    fallback: "auto",
    about:
      "What `talkbox` does without a command. `auto`: take jobs where RUNPOD_WEBHOOK_GET_JOB is set, else serve where PORT is, else run one job.",
  },
  PORT: {
    schema: port,
    fallback: 0,
    about:
      "Port of `talkbox serve`, which then listens on all addresses, as load-balancing endpoints want it. 0: 5000, on 127.0.0.1 alone.",
  },
  PORT_HEALTH: {
    schema: port,
    fallback: 0,
    about: "A second port with the same routes, for the health checks of load-balancing endpoints. 0: none.",
  },
  TALKBOX_PUBLIC_URL: {
    schema: z.url({ protocol: /^https?$/ }),
    fallback: "",
    about: "Where callers reach `talkbox serve`; URLs of outputs begin with it. Empty: its own address and port.",
  },
  TALKBOX_API_KEY: {
    schema: z.string().min(1),
    fallback: "",
    about: "Key that callers of `talkbox serve` must send as `Authorization: Bearer …`. Empty: none is needed.",
    secret: true,
  },
  TALKBOX_QUEUE_SIZE: {
    schema: positiveInteger(1_000_000),
    fallback: 1000,
    about: "Jobs that may wait in `talkbox serve`; one more is refused with 429.",
  },
  TALKBOX_WEBHOOK_SECRET: {
    schema: z.string().min(16),
    fallback: "",
    about: "Signs webhooks (Standard Webhooks): `whsec_` and base64, or any text. Empty: they are not signed.",
    secret: true,
  },
  TALKBOX_GPU_PRICE: {
    schema: z.coerce.number().min(0).max(10_000),
    fallback: 0,
    about: "Price of the endpoint's GPU an hour, in your currency, for the cost in the summary of `talkbox batch`.",
  },
  RUNPOD_API_KEY: {
    schema: z.string().min(1),
    fallback: "",
    about: "Key for RunPod, for `talkbox deploy` and `talkbox batch`.",
    secret: true,
  },
} as const satisfies Record<string, Variable>;

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
