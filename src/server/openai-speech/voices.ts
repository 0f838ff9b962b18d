import type { Services } from "../../../handler/services.ts";
import type { VoiceInfo } from "../../engines/speech/speech-engine.ts";

/** OpenAI's voices by the sex of who speaks, in the order in which voices here take their places. */
const OPENAI_VOICES = {
  female: ["coral", "nova", "shimmer", "sage", "marin"],
  male: ["onyx", "echo", "ash", "ballad", "verse", "cedar"],
  neutral: ["alloy", "fable"],
} as const satisfies Record<VoiceInfo["gender"], readonly string[]>;

/**
 * The voice that speaks where a client names one of OpenAI's and nothing here is called so: always the same one, of the
 * same sex. Any other name is answered as it is.
 */
export async function standIn(
  name: string,
  { engines, library }: Pick<Services, "engines" | "library">,
): Promise<string> {
  const wanted = name.trim().toLowerCase();
  const genders = Object.keys(OPENAI_VOICES) as VoiceInfo["gender"][];
  const gender = genders.find((each) => (OPENAI_VOICES[each] as readonly string[]).includes(wanted));
  if (gender === undefined || (await library.voices.find(name))) return name;
  const available = await engines.available("speech");
  const voices = (await Promise.all(available.map((engine) => engine.voices()))).flat();
  if (voices.some((voice) => voice.name.toLowerCase() === wanted)) return name;
  const [first] = available;
  const own = (await first?.voices())?.filter((voice) => voice.gender === gender) ?? [];
  if (gender === "neutral" || own.length === 0) return "Custom";
  return (own[(OPENAI_VOICES[gender] as readonly string[]).indexOf(wanted) % own.length] as VoiceInfo).name;
}
