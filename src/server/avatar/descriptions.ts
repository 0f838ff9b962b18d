import { z } from "zod";
import { lipsync } from "../../operations/lipsync.ts";
import { FAILURES, type RouteDescription } from "../openapi/description.ts";
import { lipsyncFields, saveFields } from "./lipsync-fields.ts";

const { shape } = lipsync.result;
const seconds = z.number().describe("Seconds.");
const url = (what: string): z.ZodString =>
  z.string().describe(`${what}: a path, or a whole URL where \`LIPSYNC_BASE_URL\` is set.`);

/** What answers say of the sound and of who is seen. */
export const shownAnswer = {
  persistent: shape.persistent,
  audio_url: url("Where the sound is").nullable(),
  audio_duration: shape.audio_duration,
  tts_engine: shape.tts_engine,
  tts_voice: shape.tts_voice,
  avatar: shape.avatar,
  resolution: shape.resolution,
  frame_skip: shape.frame_skip,
};

export const videoAnswer = {
  video_path: z.string().describe("`results/` and the file's key in the store."),
  video_url: url("Where the video is"),
};

export const warnings = z
  .array(z.string())
  .optional()
  .describe("What was asked for and has no effect, or went otherwise.");
export const requestId = z.string().describe("The job.");

const status = (stage: string): z.ZodObject =>
  z.object({ type: z.literal("status"), stage: z.literal(stage), message: z.string() });

/** The events that tell how far a video is. */
export const stageEvents = {
  "status, queue": z.object({
    type: z.literal("status"),
    stage: z.literal("queue"),
    message: z.string(),
    position: z.int().describe("From 1."),
    estimated_wait: z.number().nullable().describe("Seconds; null while no run has been measured."),
  }),
  "status, tts": status("tts"),
  "status, tts_done": z.object({
    type: z.literal("status"),
    stage: z.literal("tts_done"),
    message: z.string(),
    audio_url: url("Where the sound is").nullable(),
    duration: seconds,
    elapsed: z.number().describe("Seconds that the speech took."),
  }),
  "status, lipsync": status("lipsync"),
};

export const errorEvent = z.object({ type: z.literal("error"), message: z.string() });

/** The header by which a stream goes on. */
export const lastEventId = {
  "last-event-id": {
    schema: z.string().optional(),
    what: "The `id` of the last event that came, to go on after it within a few seconds of a break.",
  },
};

const listedEngine = z.object({
  id: z.string(),
  name: z.string(),
  voices: z.array(z.string()),
  available: z.boolean(),
  reason: z.string().optional(),
  remedy: z.string().optional(),
});

const gpu = z.object({
  memory_total_mb: z.int(),
  memory_used_mb: z.int(),
  memory_free_mb: z.int(),
  utilization_percent: z.int().nullable(),
});

const queued = z.object({
  request_id: z.string(),
  sid: z.string().nullable(),
  started_at: z.number().nullable().describe("Epoch seconds; null while it waits."),
});

const lipsyncBody = { schema: lipsyncFields, operation: "lipsync" } as const;

