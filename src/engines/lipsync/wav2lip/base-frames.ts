import type { SpeechPart } from "../../speech/speech-engine.ts";
import type { Frame, LipsyncEngine, LipsyncOptions } from "../lipsync-engine.ts";

/** Hz and seconds of the silence that the frames are drawn to, piece by piece. */
const RATE = 8_000;
const SECONDS = 1;

/** Frames of a person who listens, for as long as they are asked for. */
export async function* baseFrames(
  engine: LipsyncEngine,
  options: LipsyncOptions,
  signal: AbortSignal,
): AsyncGenerator<Frame, void> {
  // A mouth at rest costs nothing to interpolate.
  yield* engine.render(silence(), { ...options, frameSkip: 3 }, signal);
}

async function* silence(): AsyncGenerator<SpeechPart, void> {
  const audio = { sampleRate: RATE, samples: new Float32Array(RATE * SECONDS) };
  const part = { text: "", language: "und", audio, phonemes: [{ ipa: "", start: 0, end: SECONDS }] };
  for (;;) yield part;
}
