import { after } from "node:test";
import { EngineCatalog } from "../../../src/engines/catalog.ts";
import { createHarvestEngine } from "../../../src/engines/pitch/harvest/harvest-engine.ts";
import { createWorldEngine } from "../../../src/engines/voice/world/world-engine.ts";
import { localServer, type LocalServer } from "../../server/local-server.ts";
import { parseWav } from "../../../src/media/parse-wav.ts";
import { encodeWav } from "../../../src/media/wav.ts";
import { createEspeakEngine } from "../../../src/engines/speech/espeak/espeak-engine.ts";
import { MODELS } from "../../speech/engine.ts";

/** Longest time for a sentence, milliseconds: on a busy machine the usual one is too short. */
const PATIENCE_MS = 300_000;

/** A server with the document's routes, and engines that take their time. */
export async function higgsServer(env: Record<string, string> = {}): Promise<LocalServer> {
  const server = await localServer({ env });
  const modelsDir = MODELS;
  const engines = new EngineCatalog([
    { id: "espeak", kind: "speech", load: async () => createEspeakEngine({ modelsDir, timeoutMs: PATIENCE_MS }) },
    { id: "world", kind: "voice", load: async () => createWorldEngine({ modelsDir }) },
    { id: "harvest", kind: "pitch", load: async () => createHarvestEngine() },
  ]);
  Object.assign(server.services, { engines });
  after(() => engines[Symbol.asyncDispose]());
  return server;
}

/** What the routes that speak answer. */
export type Spoken = {
  audio_base64: string;
  text: string;
  sampling_rate: number;
  duration: number;
  usage: { prompt_tokens: number; completion_tokens: number; total_tokens: number };
  warnings?: string[];
  detail?: string;
};

/** The sound of an answer. */
export function soundOf({ audio_base64 }: Spoken): { sampleRate: number; samples: Float32Array; seconds: number } {
  const { sampleRate, channels } = parseWav(Buffer.from(audio_base64, "base64"));
  const samples = channels[0] as Float32Array;
  return { sampleRate, samples, seconds: samples.length / sampleRate };
}

/** Loudness of a sound: root mean square, full scale being 1. */
export function rms(samples: Float32Array): number {
  return Math.sqrt(samples.reduce((sum, value) => sum + value * value, 0) / samples.length);
}

/** A recording of a few seconds of speech, as a WAV file. */
export async function recording(voice = "chadwick"): Promise<Buffer> {
  await using engine = createEspeakEngine({ modelsDir: MODELS, timeoutMs: PATIENCE_MS });
  const pieces: Float32Array[] = [];
  const text = "This is a recording of my voice. It has a few sentences, and no music at all.";
  const request = { text, voice, rate: 1, pitch: 0, sampleRate: 24_000, words: false };
  for await (const { audio } of engine.synthesize(request, new AbortController().signal)) pieces.push(audio.samples);
  const samples = Float32Array.from(pieces.flatMap((piece) => [...piece]));
  return Buffer.from(encodeWav({ sampleRate: 24_000, channels: [samples] }));
}

/** Posts a form to `/upload-voice`. */
export async function upload(
  url: string,
  fields: Readonly<Record<string, string | { bytes: Uint8Array; filename: string }>>,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === "string") form.append(name, value);
    else form.append(name, new Blob([new Uint8Array(value.bytes)]), value.filename);
  }
  const response = await fetch(`${url}/upload-voice`, { method: "POST", body: form });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}
