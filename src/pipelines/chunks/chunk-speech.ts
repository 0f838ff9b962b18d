import type { SpeechEngine, SpeechPart, SpeechRequest } from "../../engines/speech/speech-engine.ts";
import { AppError } from "../../errors.ts";
import { CHUNK_SPEECH_TIMEOUT_MS } from "../../limits/speech.ts";
import { samplesToWholeGroups } from "../../media/fragmented-encode.ts";
import { STREAM_FPS } from "../../media/fragmented-mp4.ts";
import { captionWords, type CaptionWord } from "../captions.ts";
import type { PipelineContext } from "../pipeline.ts";

/** The speech of one chunk. */
export type ChunkSpeech = {
  readonly parts: readonly SpeechPart[];
  /** All of it, as long as a whole number of groups of pictures: silence at its end fills up the last one. */
  readonly samples: Float32Array;
  /** Pictures that it lasts for. */
  readonly frames: number;
  /** From the start of the chunk. */
  readonly words: readonly CaptionWord[];
  readonly language: string;
};

/**
 * Speaks the text of one chunk.
 * @throws AppError `timeout` when that takes more than the 30 s that speech has; as the engine does
 */
export async function speakChunk(
  text: string,
  engine: SpeechEngine,
  request: Omit<SpeechRequest, "text">,
  context: Pick<PipelineContext, "clock" | "used">,
  signal: AbortSignal,
): Promise<ChunkSpeech> {
  const late = AbortSignal.timeout(CHUNK_SPEECH_TIMEOUT_MS);
  const parts: SpeechPart[] = [];
  context.used({ kind: "speech", engine: engine.info.id, model: request.voice });
  try {
    const spoken = engine.synthesize({ ...request, text }, AbortSignal.any([signal, late]));
    for await (const part of context.clock.timeEach("tts", spoken)) parts.push(part);
  } catch (error) {
    if (!late.aborted || signal.aborted) throw error;
    const seconds = CHUNK_SPEECH_TIMEOUT_MS / 1000;
    throw new AppError(
      "timeout",
      `The speech of a chunk took longer than ${seconds} s. Try again, or ask for shorter chunks.`,
      { cause: error },
    );
  }
  return joined(parts, request.sampleRate);
}

function joined(parts: SpeechPart[], sampleRate: number): ChunkSpeech {
  const last = parts.at(-1);
  if (!last) throw new AppError("engine_failed", "The speech engine said nothing.");
  const spoken = parts.reduce((sum, { audio }) => sum + audio.samples.length, 0);
  const silence = Math.round(samplesToWholeGroups(spoken, sampleRate));
  parts[parts.length - 1] = lengthened(last, silence);
  const samples = new Float32Array(spoken + silence);
  const words: CaptionWord[] = [];
  let at = 0;
  for (const part of parts) {
    words.push(...captionWords(part, at / sampleRate));
    samples.set(part.audio.samples, at);
    at += part.audio.samples.length;
  }
  const frames = Math.round((samples.length * STREAM_FPS) / sampleRate);
  return { parts, samples, frames, words, language: last.language };
}

/** A part with silence at its end, in which the avatar goes on living. */
function lengthened(part: SpeechPart, silence: number): SpeechPart {
  const { sampleRate, samples: spoken } = part.audio;
  const samples = new Float32Array(spoken.length + silence);
  samples.set(spoken);
  const start = spoken.length / sampleRate;
  const rest = { ipa: "", start, end: samples.length / sampleRate };
  return {
    ...part,
    audio: { sampleRate, samples },
    ...(part.phonemes ? { phonemes: [...part.phonemes, rest] } : {}),
  };
}
