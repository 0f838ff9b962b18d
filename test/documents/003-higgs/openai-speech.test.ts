import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import OpenAI, { APIError, AuthenticationError } from "openai";
import { EngineCatalog } from "../../../src/engines/catalog.ts";
import { createEspeakEngine } from "../../../src/engines/speech/espeak/espeak-engine.ts";
import type { SpeechEngine } from "../../../src/engines/speech/speech-engine.ts";
import { AppError } from "../../../src/errors.ts";
import { decodeMono } from "../../../src/media/decode-audio.ts";
import { liveTempDirs } from "../../../src/media/temp.ts";
import { encodeWav } from "../../../src/media/wav.ts";
import { localServer, type LocalServer } from "../../server/local-server.ts";
import { MODELS } from "../../speech/engine.ts";
import { higgsServer, rms } from "./server.ts";

const server = await higgsServer();
const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "sk-any", maxRetries: 0 });
const SPEECH = { model: "tts-1", voice: "alloy", input: "Hello there. How are you today?" } as const;

/** A server whose engine says its first sentence, and the others when it is let go on. */
async function heldServer(): Promise<{ server: LocalServer; goOn: () => void; breakOff: (why: Error) => void }> {
  const gate = Promise.withResolvers<void>();
  const server = await localServer();
  const load = async (): Promise<SpeechEngine> => {
    const engine = createEspeakEngine({ modelsDir: MODELS, timeoutMs: 300_000 });
    const synthesize: SpeechEngine["synthesize"] = async function* (request, signal) {
      for await (const part of engine.synthesize(request, signal)) {
        yield part;
        await gate.promise;
      }
    };
    return new Proxy(engine, {
      get: (target, name) => {
        if (name === "synthesize") return synthesize;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === "function" ? (value as () => unknown).bind(target) : value;
      },
    });
  };
  const engines = new EngineCatalog([{ id: "espeak", kind: "speech", load }]);
  Object.assign(server.services, { engines });
  after(() => {
    gate.resolve();
    return engines[Symbol.asyncDispose]();
  });
  return { server, goOn: gate.resolve, breakOff: gate.reject };
}

/** Samples without a header, with one. */
function rawPcm(bytes: Buffer): Buffer {
  const samples = Float32Array.from({ length: bytes.length >> 1 }, (_, n) => bytes.readInt16LE(2 * n) / 32_768);
  return Buffer.from(encodeWav({ sampleRate: 24_000, channels: [samples] }));
}

async function decoded(bytes: Buffer) {
  const binaries = await server.services.binaries();
  return decodeMono(bytes, { binaries, sampleRate: 24_000, signal: new AbortController().signal });
}

async function bytesOf(response: Response): Promise<Buffer> {
  return Buffer.from(await response.arrayBuffer());
}

