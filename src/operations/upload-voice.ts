import { z } from "zod";
import { AppError } from "../errors.ts";
import { REFERENCE_SECONDS } from "../limits/inputs.ts";
import { voiceName } from "../library/stored-voices.ts";
import { newVoice, readReference } from "../pipelines/reference-voice.ts";
import { shippedVoices, storedVoices } from "../pipelines/speaker.ts";
import { defineOperation } from "./operation.ts";

const { min, max } = REFERENCE_SECONDS;

export const uploadVoice = defineOperation({
  name: "upload_voice",
  summary: "Keeps a recording as a reference voice, to speak with and to convert to.",
  description: [
    `The recording is ${min} to ${max} s of one person's speech; 5 to 30 s without music or noise are best. The voice is then`,
    "known by its name to `tts`, `lipsync`, `voice_clone`, `multi_speaker` and `convert_voice`. Voices that ship cannot be",
    "replaced.",
  ].join("\n"),
  params: z.strictObject({
    audio: z.string().min(1).describe("Base64 (a data URL will do) or a public http(s) URL."),
    name: z.string().max(200).nullish().describe("Letters of any script; taken from the URL's file when absent."),
    description: z.string().max(500).nullish(),
    overwrite: z.boolean().default(false).describe("Replace a stored voice of this name."),
  }),
  result: z.strictObject({
    success: z.literal(true),
    name: z.string(),
    description: z.string(),
    duration: z.number().describe("Seconds of the recording."),
    sample_rate: z.int().describe("Hz at which it is kept."),
    sha256: z.string().describe("Of the kept recording."),
    created: z.string().describe("ISO 8601, UTC."),
    pitch_hz: z.number().describe("Median pitch of the voice."),
    voiced_seconds: z.number().describe("Seconds of voice that it was measured on."),
  }),
  limits: [`${min} to ${max} s of audio`, "500 MB by URL, 200 MB as base64"],
  example: { audio: "https://example.com/mina.wav", name: "mina", description: "Mina, calm and close" },
  heavy: true,
  async run(params, context) {
    const name = voiceName(params.name?.trim() || nameFromUrl(params.audio));
    const shipped = (await shippedVoices(context)).find((voice) => voice.toLowerCase() === name.toLowerCase());
    if (shipped !== undefined) {
      throw new AppError("conflict", `"${shipped}" is a voice that ships with Talkbox. Choose another name.`);
    }
    const stored = storedVoices(context);
    if (!params.overwrite && (await stored.find(name))) throw stored.conflict(name);
    const moved = (progress: number): void =>
      context.emit({ type: "progress", progress, stage: "voice", stage_progress: progress });
    moved(0.05);
    const audio = await readReference(params.audio, context);
    moved(0.4);
    const description = params.description?.trim() || "A reference voice";
    const voice = await newVoice(audio, { name, description }, context);
    moved(0.95);
    const kept = await context.clock.time("store", () => stored.add(voice, { overwrite: params.overwrite }));
    return {
      success: true as const,
      name: kept.name,
      description: kept.description,
      duration: Math.round(kept.duration * 1000) / 1000,
      sample_rate: kept.sample_rate,
      sha256: kept.sha256,
      created: kept.created,
      pitch_hz: Math.round(voice.profile.f0.median * 10) / 10,
      voiced_seconds: Math.round(voice.profile.voicedSeconds * 10) / 10,
    };
  },
});

/** The name of a URL's file without its extension; base64 has none. */
function nameFromUrl(source: string): string {
  const url = /^https?:\/\//i.test(source) ? URL.parse(source) : null;
  const file = url?.pathname.split("/").at(-1) ?? "";
  let name = file.replace(/\.[A-Za-z0-9]{1,5}$/, "");
  try {
    name = decodeURIComponent(name);
  } catch {
    // As it is written, then.
  }
  if (name !== "") return name;
  throw new AppError("invalid_input", "Give the voice a `name`.", {
    violations: [{ path: "params.name", message: "Required where the audio has no file name." }],
  });
}
