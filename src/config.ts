import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, resolve } from "node:path";
import type { z } from "zod";
import { AppError } from "./errors.ts";
import type { SpeechVariables } from "./speech-variables.ts";
import { type Variable, VARIABLES } from "./variables.ts";

/**
 * The only place that reads the environment: once, at the start, into one frozen object. Every problem is reported in
 * one error. The table of them is in `variables.ts`.
 */

/** The settings of this process. */
export type Config = {
  readonly dataDir: string;
  readonly modelsDir: string;
  /** The models folder that has what comes with Talkbox under such a name: the deployment's where it has its own. */
  readonly modelsWith: (name: "avatars" | "mouth" | "questions" | "timbres" | "voices") => string;
  /** A second place of RVC voices. */
  readonly rvcDir: string;
  /** Further places of files of weights. */
  readonly modelFolders: readonly string[];
  /** Where graphs made from them are kept, and most bytes of them. */
  readonly cacheDir: string;
  readonly cacheLimitBytes: number;
  /** Where `hf:` sources of models are, and the key to them. */
  readonly huggingFace: () => { readonly endpoint: string; readonly token: string };
  readonly concurrency: number;
  /** Jobs that use each of these at once. */
  readonly lanes: Readonly<Record<"gpu" | "cpu" | "encode" | "upload", number>>;
  /** Where networks run, as `inference/providers.ts` reads it. */
  readonly providers: string;
  /** Bytes of memory that open networks may take; 0 for a share of what there is. */
  readonly modelMemoryBytes: number;
  /** Names of networks that are loaded at the start. */
  readonly preload: readonly string[];
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
  /** The document that rules where those of the avatar API differ. */
  readonly profile: "avatar" | "interview-2025-01";
  /** What URLs of the avatar API begin with; empty for none, never with a slash at the end. */
  readonly lipsyncBaseUrl: string;
  readonly videoCleanup: { readonly enabled: boolean; readonly ttlSeconds: number; readonly intervalSeconds: number };
  /** Whom the chunk API shows: an avatar's name, or `auto`. */
  readonly chunkAvatar: string;
  /** Whether log lines may carry names of files. */
  readonly logNames: boolean;
  readonly apiKey: string;
  /** Origins, or `*`. */
  readonly corsOrigins: readonly string[];
  /** Requests a minute and address; 0 for any number. */
  readonly rateLimit: number;
  readonly queueSize: number;
  readonly webhookSecret: string;
  /** An hour. */
  readonly gpuPrice: number;
  /** What the environment says of language models, with their keys. */
  readonly languageModels: () => LanguageModelVariables;
  /** What the environment says of speech services on other hosts, with their keys. */
  readonly speechServices: () => SpeechVariables;
  /** Folders in which programs are looked up. */
  readonly searchPath: readonly string[];
  /** Whether the platform's queue asks for a worker here. */
  readonly runpodQueue: boolean;
};

/** Where language models are asked; an empty text is one that is not set. */
export type LanguageModelVariables = {
  readonly llmUrl: string;
  readonly llmModel: string;
  readonly llmKey: string;
  /** Longest silence of it, in milliseconds. */
  readonly llmTimeoutMs: number;
  readonly openAiUrl: string;
  readonly openAiKey: string;
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
  const dataDir = dataDirOf(environment["TALKBOX_DATA"] ?? "", v, runpodQueue);
  const shippedModels = resolve(packageRoot, "models");
  const modelsDir = v.TALKBOX_MODELS === "" ? shippedModels : resolve(expandHome(v.TALKBOX_MODELS));
  return Object.freeze({
    dataDir,
    rvcDir: resolve(expandHome(v.TALKBOX_RVC_MODELS)),
    modelFolders: listOf(v.TALKBOX_MODEL_FOLDERS).map((folder) => resolve(expandHome(folder))),
    cacheDir: v.TALKBOX_CACHE === "" ? resolve(dataDir, "cache") : resolve(expandHome(v.TALKBOX_CACHE)),
    cacheLimitBytes: v.TALKBOX_CACHE_LIMIT * 1e9,
    modelsDir,
    modelsWith: (name) => (existsSync(resolve(modelsDir, name)) ? modelsDir : shippedModels),
    huggingFace: () => ({ endpoint: v.HF_ENDPOINT, token: v.HF_TOKEN }),
    concurrency: v.TALKBOX_CONCURRENCY,
    lanes: {
      gpu: v.TALKBOX_GPU_JOBS,
      cpu: v.TALKBOX_CPU_JOBS || v.TALKBOX_CONCURRENCY,
      encode: v.TALKBOX_ENCODE_JOBS || v.TALKBOX_CONCURRENCY,
      upload: v.TALKBOX_UPLOAD_JOBS,
    },
    providers: v.TALKBOX_PROVIDERS,
    modelMemoryBytes: v.TALKBOX_MODEL_MEMORY * 1e6,
    preload: v.TALKBOX_PRELOAD.split(",").flatMap((name) => name.trim() || []),
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
    profile: v.TALKBOX_PROFILE,
    lipsyncBaseUrl: v.LIPSYNC_BASE_URL.replace(/\/+$/, ""),
    videoCleanup: {
      enabled: v.VIDEO_CLEANUP_ENABLED,
      ttlSeconds: v.VIDEO_CLEANUP_TTL,
      intervalSeconds: v.VIDEO_CLEANUP_INTERVAL,
    },
    chunkAvatar: v.TALKBOX_CHUNK_AVATAR,
    logNames: v.TALKBOX_LOG_NAMES,
    apiKey: v.TALKBOX_API_KEY,
    corsOrigins: v.TALKBOX_CORS_ORIGINS === "none" ? [] : v.TALKBOX_CORS_ORIGINS.split(",").map((one) => one.trim()),
    rateLimit: v.TALKBOX_RATE_LIMIT,
    queueSize: v.TALKBOX_QUEUE_SIZE,
    webhookSecret: v.TALKBOX_WEBHOOK_SECRET,
    gpuPrice: v.TALKBOX_GPU_PRICE,
    languageModels: () => ({
      llmUrl: v.LLM_API_URL,
      llmModel: v.LLM_MODEL,
      llmKey: v.LLM_API_KEY,
      llmTimeoutMs: v.TALKBOX_LLM_TIMEOUT * 1000,
      openAiUrl: v.TALKBOX_OPENAI_CHAT_URL,
      openAiKey: v.OPENAI_API_KEY,
    }),
    speechServices: () => v as SpeechVariables,
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

function listOf(text: string): string[] {
  return text.split(",").flatMap((item) => item.trim() || []);
}

function expandHome(path: string): string {
  return path.startsWith("~/") ? resolve(homedir(), path.slice(2)) : path;
}
