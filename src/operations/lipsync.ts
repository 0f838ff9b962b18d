import { z } from "zod";
import { AppError } from "../errors.ts";
import { chooseAvatar } from "../pipelines/avatar-choice.ts";
import { makeAvatarVideo } from "../pipelines/avatar-video.ts";
import { speechFromAudio } from "../pipelines/speech-from-audio.ts";
import { outputFileName } from "../storage/file-name.ts";
import { round1 } from "../telemetry.ts";
import { defineOperation } from "./operation.ts";
import { SPEECH_SAMPLE_RATE, speechParams, textParam } from "./speech-params.ts";

/** What the documents' presets stand for. */
const QUALITY = {
  high: { resolution: "720p", frame_skip: 1 },
  medium: { resolution: "480p", frame_skip: 2 },
  low: { resolution: "360p", frame_skip: 3 },
} as const;

const MIME = { mp4: "video/mp4", webm: "video/webm" } as const;

export const lipsync = defineOperation({
  name: "lipsync",
  summary: "Text or sound in, a video of a talking avatar out.",
  description: [
    "Speech is made from `text`, or `audio` is used as it is. The answer names the engines that did the work.",
    "`quality` stands for a resolution and a frame skip (high: 720p/1, medium: 480p/2, low: 360p/3); a value that is",
    "given explicitly wins. `avatar` is a base name (`talk_short`) or an id with its size (`talk_short_720p`, whose size",
    "wins); `auto` takes the short loop for sound up to 5 s and the long one above.",
  ].join("\n"),
  params: z.strictObject({
    text: textParam.optional(),
    audio: z
      .string()
      .min(1)
      .optional()
      .describe("Base64 (a data URL will do) or a public http(s) URL, in place of `text`."),
    avatar: z.string().default("auto"),
    avatar_path: z.string().optional().describe("Looked up as an id by its base name, never opened as a path."),
    quality: z.enum(["high", "medium", "low"]).default("high"),
    resolution: z.enum(["720p", "480p", "360p"]).optional(),
    frame_skip: z
      .union([z.literal(1), z.literal(2), z.literal(3)])
      .optional()
      .describe("Mouth shapes for every Nth frame."),
    engine: z.string().default("auto").describe("A lip-sync engine that `list_engines` names."),
    tts_engine: z.string().default("auto"),
    tts_voice: z.string().default("Custom").describe("`Custom` is the voice that belongs to the avatar."),
    ...speechParams,
    output_format: z.enum(["mp4", "webm"]).default("mp4"),
    persist: z.boolean().default(false).describe("Keep the files for good."),
  }),
  result: z.strictObject({
    success: z.literal(true),
    video_path: z.string().nullable(),
    video_url: z.string().nullable(),
    audio_url: z.string().nullable(),
    audio_duration: z.number().describe("Seconds."),
    elapsed: z.number().describe("Seconds of work."),
    persistent: z.boolean(),
    avatar: z.string(),
    resolution: z.enum(["720p", "480p", "360p"]),
    frame_skip: z.number().int(),
    frames: z.number().int(),
    engine: z.string(),
    tts_engine: z.string().nullable(),
    tts_voice: z.string().nullable(),
    language: z.string().nullable(),
    output_format: z.enum(["mp4", "webm"]),
  }),
  limits: ["20,000 code points of text", "`TALKBOX_MAX_AUDIO_SECONDS` of audio", "500 MB by URL, 200 MB as base64"],
  example: { text: "안녕하세요, 면접에 오신 것을 환영합니다.", avatar: "auto", quality: "high" },
  heavy: true,
  async run(params, context) {
    const began = performance.now();
    const { text, audio } = params;
    if ((text === undefined) === (audio === undefined)) {
      throw new AppError("invalid_input", "Give either `text` to be spoken or `audio` to be used as it is, not both.", {
        violations: [{ path: "params.text", message: "Exactly one of text and audio is needed." }],
      });
    }
    const speech = text === undefined ? null : await context.engines.choose("speech", params.tts_engine);
    speech?.warmUp?.();
    const engine = await context.engines.choose("lipsync", params.engine);
    const choice = chooseAvatar(params.avatar_path ?? params.avatar, await engine.avatars());
    const resolution = choice.resolution ?? params.resolution ?? QUALITY[params.quality].resolution;
    const frameSkip = params.frame_skip ?? QUALITY[params.quality].frame_skip;

    let speaker = null;
    if (speech && text !== undefined) {
      const { language, rate, pitch } = params;
      const voice = params.tts_voice === "Custom" ? (choice.voice ?? speech.defaultVoice) : params.tts_voice;
      speaker = {
        engine: speech,
        request: {
          text,
          voice,
          rate,
          pitch,
          sampleRate: SPEECH_SAMPLE_RATE,
          words: false,
          ...(language ? { language } : {}),
        },
      };
    }
    const made = await makeAvatarVideo(
      {
        speech: speaker ?? speechFromAudio(audio ?? "", context),
        engine,
        choice,
        resolution,
        frameSkip,
        format: params.output_format,
        deliverSpeech: (path, duration) =>
          context.deliver(
            {
              kind: "audio",
              path,
              filename: outputFileName(text ?? "audio", "wav"),
              folder: "audio",
              mime: "audio/wav",
              duration,
            },
            { persist: params.persist },
          ),
      },
      context,
    );
    const video = await context.clock.time("deliver", () =>
      context.deliver(
        {
          kind: "video",
          path: made.path,
          filename: outputFileName(text ?? "audio", params.output_format),
          folder: "realtime",
          mime: MIME[params.output_format],
          duration: made.duration,
        },
        { persist: params.persist },
      ),
    );
    return {
      success: true as const,
      video_path: video.url === undefined ? null : `results/${video.key}`,
      video_url: video.url ?? null,
      audio_url: made.audio.url ?? null,
      audio_duration: made.duration,
      elapsed: round1(performance.now() - began) / 1000,
      persistent: video.persistent,
      avatar: made.avatar,
      resolution,
      frame_skip: frameSkip,
      frames: made.frames,
      engine: engine.info.id,
      tts_engine: speaker?.engine.info.id ?? null,
      tts_voice: speaker?.request.voice ?? null,
      language: made.language,
      output_format: params.output_format,
    };
  },
});
