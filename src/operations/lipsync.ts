import { z } from "zod";
import { ASPECTS, frameSize, type LipsyncEngine } from "../engines/lipsync/lipsync-engine.ts";
import { AppError } from "../errors.ts";
import type { Box } from "../library/face-marks.ts";
import { adoptAvatar, adopts, adoptingEngine } from "../pipelines/adopt-avatar.ts";
import { type AvatarChoice, chooseAvatar } from "../pipelines/avatar-choice.ts";
import { makeAvatarVideo } from "../pipelines/avatar-video.ts";
import { BurnCaptions } from "../pipelines/captions-burn.ts";
import { avatarVoice, findSpeaker, speechEngineFor } from "../pipelines/speaker.ts";
import { speechFromAudio } from "../pipelines/speech-from-audio.ts";
import { outputFileName } from "../storage/file-name.ts";
import { round1 } from "../telemetry.ts";
import { avatarVideoParams, boxesOf, boxParams } from "./avatar-params.ts";
import { burnCaptionsParam, captionsAnswer, captionsParam, deliverCaptions, NO_WORDS } from "./captions-answer.ts";
import { resizeFactorParam } from "./face-params.ts";
import { defineOperation, type OperationContext } from "./operation.ts";
import { pictureParams, surroundings } from "./picture-params.ts";
import { seedParam, SPEECH_SAMPLE_RATE, speechParams, textParam, warmUpUnlessSeeded } from "./speech-params.ts";

/** What the documents' presets stand for. */
export const QUALITY = {
  high: { resolution: "720p", frame_skip: 1 },
  medium: { resolution: "480p", frame_skip: 2 },
  low: { resolution: "360p", frame_skip: 3 },
} as const;

