import { z } from "zod";
import type { VoiceInfo } from "../speech-engine.ts";

/** A voice with the id that the service knows it by. */
export type ServiceVoice = VoiceInfo & { readonly id: string };

/** The service's premade voices that clients of the documented APIs name. */
export const PREMADE: readonly ServiceVoice[] = [
  { name: "Rachel", id: "21m00Tcm4TlvDq8ikWAM", description: "A calm young woman, American", gender: "female" },
  { name: "Bella", id: "EXAVITQu4vr4xnSDxMaL", description: "A soft young woman, American", gender: "female" },
  { name: "Antoni", id: "ErXwobaYiN019PkySvjV", description: "A well-rounded young man, American", gender: "male" },
  { name: "Domi", id: "AZnzlk1XvdvUeBnXmlld", description: "A strong young woman, American", gender: "female" },
];

/** `GET /v2/voices`, as much of it as is used. */
const pageSchema = z.object({
  voices: z.array(
    z.object({
      voice_id: z.string().min(1),
      name: z.string().nullish(),
      description: z.string().nullish(),
      labels: z.record(z.string(), z.unknown()).nullish(),
    }),
  ),
  has_more: z.boolean().nullish(),
  next_page_token: z.string().nullish(),
});

/** One page of an account's voices, and the token of the next. @throws ZodError for another form */
export function readVoicePage(json: unknown): { readonly voices: ServiceVoice[]; readonly next: string | undefined } {
  const { voices, has_more: more, next_page_token: next } = pageSchema.parse(json);
  return {
    voices: voices.map(({ voice_id: id, name, description, labels }) => {
      const sex = labels?.["gender"];
      const gender = sex === "female" || sex === "male" ? sex : "neutral";
      const about = description?.trim() || "A voice of the ElevenLabs account";
      return { id, name: name?.trim() || id, description: about, gender };
    }),
    next: more && next ? next : undefined,
  };
}

/**
 * One list, without a name twice: the account's own voices may be called as others are, also in another case. The first
 * of a name has it.
 */
export function distinct(voices: readonly ServiceVoice[]): ServiceVoice[] {
  const seen = new Set<string>();
  return voices.filter(({ name }) => {
    const key = name.toLowerCase();
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