describe("OpenAI's form of speech, by OpenAI's client", () => {
  const FORMS = [
    ["mp3", "audio/mpeg"],
    ["opus", "audio/ogg"],
    ["aac", "audio/aac"],
    ["flac", "audio/flac"],
    ["wav", "audio/wav"],
  ] as const;
  for (const [form, type] of FORMS) {
    it(`answers ${form}`, async () => {
      const response = await client.audio.speech.create({ ...SPEECH, response_format: form });
      assert.equal(response.headers.get("content-type"), type);
      const { samples } = await decoded(await bytesOf(response));
      assert.ok(samples.length > 24_000 && rms(samples) > 0.02);
    });
  }

  it("answers MP3 where no form is asked for", async () => {
    const response = await client.audio.speech.create(SPEECH);
    assert.equal(response.headers.get("content-type"), "audio/mpeg");
  });

  it("answers pcm as 16-bit samples at 24 kHz without a header", async () => {
    const pcm = await bytesOf(await client.audio.speech.create({ ...SPEECH, response_format: "pcm" }));
    const wav = await bytesOf(await client.audio.speech.create({ ...SPEECH, response_format: "wav" }));
    assert.equal(wav.toString("latin1", 0, 4), "RIFF");
    assert.ok(Math.abs(pcm.length - (wav.length - 44)) < 4_800);
  });

  it("speaks at every speed of OpenAI's range", async () => {
    const seconds = async (speed: number): Promise<number> => {
      const response = await client.audio.speech.create({ ...SPEECH, response_format: "pcm", speed });
      return (await bytesOf(response)).length / 48_000;
    };
    const [slowest, plain, fastest] = [await seconds(0.25), await seconds(1), await seconds(4)];
    assert.ok(slowest > 2.5 * plain && fastest < 0.45 * plain, `${slowest} ${plain} ${fastest} s`);
  });

  for (const form of ["mp3", "opus", "aac", "pcm"] as const) {
    it(`${form} is sent while it is spoken`, async () => {
      const held = await heldServer();
      const body = JSON.stringify({ ...SPEECH, response_format: form });
      const headers = { "content-type": "application/json" };
      const response = await fetch(`${held.server.url}/v1/audio/speech`, { method: "POST", headers, body });
      assert.equal(response.status, 200);
      const reader = (response.body as ReadableStream<Uint8Array>).getReader();
      const pieces: Uint8Array[] = [];
      // As much as no header is: the first sentence is heard before the second is spoken.
      for (let bytes = 0; bytes < 1500; bytes += pieces.at(-1)?.length ?? 0) {
        const { value, done } = await reader.read();
        assert.ok(!done && value);
        pieces.push(value);
      }
      held.goOn();
      for (let piece = await reader.read(); !piece.done; piece = await reader.read()) pieces.push(piece.value);
      const bytes = Buffer.concat(pieces);
      const { samples } = await decoded(form === "pcm" ? rawPcm(bytes) : bytes);
      assert.ok(samples.length > 1.5 * 24_000 && rms(samples) > 0.02, `${samples.length / 24_000} s`);
    });
  }

  it("an engine that breaks off breaks the sound off too, and ends events with an error", async () => {
    for (const stream_format of ["audio", "sse"] as const) {
      const held = await heldServer();
      const response = await fetch(`${held.server.url}/v1/audio/speech`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ ...SPEECH, response_format: "pcm", stream_format }),
      });
      assert.equal(response.status, 200);
      const reader = (response.body as ReadableStream<Uint8Array>).getReader();
      assert.ok(((await reader.read()).value?.length ?? 0) > 100);
      held.breakOff(new AppError("engine_failed", "The engine broke."));
      const rest = async (): Promise<string> => {
        const decoder = new TextDecoder();
        let text = "";
        for (let piece = await reader.read(); !piece.done; piece = await reader.read())
          text += decoder.decode(piece.value);
        return text;
      };
      if (stream_format === "audio") await assert.rejects(rest());
      else
        assert.match(await rest(), /data: \{"type":"error","error":\{"message":"The engine broke\.",[^\n]*\}\}\n\n$/);
    }
  });

  it("WAV and FLAC are sent when they are whole", async () => {
    for (const response_format of ["wav", "flac"] as const) {
      const response = await client.audio.speech.create({ ...SPEECH, response_format });
      const length = Number(response.headers.get("content-length"));
      assert.equal(length, (await bytesOf(response)).length);
    }
  });

  it("a caller who goes away while it is spoken ends the work", async () => {
    const leaving = new AbortController();
    const input = "This is a sentence of a long text, one of many that are spoken one after the other. ".repeat(200);
    const response = await fetch(`${server.url}/v1/audio/speech`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ ...SPEECH, input: input.slice(0, 19_000) }),
      signal: leaving.signal,
    });
    await response.body?.getReader().read();
    leaving.abort();
    for (let waited = 0; waited < 60_000 && server.jobs.places().unsettled > 0; waited += 20) await sleep(20);
    assert.equal(server.jobs.places().unsettled, 0);
    for (let waited = 0; waited < 60_000 && liveTempDirs().length > 0; waited += 20) await sleep(20);
    assert.deepEqual(liveTempDirs(), []);
  });

  it("streams as events that carry the same sound", async () => {
    const body = { ...SPEECH, response_format: "wav", stream_format: "sse", seed: 1 } as const;
    const response = await client.audio.speech.create(body);
    assert.match(response.headers.get("content-type") ?? "", /^text\/event-stream/);
    const events = (await response.text())
      .split("\n")
      .filter((line) => line.startsWith("data: "))
      .map((line) => JSON.parse(line.slice(6)) as { type: string; audio?: string; usage?: Record<string, number> });
    const last = events.at(-1);
    assert.equal(last?.type, "speech.audio.done");
    assert.equal(
      last.usage?.["total_tokens"],
      (last.usage?.["input_tokens"] ?? 0) + (last.usage?.["output_tokens"] ?? 0),
    );
    const deltas = events.slice(0, -1);
    assert.ok(deltas.length > 1 && deltas.every(({ type }) => type === "speech.audio.delta"));
    const streamed = Buffer.concat(deltas.map(({ audio }) => Buffer.from(audio ?? "", "base64")));
    const plain = { ...SPEECH, response_format: "wav", seed: 1 } as const;
    assert.ok(streamed.equals(await bytesOf(await client.audio.speech.create(plain))));
  });

  it("has a voice for each of OpenAI's, of the same sex, and its own by their names", async () => {
    const voiceOf = async (voice: string | { id: string }): Promise<string> => {
      const body = { ...SPEECH, voice, response_format: "pcm", input: "Hi there." } as never;
      return decodeURIComponent((await client.audio.speech.create(body)).headers.get("x-talkbox-voice") ?? "");
    };
    const women = new Set(["belinda", "clara", "hazel", "ingrid", "lucy", "mabel", "nora", "priya"]);
    const [nova, onyx, alloy] = [await voiceOf("nova"), await voiceOf("onyx"), await voiceOf("alloy")];
    assert.ok(women.has(nova), nova);
    assert.ok(!women.has(onyx), onyx);
    assert.equal(alloy, "belinda");
    assert.equal(await voiceOf("Chadwick"), "chadwick");
    assert.equal(await voiceOf({ id: "chadwick" }), "chadwick");
  });

  it("lists models and voices", async () => {
    const models = [];
    for await (const { id } of client.models.list()) models.push(id);
    assert.ok(models.includes("espeak"), models.join(", "));
    const { voices } = (await server.call("/v1/audio/voices")).body as unknown as { voices: string[] };
    assert.ok(voices.includes("belinda"));
  });

  const WRONG: readonly [string, object, string | null][] = [
    ["an unknown voice", { voice: "nobody-at-all" }, null],
    ["no input", { input: undefined }, "input"],
    ["an empty input", { input: "" }, "input"],
    ["no model", { model: undefined }, "model"],
    ["an unknown form", { response_format: "midi" }, "response_format"],
    ["a speed beyond the range", { speed: 4.5 }, "speed"],
    ["a speed that is text", { speed: "fast" }, "speed"],
    ["an unknown form of stream", { stream_format: "tape" }, "stream_format"],
    ["a voice that is a number", { voice: 7 }, "voice"],
    ["a language that nobody speaks", { language: "!!" }, null],
  ];
  for (const [what, change, param] of WRONG) {
    it(`${what} is a 400 that the client reads`, async () => {
      await assert.rejects(client.audio.speech.create({ ...SPEECH, ...change }), (error) => {
        assert.ok(error instanceof APIError, String(error));
        assert.equal(error.status, 400);
        assert.equal(error.type, "invalid_request_error");
        if (param !== null) assert.equal(error.param, param);
        assert.ok(error.message.length > 10);
        return true;
      });
    });
  }

  it("wants the key where there is one, in OpenAI's form", async () => {
    const guarded = await higgsServer({ TALKBOX_API_KEY: "right" });
    const wrong = new OpenAI({ baseURL: `${guarded.url}/v1`, apiKey: "wrong", maxRetries: 0 });
    await assert.rejects(wrong.audio.speech.create(SPEECH), (error) => {
      assert.ok(error instanceof AuthenticationError);
      assert.equal(error.code, "invalid_api_key");
      return true;
    });
    const right = new OpenAI({ baseURL: `${guarded.url}/v1`, apiKey: "right", maxRetries: 0 });
    assert.equal((await right.audio.speech.create({ ...SPEECH, input: "Hi." })).status, 200);
  });
});
