import { z } from "zod";
import { findSpeaker, speechEngineFor } from "../pipelines/speaker.ts";
import { defineOperation } from "./operation.ts";
import { answerSpeaker, recordingParams, speechAnswer } from "./speech-answer.ts";
import { generationParams, speechParams, textParam, warmUpUnlessSeeded } from "./speech-params.ts";

export const tts = defineOperation({
  name: "tts",
  summary: "Text in, speech out.",
  description: [
    "The answer says which engine and voice spoke. `timings` adds the words with their times in seconds. A stored voice",
    "(`upload_voice`) speaks like any other: the engine's speech is adapted to it.",
  ].join("\n"),
  params: z.strictObject({
    text: textParam,
    engine: z.string().default("auto").describe("A speech engine that `list_engines` names."),
    voice: z.string().default("Custom").describe("A voice that `list_voices` names; `Custom` is the engine's default."),
    ...speechParams,
    ...generationParams,
    ...recordingParams,
  }),
  result: z.strictObject({ ...speechAnswer, voice: z.string() }),
  limits: ["20,000 code points of text"],
  example: { text: "안녕하세요, 반갑습니다.", voice: "belinda" },
  heavy: true,
  async run(params, context) {
    const began = performance.now();
    const engine = await speechEngineFor(params.engine, [params.voice], context);
    warmUpUnlessSeeded(engine, params.seed);
    return answerSpeaker(params, await findSpeaker(params.voice, engine, context), began, context);
  },
});
