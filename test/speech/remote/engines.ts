import { after } from "node:test";
import { readConfig } from "../../../src/config.ts";
import { createCosyVoiceEngine } from "../../../src/engines/speech/cosyvoice/cosyvoice-engine.ts";
import { createElevenLabsEngine } from "../../../src/engines/speech/elevenlabs/elevenlabs-engine.ts";
import { createHttpSpeechEngine } from "../../../src/engines/speech/http/http-engine.ts";
import { createOpenAiSpeechEngine } from "../../../src/engines/speech/openai-speech/openai-speech-engine.ts";
import type { RemoteSpeechEngine } from "../../../src/engines/speech/remote/remote-engine.ts";
import {
  cosyVoiceSettings,
  elevenLabsSettings,
  httpSpeechSettings,
  openAiSpeechSettings,
} from "../../../src/engines/speech/remote/settings.ts";
import type { RemoteEngineParts } from "../../../src/engines/speech/remote/speech-service.ts";
import type { SpeechPart, SpeechRequest } from "../../../src/engines/speech/speech-engine.ts";
import { silentLog } from "../../../src/log.ts";
import { resolveBinaries } from "../../../src/media/binaries.ts";

/** Pauses short enough for tests; times long enough for a busy machine. */
export const QUICK = {
  pauseMs: 5,
  longestPauseMs: 200,
  restMs: 60_000,
  sentenceMs: 300_000,
  headersMs: 120_000,
  idleMs: 120_000,
  connectMs: 60_000,
  voicesMs: 60_000,
} as const;

const MAKERS = {
  elevenlabs: (env: Env, parts: RemoteEngineParts) => createElevenLabsEngine(elevenLabsSettings(read(env)), parts),
  cosyvoice: (env: Env, parts: RemoteEngineParts) => createCosyVoiceEngine(cosyVoiceSettings(read(env)), parts),
  "openai-speech": (env: Env, parts: RemoteEngineParts) =>
    createOpenAiSpeechEngine(openAiSpeechSettings(read(env)), parts),
  http: (env: Env, parts: RemoteEngineParts) => createHttpSpeechEngine(httpSpeechSettings(read(env)), parts),
};

type Env = Readonly<Record<string, string>>;

function read(env: Env) {
  return readConfig(env, import.meta.dirname).speechServices();
}

/** An engine as the environment sets it up, closed when the tests of the file have ended. */
export function remoteEngine(
  id: keyof typeof MAKERS,
  env: Env,
  { limits, log = silentLog() }: Partial<Pick<RemoteEngineParts, "limits" | "log">> = {},
): RemoteSpeechEngine {
  const binaries = () => resolveBinaries({ searchPath: (process.env["PATH"] ?? "").split(":") });
  const engine = MAKERS[id](env, { log, binaries, limits: { ...QUICK, ...limits } });
  after(() => engine[Symbol.asyncDispose]());
  return engine;
}

/** All parts of a request with everything at its default. */
export async function say(
  engine: RemoteSpeechEngine,
  text: string,
  changes: Partial<SpeechRequest> = {},
  signal: AbortSignal = new AbortController().signal,
): Promise<SpeechPart[]> {
  const request = { text, voice: "Custom", rate: 1, pitch: 0, sampleRate: 24_000, words: false, ...changes };
  const parts: SpeechPart[] = [];
  for await (const part of engine.synthesize(request, signal)) parts.push(part);
  return parts;
}

/** Seconds of a part in which something is heard. */
export function heardSeconds({ audio: { samples, sampleRate } }: SpeechPart): number {
  const loud = (value: number): boolean => Math.abs(value) > 0.01;
  return (samples.findLastIndex(loud) - samples.findIndex(loud)) / sampleRate;
}

/** The pitch of a tone in Hz, by its zero crossings. */
export function toneOf({ audio: { samples, sampleRate } }: SpeechPart): number {
  const from = Math.floor(samples.length * 0.25);
  const to = Math.floor(samples.length * 0.6);
  let rises = 0;
  for (let n = from + 1; n < to; n++) if ((samples[n - 1] as number) < 0 && (samples[n] as number) >= 0) rises++;
  return (rises * sampleRate) / (to - from);
}
