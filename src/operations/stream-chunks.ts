import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import { lanesOf } from "../engines/engine.ts";
import { frameSize } from "../engines/lipsync/lipsync-engine.ts";
import { AppError, toAppError } from "../errors.ts";
import { MAX_TEXT_CODE_POINTS } from "../limits/inputs.ts";
import { CHUNK_TTL_SECONDS } from "../limits/speech.ts";
import { chooseAvatar } from "../pipelines/avatar-choice.ts";
import { BurnCaptions } from "../pipelines/captions-burn.ts";
import type { CaptionWord } from "../pipelines/captions.ts";
import { CHUNK_WORDS, cutChunks } from "../pipelines/chunks/cut-chunks.ts";
import { type MadeChunk, streamChunks } from "../pipelines/chunks/stream-chunks.ts";
import { findSpeaker } from "../pipelines/speaker.ts";
import { round1 } from "../telemetry.ts";
import { burnCaptionsParam, captionsAnswer, captionsParam, deliverCaptions } from "./captions-answer.ts";
import { defineOperation, type OperationContext } from "./operation.ts";
import { pictureParams, surroundings } from "./picture-params.ts";
import {
  seedParam,
  SPEECH_SAMPLE_RATE,
  speechParams,
  textParam,
  timedWord,
  warmUpUnlessSeeded,
} from "./speech-params.ts";

/** One chunk, as its event and the result have it. */
const chunkFields = {
  index: z.int(),
  id: z.string().describe("Names the chunk's files: `chunks/chunk_video_{id}.mp4`, `chunks/chunk_audio_{id}.wav`."),
  text: z.string(),
  video_url: z.string().nullable(),
  audio_url: z.string().nullable().describe("WAV, 16 kHz, one channel."),
  duration: z.number().describe("Seconds."),
  start: z.number().describe("Where the chunk begins in the whole, seconds."),
  words: z.array(timedWord).describe("From the start of the chunk; empty where the engine knows no times."),
};