export const AVATAR_ROUTES = {
  status: {
    api: "avatar",
    summary: "What the server has.",
    answers: [
      {
        what: "Avatars and engines that work here.",
        schema: z.object({
          status: z.literal("ok"),
          models_loaded: z.boolean().describe("Whether there is an engine that makes videos."),
          available_avatars: z.array(z.string()),
          tts_engines: z.array(z.string()),
        }),
      },
    ],
    errors: "success",
  },
  lipsync: {
    api: "avatar",
    summary: "Makes a video of an avatar who says a text, and answers when it is done.",
    details:
      "`quality` stands for a resolution and a frame skip (`high`: 720p/1, `medium`: 480p/2, `low`: 360p/3); a value that is given explicitly wins. An empty text and null are as an absent field; unknown fields are ignored. With `--profile interview-2025-01` one of `avatar` and `avatar_path` is required.",
    body: { ...lipsyncBody, example: { text: "안녕하세요", quality: "low", persist: false } },
    answers: [
      {
        what: "The video is made.",
        schema: z.object({
          success: z.literal(true),
          ...videoAnswer,
          elapsed: shape.elapsed,
          ...shownAnswer,
          warnings,
          request_id: requestId,
        }),
      },
    ],
    errors: "success",
    fails: FAILURES.job,
  },
  lipsyncStream: {
    api: "avatar",
    summary: "Makes a video as above, and tells how far it is as server-sent events.",
    details:
      "An error before the first event is the status with the error body; after it, an `error` event is the last.",
    headers: lastEventId,
    body: { ...lipsyncBody, example: { text: "안녕하세요", quality: "low" } },
    answers: [
      {
        what: "Events, each on one `data: ` line.",
        type: "text/event-stream",
        events: {
          ...stageEvents,
          done: z.object({
            type: z.literal("done"),
            text: z.string().optional(),
            video_url: videoAnswer.video_url,
            ...shownAnswer,
            warnings,
            elapsed: shape.elapsed_stages,
            request_id: requestId,
          }),
          error: errorEvent,
        },
      },
    ],
    errors: "success",
    fails: FAILURES.job,
  },
  save: {
    api: "avatar",
    summary: "Keeps a video for good that would be deleted.",
    body: { schema: saveFields, example: { video_url: "/video/안녕하세요_a1b2c3d4.mp4" } },
    answers: [
      {
        what: "It is kept; once more does no harm.",
        schema: z.object({ success: z.literal(true), saved_url: url("Where it is"), message: z.string() }),
      },
    ],
    errors: "success",
    fails: [404, 507],
  },
  engines: {
    api: "avatar",
    summary: "Speech engines, those that are not set up too.",
    answers: [
      {
        what: "An array; with `--profile interview-2025-01` it stands under `engines`.",
        schema: z.union([z.array(listedEngine), z.object({ engines: z.array(listedEngine) })]),
      },
    ],
    errors: "success",
  },
  avatars: {
    api: "avatar",
    summary: "Avatars, in each size.",
    answers: [
      {
        what: "All that there are.",
        schema: z.object({
          avatars: z.array(z.object({ id: z.string(), name: z.string(), path: z.string() })),
        }),
      },
    ],
    errors: "success",
  },
  queue: {
    api: "avatar",
    summary: "The queue, and the first GPU.",
    answers: [
      {
        what: "Jobs under way and waiting. `sid` is null in those of others.",
        schema: z.object({
          queue_size: z.int(),
          is_processing: z.boolean(),
          gpu: gpu.nullable(),
          queue_length: z.int(),
          processing_count: z.int(),
          max_concurrent: z.int(),
          processing: z.array(queued),
          queue: z.array(queued),
        }),
      },
    ],
    errors: "success",
  },
  video: {
    api: "avatar",
    summary: "A video, whole or in ranges.",
    path: { name: { schema: z.string(), what: "The file's name, percent-encoded." } },
    query: { signature: { schema: z.string().optional(), what: "Stands in the URL where the server has a key." } },
    headers: { range: { schema: z.string().optional(), what: "`bytes=FIRST-LAST`" } },
    answers: [
      { what: "The file.", type: "video/mp4" },
      { what: "The file as WebM.", type: "video/webm" },
      { status: 206, what: "The range.", type: "video/mp4" },
      { status: 206, what: "The range as WebM.", type: "video/webm" },
      { status: 302, what: "It lies in the bucket.", type: null },
      { status: 304, what: "The caller has it.", type: null },
      { status: 416, what: "There is no such range.", type: null },
    ],
    errors: "success",
    fails: FAILURES.lookUp,
  },
  assets: {
    api: "avatar",
    summary: "Sound that was made, whole or in ranges.",
    path: { path: { schema: z.string(), what: "`audio/` and the file's name." } },
    query: { signature: { schema: z.string().optional(), what: "Stands in the URL where the server has a key." } },
    answers: [
      { what: "The file.", type: "audio/wav" },
      { status: 206, what: "The range.", type: "audio/wav" },
      { status: 302, what: "It lies in the bucket.", type: null },
      { status: 304, what: "The caller has it.", type: null },
      { status: 416, what: "There is no such range.", type: null },
    ],
    errors: "success",
    fails: FAILURES.lookUp,
  },
} as const satisfies Record<string, RouteDescription>;
