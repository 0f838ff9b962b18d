import { type LipsyncEngine, type LipsyncOptions, frameSize } from "../../engines/lipsync/lipsync-engine.ts";
import type { SpeechPart } from "../../engines/speech/speech-engine.ts";
import { AppError } from "../../errors.ts";
import { jpegOf } from "../../media/frame-jpeg.ts";
import { STREAM_FPS } from "../../media/fragmented-mp4.ts";

/** Hz of the silence that the avatar is drawn to. */
const RATE = 24_000;

/** How an avatar looks before it says anything, as JPEG. @throws AppError as the engine does */
export async function avatarPicture(
  engine: LipsyncEngine,
  look: Omit<LipsyncOptions, "fps" | "frameSkip">,
  signal: AbortSignal,
): Promise<Uint8Array> {
  async function* silence(): AsyncGenerator<SpeechPart, void> {
    const audio = { sampleRate: RATE, samples: new Float32Array(RATE / STREAM_FPS) };
    yield { text: "", language: "und", audio, phonemes: [{ ipa: "", start: 0, end: 1 / STREAM_FPS }] };
  }
  const [width, height] = frameSize(look.resolution, look.aspect);
  for await (const frame of engine.render(silence(), { ...look, fps: STREAM_FPS, frameSkip: 1 }, signal)) {
    const picture = await jpegOf(frame.data, width, height);
    frame.release();
    return picture;
  }
  throw new AppError("engine_failed", `The lip-sync engine "${engine.info.id}" drew nothing.`);
}
