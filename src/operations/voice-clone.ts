import { z } from "zod";
import { AppError } from "../errors.ts";
import { profileOf, readReference } from "../pipelines/reference-voice.ts";
import { clonedSpeaker, findSpeaker, speechEngineFor } from "../pipelines/speaker.ts";
import { defineOperation } from "./operation.ts";
import { answerSpeaker, recordingParams, speechAnswer } from "./speech-answer.ts";
import { generationParams, speechParams, textParam, warmUpUnlessSeeded } from "./speech-params.ts";

/** What a voice is called that came as a recording. */
const GIVEN = { name: "reference_audio", description: "The recording of this request" };

export const voiceClone = defineOperation({
  name: "voice_clone",
  summary: "Text in, speech in the voice of a reference out.",
  description: [
    "The reference is a recording (`reference_audio`, 1 to 120 s; 5 to 30 s of clear speech are best), or the name of a",
    "voice that `list_voices` names (`reference_voice`); the recording wins. The embedded engine speaks in the voice of its",
    "own that is nearest, and the sound is adapted in pitch, size of the throat, colour and breath.",
  ].join("\n"),
  params: z.strictObject({
    text: textParam,
    reference_voice: z.string().max(200).nullish().describe("A stored voice, or one of the engine's."),
    reference_audio: z.string().nullish().describe("Base64 (a data URL will do) or a public http(s) URL."),
    engine: z.string().default("auto").describe("A speech engine that `list_engines` names."),
    ...speechParams,
    ...generationParams,
    ...recordingParams,
  }),
  result: z.strictObject({
    ...speechAnswer,
    voice: z.string().describe("The reference's name; `reference_audio` for a recording."),
  }),
  limits: ["20,000 code points of text", "1 to 120 s of reference", "500 MB by URL, 200 MB as base64"],
  example: { text: "이 음성을 복제하여 새로운 말을 하게 하고 싶습니다.", reference_voice: "belinda", temperature: 0.3 },
  heavy: true,
  async run(params, context) {
    const began = performance.now();
    const name = params.reference_voice?.trim() ?? "";
    const audio = params.reference_audio ?? "";
    if (name === "" && audio === "") {
      throw new AppError(
        "invalid_input",
        "Give `reference_voice`, a voice's name, or `reference_audio`, a recording.",
        {
          violations: [{ path: "params.reference_audio", message: "A reference is needed." }],
        },
      );
    }
    const engine = await speechEngineFor(params.engine, audio === "" ? [name] : [], context);
    warmUpUnlessSeeded(engine, params.seed);
    if (audio === "") {
      return answerSpeaker(params, await findSpeaker(name, engine, context, "not_found"), began, context);
    }
    if (name !== "") context.warn("`reference_audio` was used; `reference_voice` was not.");
    const profile = await profileOf(await readReference(audio, context), context);
    return answerSpeaker(params, await clonedSpeaker({ ...GIVEN, profile }, engine, context), began, context);
  },
});
