import type { SpeechEngine, SpeechPart, SpeechRequest } from "../engines/speech/speech-engine.ts";
import type { PipelineContext } from "./pipeline.ts";
import { sentencesOf } from "./sentences.ts";

/**
 * Speaks a text while it is being written: each sentence as soon as it is over. The parts are those of one speech, which
 * follow one another as those of a text that was there from the beginning.
 * @param request all but the text
 * @throws AppError as the engine does; whatever `tokens` throws
 */
export async function* speakAsWritten(
  engine: SpeechEngine,
  request: Omit<SpeechRequest, "text">,
  tokens: AsyncIterable<string>,
  context: PipelineContext,
): AsyncGenerator<SpeechPart, void> {
  context.used({ kind: "speech", engine: engine.info.id, model: request.voice });
  for await (const sentence of sentencesOf(tokens)) {
    const parts = engine.synthesize({ ...request, text: sentence }, context.signal);
    yield* context.clock.timeEach("tts", parts);
  }
}
