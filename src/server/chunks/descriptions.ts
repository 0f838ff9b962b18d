import { z } from "zod";
import { streamChunksOperation } from "../../operations/stream-chunks.ts";
import { lastEventId } from "../avatar/descriptions.ts";
import { FAILURES, type RouteDescription } from "../openapi/description.ts";
import { chunksBody, generateBody } from "./fields.ts";

const { shape } = streamChunksOperation.result;
const { index, text, duration, start, words } = shape.chunks.element.shape;

const chunk = {
  index,
  text,
  video_url: z.string().describe("Where the chunk's MP4 is."),
  audio_url: z.string().describe("Where the chunk's sound is: WAV, 16 kHz, one channel."),
  duration,
  start,
  words,
};
const stream_url = z.string().describe("Where all chunks are as one MP4, from its first second on.");
const whole = {
  chunks: z.array(z.object(chunk)),
  stream_url,
  stream_type: shape.stream_type,
  captions: shape.captions,
  duration: shape.duration,
  language: shape.language,
};

const FORMS = ["application/json", "application/x-www-form-urlencoded", "multipart/form-data"];
const example = { text: "Привет! Это короткий пример.", language: "ru" };
const ofChunk = {
  path: { id: { schema: z.string(), what: "As it stands in the answer's URLs." } },
  query: { signature: { schema: z.string().optional(), what: "Stands in the URL where the server has a key." } },
} as const;

/** How a file is answered, whole or in ranges. */
function file(type: string): RouteDescription["answers"] {
  return [
    { what: "The file.", type },
    { status: 206, what: "The range.", type },
    { status: 302, what: "It lies in the bucket.", type: null },
    { status: 304, what: "The caller has it.", type: null },
    { status: 416, what: "There is no such range.", type: null },
  ];
}

export const CHUNK_ROUTES = {
  health: {
    api: "chunks",
    summary: "The state of the server.",
    answers: [
      {
        what: "Whether it is warm, and what it runs on.",
        schema: z.object({ status: z.enum(["ok", "error"]), models_loaded: z.boolean(), device: z.string() }),
      },
    ],
    errors: "plain",
  },
  generate: {
    api: "chunks",
    summary: "The whole video of a text, as a file.",
    body: { schema: generateBody, operation: "stream_chunks", example, types: FORMS },
    answers: file("video/mp4"),
    errors: "plain",
    fails: FAILURES.job,
  },
  generateStream: {
    api: "chunks",
    summary: "The same video as a stream that begins before it is whole.",
    body: { schema: generateBody, operation: "stream_chunks", example, types: FORMS },
    answers: [{ what: "Fragmented MP4, as it is made.", type: "video/mp4" }],
    errors: "plain",
    fails: FAILURES.job,
  },
  chunks: {
    api: "chunks",
    summary: "A text as chunks of video, cut where sentences and clauses end.",
    details: "With `Accept: text/event-stream` each chunk is told as soon as it is ready, in order.",
    headers: { accept: { schema: z.string().optional(), what: "`text/event-stream` for events." }, ...lastEventId },
    body: {
      schema: chunksBody,
      operation: "stream_chunks",
      example: { ...example, chunk_size: 15 },
      types: FORMS,
    },
    answers: [
      { what: "All chunks.", schema: z.object(whole) },
      {
        what: "Events, each on one `data: ` line.",
        type: "text/event-stream",
        events: {
          stream: z.object({
            type: z.literal("stream"),
            stream_url,
            stream_type: shape.stream_type.nullable().describe("Null until it is known: then the event comes again."),
          }),
          chunk: z.object({ type: z.literal("chunk"), ...chunk }),
          complete: z.object({ type: z.literal("complete"), ...whole }),
          error: z.object({ type: z.literal("error"), error: z.string() }),
        },
      },
    ],
    errors: "plain",
    fails: FAILURES.job,
  },
  video: {
    api: "chunks",
    summary: "A chunk's video.",
    ...ofChunk,
    answers: file("video/mp4"),
    errors: "plain",
    fails: FAILURES.lookUp,
  },
  audio: {
    api: "chunks",
    summary: "A chunk's sound.",
    ...ofChunk,
    answers: file("audio/wav"),
    errors: "plain",
    fails: FAILURES.lookUp,
  },
  stream: {
    api: "chunks",
    summary: "All chunks as one MP4: a stream while they are made, a file afterwards.",
    ...ofChunk,
    answers: file("video/mp4"),
    errors: "plain",
    fails: FAILURES.lookUp,
  },
  avatar: {
    api: "chunks",
    summary: "A picture of the avatar.",
    answers: [{ what: "The picture.", type: "image/jpeg" }],
    errors: "plain",
    fails: [404, 503],
  },
  cleanup: {
    api: "chunks",
    summary: "Deletes what has expired.",
    answers: [{ what: "How many files that were.", schema: z.object({ message: z.string() }) }],
    errors: "plain",
    fails: [507],
  },
} as const satisfies Record<string, RouteDescription>;
