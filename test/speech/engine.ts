/** The engine as the tests use it. */

import { fileURLToPath } from "node:url";
import { createEspeakEngine, type EspeakEngine } from "../../src/engines/speech/espeak/espeak-engine.ts";
import type { SpeechPart, SpeechRequest } from "../../src/engines/speech/speech-engine.ts";
import { AppError, type ErrorCode } from "../../src/errors.ts";

/** Folder of the models that ship. */
export const MODELS = fileURLToPath(new URL("../../models", import.meta.url));

/** An engine on the voices that ship. */
export function engine(): EspeakEngine {
  return createEspeakEngine({ modelsDir: MODELS });
}

/** A request with everything at its default. */
export function request(text: string, changes: Partial<SpeechRequest> = {}): SpeechRequest {
  return { text, voice: "Custom", rate: 1, pitch: 0, sampleRate: 24_000, ...changes };
}

/** All parts of a request. */
export async function say(
  speech: EspeakEngine,
  text: string,
  changes: Partial<SpeechRequest> = {},
  signal: AbortSignal = new AbortController().signal,
): Promise<SpeechPart[]> {
  const parts: SpeechPart[] = [];
  for await (const part of speech.synthesize(request(text, changes), signal)) parts.push(part);
  return parts;
}

/** The sound of all parts. */
export function joined(parts: readonly SpeechPart[]): Float32Array {
  const samples = new Float32Array(parts.reduce((sum, part) => sum + part.audio.samples.length, 0));
  let at = 0;
  for (const part of parts) {
    samples.set(part.audio.samples, at);
    at += part.audio.samples.length;
  }
  return samples;
}

/** Whether an error is ours and has this code; for `assert.rejects`. */
export function coded(code: ErrorCode): (error: unknown) => boolean {
  return (error) => error instanceof AppError && error.code === code;
}
