import { z } from "zod";
import type { JobEvent } from "../events.ts";
import { chooseAvatar } from "../pipelines/avatar-choice.ts";
import { makeAvatarVideo } from "../pipelines/avatar-video.ts";
import { Channel } from "../pipelines/channel.ts";
import { prepareTurn, replyToTurn } from "../pipelines/interview.ts";
import { avatarVoice, findSpeaker, speechEngineFor } from "../pipelines/speaker.ts";
import { speakAsWritten } from "../pipelines/spoken-reply.ts";
import { outputFileName } from "../storage/file-name.ts";
import { StageClock } from "../telemetry.ts";
import { answerTurn, interviewAnswer, interviewParams, turnOf } from "./interview-params.ts";
import { MIME, QUALITY } from "./lipsync.ts";
import { avatarVideoParams } from "./avatar-params.ts";
import { defineOperation, type OperationContext } from "./operation.ts";
import { SPEECH_SAMPLE_RATE, speechParams } from "./speech-params.ts";

const seconds = z.number();

export const chatAndLipsync = defineOperation({
  name: "chat_and_lipsync",
  summary: "An interviewer's reply, said by an avatar.",
  description: [
    "As `chat`, and as `lipsync` of the reply. The avatar begins with the first sentence that is finished, while the rest",
    "is still being written.",
  ].join("\n"),
  params: z.strictObject({
    ...interviewParams,
    avatar: z.string().default("auto"),
    avatar_path: z.string().optional().describe("Looked up as an id by its base name, never opened as a path."),
    ...avatarVideoParams,
    ...speechParams,
    output_format: z.enum(["mp4", "webm"]).default("mp4"),
    persist: z.boolean().default(false).describe("Keep the files for good."),
  }),
  result: z.strictObject({
    success: z.literal(true),
    ...interviewAnswer,
    video_path: z.string().nullable(),
    video_url: z.string().nullable(),
    audio_url: z.string().nullable(),
    audio_duration: z.number().describe("Seconds."),
    elapsed: z.number().describe("Seconds of work."),
    elapsed_stages: z
      .strictObject({ llm: seconds, tts: seconds, lipsync: seconds, total: seconds })
      .describe("Seconds until the reply was written, from then until it was spoken, from then on, and together."),
    persistent: z.boolean(),
    avatar: z.string(),
    resolution: z.enum(["720p", "480p", "360p"]),
    frame_skip: z.number().int(),
    frames: z.number().int(),
    engine: z.string(),
    tts_engine: z.string(),
    tts_voice: z.string(),
    language: z.string().nullable(),
    output_format: z.enum(["mp4", "webm"]),
  }),
  limits: ["20,000 code points a message", "the last 100 messages of the history"],
  example: { message: "안녕하세요, 반갑습니다.", company_name: "삼성전자", job_name: "개발엔지니어링", quality: "low" },
  heavy: true,
  async run(params, context) {
    const began = performance.now();
    const since = (from: number): number => Math.round((performance.now() - from) / 10) / 100;
    const speech = await speechEngineFor(params.tts_engine, [params.tts_voice], context);
    speech.warmUp?.();
    const engine = await context.engines.choose("lipsync", params.engine);
    const choice = chooseAvatar(params.avatar_path ?? params.avatar, await engine.avatars());
    const resolution = choice.resolution ?? params.resolution ?? QUALITY[params.quality].resolution;
    const frameSkip = params.frame_skip ?? QUALITY[params.quality].frame_skip;
    const wanted = params.tts_voice === "Custom" ? await avatarVoice(choice.voice, speech, context) : params.tts_voice;
    const { engine: spokenBy, voice } = await findSpeaker(wanted, speech, context);
    const turn = turnOf(params);
    const prepared = await prepareTurn(turn, context);

    const failed = new AbortController();
    const signal = AbortSignal.any([context.signal, failed.signal]);
    // What is written and spoken ahead of the pictures runs on a clock of its own.
    const ahead: OperationContext = { ...context, signal, clock: new StageClock() };
    const tokens = new Channel<string>();
    context.emit({ type: "status", stage: "llm", message: "LLM 응답 생성 중..." });
    let written = { text: "", ms: 0 };
    const replying = replyToTurn(turn, prepared, ahead, (content) => {
      context.emit({ type: "token", content });
      tokens.push(content);
    })
      .then((reply) => {
        written = { text: reply.text, ms: performance.now() };
        const { response, llm_source } = answerTurn(reply, turn, prepared);
        const done = { message: "LLM 응답 완료", response, llm_source, elapsed: since(began) };
        context.emit({ type: "status", stage: "llm_done", ...done });
        context.emit({ type: "status", stage: "tts", message: "TTS 음성 생성 중..." });
        return reply;
      })
      .finally(() => tokens.end());
    // Awaited below, and by the speech at its end.
    replying.catch(() => {});
    async function* text(): AsyncGenerator<string, void> {
      yield* tokens;
      // A reply that breaks off is no speech.
      await replying;
    }
    const { language, rate, pitch } = params;
    const request = {
      voice,
      rate,
      pitch,
      sampleRate: SPEECH_SAMPLE_RATE,
      words: false,
      ...(language ? { language } : {}),
    };
    const format = params.output_format;
    let spokenMs = 0;
    const made = await makeAvatarVideo(
      {
        speech: {
          recording: speakAsWritten(spokenBy, request, text(), ahead),
          sampleRate: SPEECH_SAMPLE_RATE,
          seconds: () => 0,
        },
        engine,
        choice,
        resolution,
        frameSkip,
        format,
        deliverSpeech: (path, duration) => {
          spokenMs = performance.now();
          const filename = outputFileName(written.text, "wav");
          const output = { kind: "audio" as const, path, filename, folder: "audio", mime: "audio/wav", duration };
          return context.deliver(output, { persist: params.persist });
        },
      },
      { ...context, emit: (event) => retell(event, context, () => (spokenMs - written.ms) / 1000) },
    ).catch(async (error: unknown) => {
      failed.abort();
      // The reply's own failure says more than that of the speech, which waited for it.
      const reason = await replying.then(
        () => error,
        (failure: unknown) => (context.signal.aborted ? error : failure),
      );
      throw tokensFailed(reason, error);
    });
    const reply = await replying;
    const video = await context.clock.time("deliver", () =>
      context.deliver(
        {
          kind: "video",
          path: made.path,
          filename: outputFileName(reply.text, format),
          folder: "realtime",
          mime: MIME[format],
          duration: made.duration,
        },
        { persist: params.persist },
      ),
    );
    const total = since(began);
    const llm = Math.round((written.ms - began) / 10) / 100;
    const tts = Math.round((spokenMs - written.ms) / 10) / 100;
    return {
      success: true as const,
      ...answerTurn(reply, turn, prepared),
      video_path: video.url === undefined ? null : `results/${video.key}`,
      video_url: video.url ?? null,
      audio_url: made.audio.url ?? null,
      audio_duration: made.duration,
      elapsed: total,
      elapsed_stages: { llm, tts, lipsync: Math.max(0, Math.round((total - llm - tts) * 100) / 100), total },
      persistent: video.persistent,
      avatar: made.avatar,
      resolution,
      frame_skip: frameSkip,
      frames: made.frames,
      engine: engine.info.id,
      tts_engine: spokenBy.info.id,
      tts_voice: voice,
      language: made.language,
      output_format: format,
    };
  },
});

/**
 * What the video tells, in the order that the document has it: that it is being spoken is said when the reply is whole,
 * though the avatar began before.
 */
function retell(event: JobEvent, { emit }: OperationContext, elapsed: () => number): void {
  if (event.type !== "status") emit(event);
  else if (event.stage === "tts_done") {
    emit({ ...event, message: "TTS 완료", elapsed: Math.round(elapsed() * 100) / 100 });
  } else if (event.stage !== "tts") emit(event);
}

/** The failure that came first: the one of the reply, unless the reply was stopped because of the other. */
function tokensFailed(reply: unknown, video: unknown): unknown {
  return (reply as { code?: unknown } | undefined)?.code === "cancelled" ? video : reply;
}
