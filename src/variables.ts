import { z } from "zod";
import { BUCKET_VARIABLES } from "./bucket-variables.ts";
import { MODEL_VARIABLES } from "./model-variables.ts";
import { SPEECH_VARIABLES } from "./speech-variables.ts";

/** The one table of settings: `config.ts` reads them from the environment, `docs/configuration.md` lists them. */

const flag = z
  .preprocess(
    // Python's `True` and `False`, as the documents have them, count too.
    (given) => (typeof given === "string" ? given.toLowerCase() : given),
    z.enum(["0", "1", "true", "false", "yes", "no"]),
  )
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
  ...MODEL_VARIABLES,
  TALKBOX_CONCURRENCY: {
    schema: positiveInteger(64),
    fallback: 3,
    about: "Jobs with heavy work (speech, video) that run at once; the others wait.",
  },
  TALKBOX_GPU_JOBS: {
    schema: positiveInteger(64),
    fallback: 2,
    about: "Jobs that use the GPU at once. More than one lets one compute while another reads or encodes.",
  },
  TALKBOX_CPU_JOBS: {
    schema: positiveInteger(64),
    fallback: 0,
    about: "Jobs that speak, sing or draw on the processor at once. 0: as many as TALKBOX_CONCURRENCY.",
  },
  TALKBOX_ENCODE_JOBS: {
    schema: positiveInteger(64),
    fallback: 0,
    about: "Jobs that encode at once; cards have few sessions of NVENC. 0: as many as TALKBOX_CONCURRENCY.",
  },
  TALKBOX_UPLOAD_JOBS: {
    schema: positiveInteger(64),
    fallback: 4,
    about: "Jobs that send files to a bucket at once.",
  },
  TALKBOX_PROVIDERS: {
    schema: z
      .string()
      .regex(
        /^\s*((tensorrt|cuda)(:\d{1,2})?|webgpu|cpu)(\s*,\s*((tensorrt|cuda)(:\d{1,2})?|webgpu|cpu))*\s*$/,
        "must be names of providers with commas between",
      ),
    fallback: "",
    about:
      "Where networks run, in the order to try: `cuda`, `webgpu`, `cpu`, `tensorrt`; `cuda:1` is the second GPU. Empty: `cuda` where an NVIDIA device is, `webgpu` where a graphics device is, then `cpu`.",
  },
  TALKBOX_MODEL_MEMORY: {
    schema: positiveInteger(10_000_000),
    fallback: 0,
    about:
      "Megabytes that open networks may take of the memory they lie in, the GPU's or the machine's. 0: four fifths of a GPU's, half of the machine's.",
  },
  TALKBOX_PRELOAD: {
    schema: z.string().min(1),
    fallback: "",
    about:
      "Networks that are loaded at the start and kept open, by the names of their engines, with commas between (`wav2lip,s3fd,rvc`).",
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
  ...BUCKET_VARIABLES,
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
  TALKBOX_PROFILE: {
    schema: z.enum(["avatar", "interview-2025-01"]),
    fallback: "avatar",
    about:
      "The document that rules where those of the avatar API differ: `interview-2025-01` has `talkbox serve` answer in the interview document's form.",
  },
  LIPSYNC_BASE_URL: {
    schema: z.url({ protocol: /^https?$/ }),
    fallback: "",
    about:
      "Where callers of the avatar API reach it; every URL in its answers begins with it. Empty: they are paths (`/video/…`).",
  },
  VIDEO_CLEANUP_ENABLED: {
    schema: flag,
    fallback: true,
    about: "Whether what the avatar API makes without `persist` is deleted after its time.",
  },
  VIDEO_CLEANUP_TTL: {
    schema: positiveInteger(30 * 24 * 3600),
    fallback: 600,
    about: "Seconds that a file of the avatar API without `persist` is kept.",
  },
  VIDEO_CLEANUP_INTERVAL: {
    schema: positiveInteger(24 * 3600),
    fallback: 60,
    about: "Seconds between two looks for files of `talkbox serve` whose time is over.",
  },
  TALKBOX_LOG_NAMES: {
    schema: flag,
    fallback: true,
    about:
      "Whether the avatar API's log lines carry the names of files, which begin with the first letters of their texts.",
  },
  TALKBOX_API_KEY: {
    schema: z.string().min(1),
    fallback: "",
    about: "Key that callers of `talkbox serve` must send as `Authorization: Bearer …`. Empty: none is needed.",
    secret: true,
  },
  TALKBOX_CORS_ORIGINS: {
    schema: z.string().min(1),
    fallback: "*",
    about:
      "Origins whose pages may call `talkbox serve` from a browser, by commas (`https://a.example,https://b.example`). `*`: any, as the chunk document has it; `none`: no other than its own.",
  },
  TALKBOX_RATE_LIMIT: {
    schema: z.coerce.number().int().min(0).max(1_000_000),
    fallback: 0,
    about:
      "Requests a minute that one address may make of `talkbox serve`; one more is refused with 429. 0: any number.",
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
  TALKBOX_CHUNK_AVATAR: {
    schema: z.string().min(1),
    fallback: "auto",
    about:
      "Whom the chunk API shows: an avatar that `list_avatars` names. It is prepared when `talkbox serve` starts. `auto`: the default one.",
  },
  LLM_API_URL: {
    schema: z.url({ protocol: /^https?$/ }),
    fallback: "",
    about:
      "The language model of interviews: a host with OpenAI's chat completions, such as vLLM; its base (`http://host:8000/v1`) or the full URL (`…/v1/chat/completions`). Where it does not answer, OpenAI does (OPENAI_API_KEY), then the embedded interviewer.",
  },
  LLM_MODEL: {
    schema: z.string().min(1),
    fallback: "",
    about: "The model that LLM_API_URL is asked for. Needed with it.",
  },
  LLM_API_KEY: {
    schema: z.string().min(1),
    fallback: "",
    about: "Key for LLM_API_URL, where it wants one. It is not sent OPENAI_API_KEY.",
    secret: true,
  },
  TALKBOX_LLM_TIMEOUT: {
    schema: positiveInteger(600),
    fallback: 8,
    about: "Seconds that LLM_API_URL may be silent, before its first word and between two, before another replies.",
  },
  TALKBOX_OPENAI_CHAT_URL: {
    schema: z.url({ protocol: /^https?$/ }),
    fallback: "https://api.openai.com/v1",
    about: "OpenAI's host for interviews: another one for data that must stay in a region.",
  },
  ...SPEECH_VARIABLES,
} as const satisfies Record<string, Variable>;
