import { z } from "zod";

/** The one table of settings: `config.ts` reads them from the environment, `docs/configuration.md` lists them. */

const flag = z
  .enum(["0", "1", "true", "false", "yes", "no"])
  .transform((value) => value === "1" || value === "true" || value === "yes");

const port = z.coerce.number().int().min(0).max(65_535);

const positiveInteger = (max: number) => z.coerce.number().int().min(1).max(max);

/** One variable: its schema, what it does, and what it is when not set. */
export type Variable = {
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
