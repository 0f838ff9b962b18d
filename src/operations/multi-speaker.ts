import { z } from "zod";
import type { SpeechEngine } from "../engines/speech/speech-engine.ts";
import { MAX_SPEAKERS, MAX_TURN_PAUSE_SECONDS } from "../limits/inputs.ts";
import { ClonedSpeech } from "../pipelines/cloned-speech.ts";
import { castVoices } from "../pipelines/dialogue-cast.ts";
import { parseDialogue, type Turn } from "../pipelines/dialogue-script.ts";
import { speakDialogue, type SpokenTurn } from "../pipelines/dialogue.ts";
import { findSpeaker, type Speaker, speechEngineFor } from "../pipelines/speaker.ts";
import { defineOperation, type OperationContext } from "./operation.ts";
import { answerSpeech, recordingParams, speechAnswer } from "./speech-answer.ts";
import {
  generationParams,
  samplingOf,
  SPEECH_SAMPLE_RATE,
  speechParams,
  textParam,
  warmUpUnlessSeeded,
  warnOfUnused,
} from "./speech-params.ts";

export const multiSpeaker = defineOperation({
  name: "multi_speaker",
  summary: "A dialogue in, its turns spoken by different voices out.",
  description: [
    "`[SPEAKER0]`, `[SPEAKER1]` … begin turns; a line without a tag belongs to the last speaker, and before the first tag to",
    "SPEAKER0. Tags are never read aloud. `reference_voices` and `languages` go by the speaker's number; voices that are",
    "missing are chosen, each unlike the others. `turns` says who spoke what, from when to when.",
  ].join("\n"),
  params: z.strictObject({
    text: textParam.describe("What to say, with tags; at most 20,000 code points."),
    reference_voices: z
      .array(z.string().max(200).nullable())
      .max(100)
      .nullish()
      .describe("Voices that `list_voices` names, SPEAKER0's first; null or missing ones are chosen."),
    languages: z
      .array(speechParams.language.nullable())
      .max(100)
      .nullish()
      .describe("ISO 639-1 codes, SPEAKER0's first; null or missing ones are found from the text."),
    pause_seconds: z.number().min(0).max(MAX_TURN_PAUSE_SECONDS).default(0.25).describe("Silence between the turns."),
    engine: z.string().default("auto").describe("A speech engine that `list_engines` names."),
    rate: speechParams.rate,
    pitch: speechParams.pitch,
    ...generationParams,
    ...recordingParams,
  }),
  result: z.strictObject({
    ...speechAnswer,
    turns: z.array(
      z.strictObject({
        speaker: z.int(),
        voice: z.string(),
        start: z.number().describe("Seconds."),
        end: z.number(),
        text: z.string(),
      }),
    ),
  }),
  limits: ["20,000 code points of text", `${MAX_SPEAKERS} speakers`],
  example: {
    text: "[SPEAKER0] 안녕하세요! 오늘 어떻게 지내세요?\n[SPEAKER1] 잘 지내고 있어요, 물어봐 주셔서 감사해요!",
    reference_voices: ["belinda", "chadwick"],
    scene_prompt: "카페에서의 친근한 대화.",
  },
  heavy: true,
  async run(params, context) {
    const began = performance.now();
    const named = (params.reference_voices ?? []).filter((name) => name !== null);
    const engine = await speechEngineFor(params.engine, named, context);
    warmUpUnlessSeeded(engine, params.seed);
    warnOfUnused(params, engine, (message) => context.warn(message));
    const turns = parseDialogue(params.text);
    const cast = await castOf(turns, params.reference_voices ?? [], engine, context);
    const languages = new Map<number, string>();
    for (const [speaker, language] of (params.languages ?? []).entries()) {
      if (language) languages.set(speaker, language);
    }
    const spoken: SpokenTurn[] = [];
    const { rate, pitch, seed } = params;
    const request = {
      turns,
      cast,
      languages,
      rate,
      pitch,
      pauseSeconds: params.pause_seconds,
      sampleRate: SPEECH_SAMPLE_RATE,
      words: params.timings || params.captions,
      sampling: samplingOf(params),
      ...(seed === undefined || seed === null ? {} : { seed }),
    };
    const answer = await answerSpeech(
      params,
      { engine: engine.info.id, speakers: [...cast.values()], began },
      (onProgress) => speakDialogue(request, context, (turn) => spoken.push(turn), onProgress),
      context,
    );
    return { ...answer, turns: spoken };
  },
});

/** A speaker who is adapted to is measured once, on all that they say, and not turn by turn. */
function inRole(who: Speaker, speaker: number, turns: readonly Turn[]): Speaker {
  if (!(who.engine instanceof ClonedSpeech)) return who;
  const said = turns.filter((turn) => turn.speaker === speaker).map(({ text }) => text);
  return { ...who, engine: who.engine.saying(said.join("\n")) };
}

/** Who plays each speaker: the voice that the caller named, or one that is unlike the others'. */
async function castOf(
  turns: readonly Turn[],
  names: readonly (string | null)[],
  engine: SpeechEngine,
  context: OperationContext,
): Promise<Map<number, Speaker>> {
  const cast = new Map<number, Speaker>();
  const open: number[] = [];
  for (const speaker of new Set(turns.map((turn) => turn.speaker))) {
    const name = names[speaker]?.trim() ?? "";
    if (name === "") open.push(speaker);
    else cast.set(speaker, inRole(await findSpeaker(name, engine, context, "not_found"), speaker, turns));
  }
  const idle = names
    .map((name, speaker) => ({ name, speaker }))
    .filter(({ name, speaker }) => name && !cast.has(speaker));
  if (idle.length > 0) {
    const list = idle.map(({ name, speaker }) => `${name} (SPEAKER${speaker})`).join(", ");
    context.warn(`No turn belongs to ${list}: \`reference_voices\` goes by the number in the tag.`);
  }
  const taken = [...cast.values()].map(({ info }) => info);
  const chosen = castVoices(open.length, taken, await engine.voices());
  for (const [index, speaker] of open.entries()) {
    const info = chosen[index];
    if (info) cast.set(speaker, { engine, voice: info.name, info });
  }
  return cast;
}
