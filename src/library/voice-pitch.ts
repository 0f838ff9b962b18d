import { readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { AppError } from "../errors.ts";
import { MAX_VOICE_NOTE_BYTES } from "../limits/inputs.ts";
import { findVoiceFiles, type VoicePlaces, voiceModelRoots } from "./voice-models.ts";

/** What people know of a voice: `voice.json` in its folder, or `NAME.json` beside a voice without one. */
const noteSchema = z.object({
  pitch_hz: z.number().min(30).max(2000).optional().describe("Where it sings best: the median of its notes, Hz."),
});

/** What tells where an RVC voice sings: its file does not. */
export type VoicePitch = {
  /** Hz, as a note beside it says. */
  readonly noted?: { readonly hz: number; readonly file: string };
  /** Recordings of it, the one that is called as the voice first. */
  readonly recordings: readonly string[];
};

const RECORDING = /\.(wav|flac|mp3|ogg|opus|m4a|aac)$/i;

/**
 * Looks for what tells where a voice sings, in its folder, or beside its file under its name.
 * @throws AppError `model_unusable` for a note that is none
 */
export async function findVoicePitch(voice: string, places: VoicePlaces): Promise<VoicePitch> {
  const files = (await findVoiceFiles(places)).find(({ name }) => name === voice);
  const path = files?.archive ?? files?.checkpoints[0];
  if (!files || path === undefined) return { recordings: [] };
  const folder = dirname(path);
  const shared = voiceModelRoots(places).includes(folder);
  const own = (name: string): boolean => stem(name) === voice.toLowerCase();
  const names = (await readdir(folder).catch((): string[] => [])).toSorted().filter((name) => !name.startsWith("."));
  const note = names.find(
    (name) => /\.json$/i.test(name) && (shared ? own(name) : /^voice\.json$/i.test(name) || own(name)),
  );
  const recordings = names.filter((name) => RECORDING.test(name) && (!shared || own(name)));
  const hz = note === undefined ? undefined : await readNote(join(folder, note));
  return {
    ...(note === undefined || hz === undefined ? {} : { noted: { hz, file: note } }),
    recordings: recordings.toSorted((a, b) => Number(own(b)) - Number(own(a))).map((name) => join(folder, name)),
  };
}

function stem(name: string): string {
  return name.replace(/\.[A-Za-z0-9]+$/, "").toLowerCase();
}

async function readNote(path: string): Promise<number | undefined> {
  try {
    if ((await stat(path)).size > MAX_VOICE_NOTE_BYTES) throw new Error("it is too large");
    return noteSchema.parse(JSON.parse(await readFile(path, "utf8"))).pitch_hz;
  } catch (cause) {
    throw new AppError(
      "model_unusable",
      `${basename(path)}: it is no note on a voice. It holds JSON such as {"pitch_hz": 220}, from 30 to 2000.`,
      { cause },
    );
  }
}
