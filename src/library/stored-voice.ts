import { z } from "zod";
import { type VoiceProfile, voiceProfileSchema } from "./voice-profile.ts";

/** What `voice.json` in a stored voice's folder says. */
export const storedVoiceSchema = z.object({
  version: z.literal(1),
  name: z.string().min(1),
  description: z.string(),
  /** Name of the recording beside it. */
  recording: z.string().regex(/^recording-[0-9a-f]{8,64}\.wav$/),
  /** Seconds. */
  duration: z.number().positive(),
  /** Hz. */
  sample_rate: z.int().positive(),
  bytes: z.int().positive(),
  /** Of the recording, lower-case hex. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** ISO 8601, UTC. */
  created: z.string().min(1),
  /** The analysis, in whatever version it was made. */
  profile: z.unknown(),
});

export type StoredVoiceRecord = z.infer<typeof storedVoiceSchema>;

/** A reference voice as it lies in the library. */
export type StoredVoice = Omit<StoredVoiceRecord, "profile"> & {
  /** Absolute path of the recording, mono WAV. */
  readonly path: string;
  /** The analysis; undefined where it has to be made anew, as after a change of its version. */
  readonly profile: VoiceProfile | undefined;
};

/**
 * Reads a `voice.json`.
 * @throws Error saying what is wrong in it
 */
export function parseStoredVoice(json: string): Omit<StoredVoice, "path"> {
  const record = storedVoiceSchema.safeParse(JSON.parse(json));
  if (!record.success) {
    const { path, message } = record.error.issues[0] ?? { path: [], message: "unknown" };
    throw new Error(`${path.join(".")}: ${message}`);
  }
  const profile = voiceProfileSchema.safeParse(record.data.profile);
  return { ...record.data, profile: profile.success ? profile.data : undefined };
}

/** The analysis in a `profile.json`, if it can be read and was made on the voice's recording. */
export function parseRenewed(json: string, voice: { readonly sha256: string }): VoiceProfile | undefined {
  try {
    const { sha256, profile } = JSON.parse(json) as { sha256?: unknown; profile?: unknown };
    const parsed = voiceProfileSchema.safeParse(profile);
    return sha256 === voice.sha256 && parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