export const streamChunksOperation = defineOperation({
  name: "stream_chunks",
  summary: "A text in, a talking avatar out in chunks, each as soon as it is ready.",
  description: [
    "The text is cut into chunks of at most `chunk_size` words, which end where sentences do wherever that is possible.",
    "Chunks are made several at once and told in order, as `chunk` events. All of them together are one MP4 as well,",
    "`stream`, which `talkbox serve` hands out from its first second on while the rest is made; a `stream` status event",
    "carries its `stream_id` first of all, and its `stream_type` as soon as that is known.",
  ].join("\n"),
  params: z.strictObject({
    text: textParam,
    chunk_size: z
      .int()
      .min(CHUNK_WORDS.min)
      .max(CHUNK_WORDS.max)
      .default(CHUNK_WORDS.default)
      .describe("Most words in a chunk."),
    avatar: z.string().default("auto"),
    resolution: z.enum(["720p", "480p", "360p"]).default("480p"),
    frame_skip: z.union([z.literal(1), z.literal(2), z.literal(3)]).default(1),
    engine: z.string().default("auto").describe("A lip-sync engine that `list_engines` names."),
    tts_engine: z.string().default("auto"),
    tts_voice: z.string().default("Custom"),
    ...speechParams,
    seed: seedParam,
    ...pictureParams,
    captions: captionsParam,
    burn_captions: burnCaptionsParam,
  }),
  result: z.strictObject({
    success: z.literal(true),
    chunks: z.array(z.strictObject(chunkFields)),
    stream_id: z.string(),
    stream_url: z.string().nullable(),
    stream_type: z.string().describe("What a browser's MediaSource is told of the stream."),
    duration: z.number().describe("Seconds of the whole."),
    captions: captionsAnswer.nullable(),
    avatar: z.string(),
    resolution: z.enum(["720p", "480p", "360p"]),
    engine: z.string(),
    tts_engine: z.string(),
    tts_voice: z.string(),
    language: z.string().nullable(),
    elapsed: z.number().describe("Seconds of work."),
  }),
  limits: ["20,000 code points of text", "5 to 30 words in a chunk", "30 s for the speech of one chunk"],
  example: { text: "Привет! Это первый кусок видео. А это уже второй, он готовится сразу за первым.", chunk_size: 7 },
  heavy: true,
  async run(params, context) {
    const began = performance.now();
    // Each chunk by itself is short enough for any engine.
    if (params.text.length > MAX_TEXT_CODE_POINTS && Array.from(params.text).length > MAX_TEXT_CODE_POINTS) {
      throw new AppError("input_too_large", `The text has more than the ${MAX_TEXT_CODE_POINTS} characters allowed.`);
    }
    const texts = cutChunks(params.text, params.chunk_size);
    if (texts.length === 0) {
      throw new AppError("invalid_input", "The text is empty. Send something to say.", {
        violations: [{ path: "params.text", message: "Must not be empty." }],
      });
    }
    const tts = await context.engines.choose("speech", params.tts_engine);
    warmUpUnlessSeeded(tts, params.seed);
    const engine = await context.engines.choose("lipsync", params.engine);
    const choice = chooseAvatar(params.avatar, await engine.avatars());
    const resolution = choice.resolution ?? params.resolution;
    const around = await surroundings(params, engine, context);
    const wanted = params.tts_voice === "Custom" ? (choice.voice ?? tts.defaultVoice) : params.tts_voice;
    const speaker = await findSpeaker(wanted, tts, context);
    const avatar = `${choice.person}_${choice.loop ?? "long"}`;
    context.used({ kind: "lipsync", engine: engine.info.id, model: avatar });

    const { language, rate, pitch, seed, captions, burn_captions: burns } = params;
    const streamId = randomBytes(8).toString("hex");
    const path = join(await context.tempDir(), "stream.mp4");
    const live = await context.streams.open(streamId, path);
    const announce = (type: string | null): void =>
      context.emit({ type: "status", stage: "stream", message: "stream", stream_id: streamId, stream_type: type });
    announce(null);
    let streamType = "";
    const [width, height] = frameSize(resolution, around.aspect);
    const words: CaptionWord[] = [];
    const told: ToldChunk[] = [];
    const made = streamChunks(
      {
        texts,
        speech: {
          engine: speaker.engine,
          request: {
            voice: speaker.voice,
            rate,
            pitch,
            sampleRate: SPEECH_SAMPLE_RATE,
            words: captions || burns,
            ...(language ? { language } : {}),
            ...(seed === undefined || seed === null ? {} : { seed }),
          },
        },
        engine,
        look: { avatar, resolution, frameSkip: params.frame_skip, ...around },
        live,
        onType: (type) => announce((streamType = type)),
        burn: burns ? new BurnCaptions(width, height, (message) => context.warn(message)) : undefined,
      },
      context,
    );
    let spoken: string | null = null;
    let start = 0;
    const tell = async (): Promise<void> => {
      // Delivered beside the work: the stream does not wait for an upload.
      let delivered: Promise<void> = Promise.resolve();
      try {
        for await (const chunk of made) {
          const from = start;
          start += chunk.duration;
          spoken ??= chunk.language;
          for (const word of chunk.words)
            words.push({ text: word.text, start: word.start + from, end: word.end + from });
          delivered = delivered.then(async () => {
            const fields = await deliverChunk(chunk, from, streamId, context);
            context.emit({ type: "chunk", ...fields });
            const share = (chunk.index + 1) / texts.length;
            context.emit({ type: "progress", progress: 0.98 * share, stage: "lipsync", stage_progress: share });
            told.push(fields);
          });
          // Awaited at the end; until then a failure must not count as unhandled.
          delivered.catch(() => undefined);
        }
      } catch (error) {
        // Chunks that were made before are the caller's, whatever became of the next.
        await delivered.catch(() => undefined);
        throw error;
      }
      await delivered;
    };
    try {
      await context.lanes.hold([...lanesOf(speaker.engine, engine), "encode"], tell);
    } catch (error) {
      await live.end(toAppError(error));
      throw error;
    }
    await live.end();
    const place = { filename: `avatar_${streamId}.mp4`, folder: "chunks", keyName: `stream_${streamId}.mp4` };
    const ttl = { ttlSeconds: CHUNK_TTL_SECONDS };
    const stream = await context.deliver({ ...place, kind: "video", path, mime: "video/mp4", duration: start }, ttl);
    return {
      success: true as const,
      chunks: told,
      stream_id: streamId,
      stream_url: stream.url ?? null,
      stream_type: streamType,
      duration: milliseconds(start),
      captions: captions ? await deliverCaptions(words, place, context, ttl) : null,
      avatar,
      resolution,
      engine: engine.info.id,
      tts_engine: speaker.engine.info.id,
      tts_voice: speaker.voice,
      language: spoken,
      elapsed: round1(performance.now() - began) / 1000,
    };
  },
});

type ToldChunk = z.infer<z.ZodObject<typeof chunkFields>>;

async function deliverChunk(
  chunk: MadeChunk,
  start: number,
  streamId: string,
  context: OperationContext,
): Promise<ToldChunk> {
  const { index, text, duration } = chunk;
  const id = `${streamId}_${index}`;
  const send = (kind: "video" | "audio", path: string, extension: string, mime: string) =>
    context.deliver(
      { kind, path, filename: `chunk_${kind}_${id}.${extension}`, folder: "chunks", mime, duration },
      { ttlSeconds: CHUNK_TTL_SECONDS },
    );
  const video = await send("video", chunk.video, "mp4", "video/mp4");
  const audio = await send("audio", chunk.audio, "wav", "audio/wav");
  return {
    index,
    id,
    text,
    video_url: video.url ?? null,
    audio_url: audio.url ?? null,
    duration: milliseconds(duration),
    start: milliseconds(start),
    words: chunk.words.map((word) => ({
      text: word.text.trim(),
      start: milliseconds(word.start),
      end: milliseconds(word.end),
    })),
  };
}

function milliseconds(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
