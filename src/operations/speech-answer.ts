import { z } from "zod";
import { lanesOf } from "../engines/engine.ts";
import type { SpeechPart } from "../engines/speech/speech-engine.ts";
import { heardLive } from "../pipelines/live-speech.ts";
import { withoutTags } from "../pipelines/dialogue-script.ts";
import { chooseScene, inScene } from "../pipelines/scene.ts";
import type { Speaker } from "../pipelines/speaker.ts";
import { speak, speechFile, speechProgress } from "../pipelines/speech.ts";
import { outputFileName } from "../storage/file-name.ts";
import { captionsAnswer, captionsParam, deliverCaptions } from "./captions-answer.ts";
import type { OperationContext } from "./operation.ts";
import {
  type generationParams,
  samplingOf,
  SPEECH_SAMPLE_RATE,
  timedWord,
  usage,
  usageOf,
  warnOfUnused,
} from "./speech-params.ts";

/** What every operation that speaks into a file answers. */
export const speechAnswer = {
  success: z.literal(true),
  audio_path: z.string().nullable(),
  audio_url: z.string().nullable(),
  duration: z.number().describe("Seconds of sound."),
  sample_rate: z.int().describe("Hz."),
  elapsed: z.number().describe("Seconds of work."),
  engine: z.string(),
  language: z.string(),
  persistent: z.boolean(),
  seed: z.int().nullable(),
  usage,
  words: z.array(timedWord).optional(),
  captions: captionsAnswer.nullable(),
};

/** Params that say what becomes of speech once it is spoken. */
export const recordingParams = {
  output_format: z.enum(["wav", "mp3"]).default("wav"),
  timings: z.boolean().default(false).describe("Adds the words with their times in seconds."),
  captions: captionsParam,
  persist: z.boolean().default(false).describe("Keep the file for good."),
  live: z
    .boolean()
    .default(false)
    .describe("Where the job is run by `talkbox serve`: its routes can send the sound while it is spoken."),
};

/** The params that `answerSpeech` looks at. */
type Spoken = z.output<z.ZodObject<typeof generationParams & typeof recordingParams & { text: z.ZodString }>>;

/**
 * Records speech in the scene that was asked for, delivers the file, and answers the fields of `speechAnswer`.
 * @param began `performance.now()` when the work began
 * @param speech makes the parts; it is told whom to tell how far it is
 */
export async function answerSpeech(
  params: Spoken,
  {
    engine,
    speakers,
    began,
  }: { readonly engine: string; readonly speakers: readonly Speaker[]; readonly began: number },
  speech: (onProgress: (share: number) => void) => AsyncIterable<SpeechPart>,
  context: OperationContext,
) {
  const { text, output_format: format, persist, timings } = params;
  const scene = chooseScene(params.scene_prompt, (message) => context.warn(message));
  context.emit({ type: "status", stage: "tts", message: "TTS 음성 생성 중..." });
  const spoken = inScene(speech(speechProgress(context)), scene, SPEECH_SAMPLE_RATE);
  const parts = params.live ? heardLive(spoken, context, (name) => announce(name, engine, speakers, context)) : spoken;
  const made = await speechFile(
    parts,
    format,
    SPEECH_SAMPLE_RATE,
    lanesOf(...speakers.map(({ engine: own }) => own)),
    context,
  );
  const place = { filename: outputFileName(withoutTags(text), format), folder: "audio" };
  const file = await context.clock.time("deliver", () =>
    context.deliver(
      {
        ...place,
        kind: "audio",
        path: made.path,
        mime: format === "wav" ? "audio/wav" : "audio/mpeg",
        duration: made.duration,
      },
      { persist },
    ),
  );
  return {
    success: true as const,
    audio_path: file.url === undefined ? null : `results/${file.key}`,
    audio_url: file.url ?? null,
    duration: made.duration,
    sample_rate: SPEECH_SAMPLE_RATE,
    elapsed: Math.round(performance.now() - began) / 1000,
    engine,
    language: made.language,
    persistent: file.persistent,
    seed: params.seed ?? null,
    usage: usageOf(text, made.duration),
    ...(timings ? { words: [...made.words] } : {}),
    captions: params.captions ? await deliverCaptions(made.captions, place, context, { persist }) : null,
  };
}

/** Tells where speech can be heard while it is spoken, and who speaks. */
function announce(stream: string, engine: string, speakers: readonly Speaker[], { emit }: OperationContext): void {
  const voices = speakers.map(({ voice }) => voice);
  emit({ type: "status", stage: "stream", message: "stream", stream_id: stream, engine, voices });
}

/** Speaks a text by one speaker into a file. */
export async function answerSpeaker(
  params: Spoken & { readonly rate: number; readonly pitch: number; readonly language?: string | undefined },
  speaker: Speaker,
  began: number,
  context: OperationContext,
) {
  const { text, language, rate, pitch, seed, timings } = params;
  const { engine, voice } = speaker;
  warnOfUnused(params, engine, (message) => context.warn(message));
  const request = {
    text,
    voice,
    rate,
    pitch,
    sampleRate: SPEECH_SAMPLE_RATE,
    words: timings || params.captions,
    sampling: samplingOf(params),
    ...(language ? { language } : {}),
    ...(seed === undefined || seed === null ? {} : { seed }),
  };
  const answer = await answerSpeech(
    params,
    { engine: engine.info.id, speakers: [speaker], began },
    (onProgress) => speak(engine, request, context, onProgress),
    context,
  );
  return { ...answer, voice };
}