export const MIME = { mp4: "video/mp4", webm: "video/webm" } as const;

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
    avatar_image: z.string().min(1).optional().describe("A photo to animate in place of `avatar`: base64 or a URL."),
    avatar_video: z
      .string()
      .min(1)
      .optional()
      .describe("A short video to animate in place of `avatar`: base64 or a URL."),
    ...boxParams,
    resize_factor: resizeFactorParam,
    avatar_motion: z
      .enum(["natural", "none"])
      .default("natural")
      .describe("Whether a photographed head sways and blinks, or nothing but the mouth moves."),
    ...avatarVideoParams,
    ...speechParams,
    seed: seedParam,
    output_format: z.enum(["mp4", "webm"]).default("mp4"),
    ...pictureParams,
    captions: captionsParam,
    burn_captions: burnCaptionsParam,
    persist: z.boolean().default(false).describe("Keep the files for good."),
  }),
  result: z.strictObject({
    success: z.literal(true),
    video_path: z.string().nullable(),
    video_url: z.string().nullable(),
    audio_url: z.string().nullable(),
    audio_duration: z.number().describe("Seconds."),
    elapsed: z.number().describe("Seconds of work."),
    elapsed_stages: z
      .strictObject({ tts: z.number(), lipsync: z.number(), total: z.number() })
      .describe("Seconds until the speech was there as a whole, from then until the video was, and together."),
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
    aspect: z.enum(ASPECTS),
    captions: captionsAnswer.nullable(),
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
    const speech = text === undefined ? null : await speechEngineFor(params.tts_engine, [params.tts_voice], context);
    if (speech) warmUpUnlessSeeded(speech, params.seed);
    const brought = params.avatar_image ?? params.avatar_video;
    const engine =
      brought !== undefined && params.engine === "auto"
        ? await adoptingEngine(context)
        : await context.engines.choose("lipsync", params.engine);
    const lively = params.avatar_motion === "natural";
    const choice = { ...(await settleAvatar(params, engine, context)), lively };
    const resolution = choice.resolution ?? params.resolution ?? QUALITY[params.quality].resolution;
    const frameSkip = params.frame_skip ?? QUALITY[params.quality].frame_skip;

    let speaker = null;
    if (speech && text !== undefined) {
      const { language, rate, pitch, seed } = params;
      const wanted =
        params.tts_voice === "Custom" ? await avatarVoice(choice.voice, speech, context) : params.tts_voice;
      const { engine: spokenBy, voice } = await findSpeaker(wanted, speech, context);
      speaker = {
        engine: spokenBy,
        request: {
          text,
          voice,
          rate,
          pitch,
          sampleRate: SPEECH_SAMPLE_RATE,
          words: params.captions || params.burn_captions,
          ...(language ? { language } : {}),
          ...(seed === undefined || seed === null ? {} : { seed }),
        },
      };
    }
    const around = await surroundings(params, engine, context);
    const [width, height] = frameSize(resolution, params.aspect);
    const burn = params.burn_captions ? new BurnCaptions(width, height, (message) => context.warn(message)) : undefined;
    const made = await makeAvatarVideo(
      {
        speech: speaker ?? speechFromAudio(audio ?? "", context),
        engine,
        choice,
        resolution,
        frameSkip,
        format: params.output_format,
        around,
        burn,
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
    const place = { filename: outputFileName(text ?? "audio", params.output_format), folder: "realtime" };
    const video = await context.clock.time("deliver", () =>
      context.deliver(
        {
          ...place,
          kind: "video",
          path: made.path,
          mime: MIME[params.output_format],
          duration: made.duration,
        },
        { persist: params.persist },
      ),
    );
    const elapsed = round1(performance.now() - began) / 1000;
    const wantsWords = params.captions || params.burn_captions;
    if (wantsWords && made.captions.length === 0) context.warn(NO_WORDS);
    const { persist } = params;
    return {
      success: true as const,
      video_path: video.url === undefined ? null : `results/${video.key}`,
      video_url: video.url ?? null,
      audio_url: made.audio.url ?? null,
      audio_duration: made.duration,
      elapsed,
      elapsed_stages: {
        tts: hundredths(made.speechElapsed),
        lipsync: hundredths(elapsed - hundredths(made.speechElapsed)),
        total: hundredths(elapsed),
      },
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
      aspect: params.aspect,
      captions: params.captions ? await deliverCaptions(made.captions, place, context, { persist }) : null,
    };
  },
});

function hundredths(seconds: number): number {
  return Math.round(seconds * 100) / 100;
}

type AvatarParams = {
  readonly avatar: string;
  readonly avatar_path?: string | undefined;
  readonly avatar_image?: string | undefined;
  readonly avatar_video?: string | undefined;
  readonly face_box?: Box | undefined;
  readonly mouth_box?: Box | undefined;
  readonly engine: string;
  readonly resize_factor?: number | undefined;
};

/** Whom a job shows: somebody that the engine knows, or the photo or video that it brings. */
async function settleAvatar(
  params: AvatarParams,
  engine: LipsyncEngine,
  context: OperationContext,
): Promise<AvatarChoice> {
  const { avatar_image: image, avatar_video: video } = params;
  const source = image ?? video;
  const named = params.avatar_path ?? (params.avatar === "auto" ? undefined : params.avatar);
  const boxes = boxesOf(params);
  const faults = [
    ...(image !== undefined && video !== undefined ? ["avatar_video: Give a photo or a video, not both."] : []),
    ...(source !== undefined && named !== undefined ? ["avatar: Leave it out where a photo or a video is given."] : []),
    ...(source === undefined && boxes.face ? ["face_box: It belongs to avatar_image or avatar_video."] : []),
    ...(source === undefined && boxes.mouth ? ["mouth_box: It belongs to avatar_image or avatar_video."] : []),
  ];
  if (faults.length > 0) {
    const violations = faults.map((fault) => {
      const [name = "", message = ""] = fault.split(/: (.*)/);
      return { path: `params.${name}`, message };
    });
    throw new AppError("invalid_input", `The avatar is not clear. ${faults.join(" ")}`, { violations });
  }
  if (source === undefined) return chooseAvatar(named ?? "auto", await engine.avatars());
  if (!adopts(engine)) {
    throw new AppError(
      "invalid_input",
      `The engine "${params.engine}" cannot animate a photo or a video that a job brings.`,
    );
  }
  const kind = image === undefined ? "video" : "photo";
  const { folder } = await adoptAvatar(
    { kind, source, ...boxes, resizeFactor: params.resize_factor ?? 1 },
    engine,
    context,
  );
  return { person: kind, loop: undefined, resolution: undefined, voice: undefined, likeness: folder };
}
