import { z } from "zod";
import { speechFile } from "../pipelines/speech.ts";
import { outputFileName } from "../storage/file-name.ts";
import { round1 } from "../telemetry.ts";
import { defineOperation } from "./operation.ts";
import { SPEECH_SAMPLE_RATE, speechParams, textParam } from "./speech-params.ts";

const span = z.strictObject({ text: z.string(), start: z.number(), end: z.number() });

export const tts = defineOperation({
  name: "tts",
  summary: "Text in, speech out.",
  description: "The answer says which engine and voice spoke. `timings` adds the words with their times in seconds.",
  params: z.strictObject({
    text: textParam,
    engine: z.string().default("auto").describe("A speech engine that `list_engines` names."),
    voice: z.string().default("Custom").describe("A voice that `list_voices` names; `Custom` is the engine's default."),
    ...speechParams,
    output_format: z.enum(["wav", "mp3"]).default("wav"),
    timings: z.boolean().default(false),
    persist: z.boolean().default(false).describe("Keep the file for good."),
  }),
  result: z.strictObject({
    success: z.literal(true),
    audio_path: z.string().nullable(),
    audio_url: z.string().nullable(),
    duration: z.number().describe("Seconds of sound."),
    elapsed: z.number().describe("Seconds of work."),
    engine: z.string(),
    voice: z.string(),
    language: z.string(),
    persistent: z.boolean(),
    words: z.array(span).optional(),
  }),
  limits: ["20,000 code points of text"],
  example: { text: "안녕하세요, 반갑습니다.", voice: "belinda" },
  heavy: true,
  async run(params, context) {
    const began = performance.now();
    const { text, language, rate, pitch } = params;
    const engine = await context.engines.choose("speech", params.engine);
    engine.warmUp?.();
    const voice = params.voice === "Custom" ? engine.defaultVoice : params.voice;
    const request = {
      text,
      voice,
      rate,
      pitch,
      sampleRate: SPEECH_SAMPLE_RATE,
      words: params.timings,
      ...(language ? { language } : {}),
    };
    context.emit({ type: "status", stage: "tts", message: "TTS 음성 생성 중..." });
    const speech = await speechFile(engine, request, params.output_format, context);
    const file = await context.clock.time("deliver", () =>
      context.deliver(
        {
          kind: "audio",
          path: speech.path,
          filename: outputFileName(text, params.output_format),
          folder: "audio",
          mime: params.output_format === "wav" ? "audio/wav" : "audio/mpeg",
          duration: speech.duration,
        },
        { persist: params.persist },
      ),
    );
    return {
      success: true as const,
      audio_path: file.url === undefined ? null : `results/${file.key}`,
      audio_url: file.url ?? null,
      duration: speech.duration,
      elapsed: round1(performance.now() - began) / 1000,
      engine: engine.info.id,
      voice,
      language: speech.language,
      persistent: file.persistent,
      ...(params.timings ? { words: [...speech.words] } : {}),
    };
  },
});
