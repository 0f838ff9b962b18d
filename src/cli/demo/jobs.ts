import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { JobResult } from "../../../handler/index.ts";
import { AppError } from "../../errors.ts";
import type { Emit } from "../../events.ts";
import type { EngineCatalog } from "../../engines/catalog.ts";
import { encodeWav } from "../../media/wav.ts";
import { playBand } from "./band.ts";
import { sing } from "./singer.ts";

/** Hz of the band's stem and of the singer's. */
const BAND_RATE = 44_100;
const SINGER_RATE = 24_000;

/** Who sings the cover, and whose voice is cloned. */
const COVER_VOICE = "mezzo-clear";
const STRANGER = "elder-hoarse";

const CLONED_TEXT = "저는 방금 들으신 목소리로 말하고 있어요. 어떤 문장이든 이 목소리로 읽을 수 있습니다.";

/** A cover of a song that is synthesised here: a sung melody and its band. */
export async function coverJob(engines: EngineCatalog, signal: AbortSignal, emit: Emit): Promise<object> {
  const engine = await engines.choose("speech", "auto");
  const vocal = await sing(engine, SINGER_RATE, signal, (share) =>
    emit({ type: "progress", progress: share, stage: "stems", stage_progress: share }),
  );
  return {
    operation: "generate_cover_from_separate_audio",
    params: {
      voice_audio: base64Of(encodeWav({ sampleRate: vocal.sampleRate, channels: [vocal.samples] })),
      instrument_audio: base64Of(encodeWav(playBand(BAND_RATE))),
      voice_model: COVER_VOICE,
      f0_method: "harvest",
    },
  };
}

/** The sound of an earlier job in the voice of somebody else, to have a stranger to clone. */
export async function strangerJob(earlier: JobResult): Promise<object> {
  return { operation: "convert_voice", params: { audio: await soundOf(earlier), voice: STRANGER } };
}

/** A sentence in the voice that an earlier job's sound is in. */
export async function cloneJob(earlier: JobResult): Promise<object> {
  return { operation: "voice_clone", params: { text: CLONED_TEXT, reference_audio: await soundOf(earlier) } };
}

/** The first sound that a job made, as base64. */
async function soundOf({ artifacts }: JobResult): Promise<string> {
  const url = artifacts.find(({ kind }) => kind === "audio")?.url;
  if (!url) throw new AppError("invalid_input", "The demo's first job made no sound. Give it one that speaks.");
  return (await readFile(fileURLToPath(url))).toString("base64");
}

function base64Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}
