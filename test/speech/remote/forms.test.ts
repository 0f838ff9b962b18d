import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, describe, it } from "node:test";
import { createServices } from "../../../handler/services.ts";
import { run } from "../../../handler/index.ts";
import { readConfig } from "../../../src/config.ts";
import { silentLog } from "../../../src/log.ts";
import { encodeAudio } from "../../../src/media/encode-audio.ts";
import { resolveBinaries } from "../../../src/media/binaries.ts";
import { TempDir } from "../../../src/media/temp.ts";
import { encodeWav } from "../../../src/media/wav.ts";
import { scratchFolder } from "../../server/local-server.ts";
import { heardSeconds, remoteEngine, say, toneOf } from "./engines.ts";
import { json, pitchOf, samplesOf, testService } from "./service.ts";
import { elevenLabs, KEY, openAi } from "./services.ts";

const TEXT = "Сәлем, қалайсың?";

/** A text's sound as a file of a form. */
async function fileOf(text: string, format: "wav" | "mp3" | "ogg"): Promise<Buffer> {
  const audio = { sampleRate: 24_000, channels: [samplesOf(text, 24_000)] };
  if (format === "wav") return Buffer.from(encodeWav(audio));
  await using folder = await TempDir.create();
  const path = folder.file(`speech.${format}`);
  const binaries = () => resolveBinaries({ searchPath: (process.env["PATH"] ?? "").split(":") });
  await encodeAudio(audio, { path, format, binaries, signal: new AbortController().signal });
  return await readFile(path);
}

describe("any service over HTTP", () => {
  const TYPES = { wav: "audio/wav", mp3: "audio/mpeg", ogg: "audio/ogg" } as const;
  for (const form of ["wav", "mp3", "ogg"] as const) {
    for (const typed of [true, false]) {
      it(`answers ${form} ${typed ? "by its type" : "by itself"}`, async () => {
        const service = await testService(async ({ body }, response) => {
          const { text } = JSON.parse(body.toString("utf8")) as { text: string };
          response.writeHead(200, { "content-type": typed ? TYPES[form] : "application/octet-stream" });
          response.end(await fileOf(text, form));
        });
        const [part] = await say(remoteEngine("http", { TALKBOX_HTTP_TTS_URL: service.url }), TEXT);
        assert.ok(part);
        assert.ok(Math.abs(toneOf(part) - pitchOf(TEXT)) < 8, `${toneOf(part)} Hz`);
        assert.ok(Math.abs(heardSeconds(part) - Array.from(TEXT).length * 0.06) < 0.08, `${heardSeconds(part)} s`);
        assert.deepEqual(JSON.parse(service.received[0]!.body.toString("utf8")), { text: TEXT, language: "kk" });
      });
    }
  }

  it("is called with GET, the text in its URL, and headers of its own", async () => {
    const service = await testService(async ({ query }, response) => {
      response.writeHead(200, { "content-type": "audio/wav" }).end(await fileOf(query.get("q") ?? "", "wav"));
    });
    const env = {
      TALKBOX_HTTP_TTS_URL: `${service.url}/say?q={text}&lang={language}&v={voice}`,
      TALKBOX_HTTP_TTS_METHOD: "GET",
      TALKBOX_HTTP_TTS_HEADERS: '{"x-key":"abc"}',
      TALKBOX_HTTP_TTS_VOICES: "айгуль,дана",
    };
    const text = "Сколько? 100 % & ещё #1!";
    await say(remoteEngine("http", env), text, { voice: "Дана" });
    const { method, query, headers } = service.received[0]!;
    assert.equal(method, "GET");
    assert.deepEqual(
      [...query],
      [
        ["q", "Сколько?"],
        ["lang", "ru"],
        ["v", "дана"],
      ],
    );
    assert.equal(headers["x-key"], "abc");
    assert.equal(service.received[1]?.query.get("q"), "100 % & ещё #1!");
  });

  it("answers JSON with the sound as base64 in a field", async () => {
    let answer: unknown = {};
    const service = await testService((_request, response) => json(response, 200, answer));
    const env = { TALKBOX_HTTP_TTS_URL: service.url, TALKBOX_HTTP_TTS_ANSWER: "audio.data" };
    const engine = remoteEngine("http", env);
    answer = { audio: { data: (await fileOf(TEXT, "mp3")).toString("base64") } };
    assert.equal((await say(engine, TEXT)).length, 1);
    for (const wrong of [{}, { audio: null }, { audio: { data: 5 } }, { audio: { data: "***" } }, []]) {
      answer = wrong;
      await assert.rejects(say(engine, TEXT), { code: "engine_failed", message: /TALKBOX_HTTP_TTS_ANSWER/ });
    }
  });

  it("bytes of no known form are refused with what to set", async () => {
    const service = await testService((_request, response) => {
      response.writeHead(200, { "content-type": "application/octet-stream" }).end(Buffer.alloc(9_000, 7));
    });
    const engine = remoteEngine("http", { TALKBOX_HTTP_TTS_URL: service.url });
    await assert.rejects(say(engine, TEXT), { code: "engine_failed", message: /wav, mp3 or pcm/ });
  });

  it("an answer beyond all bounds is given up", async () => {
    const service = await testService((_request, response) => {
      response.writeHead(200, { "content-type": "audio/wav" }).end(Buffer.alloc(200_000, 1));
    });
    const engine = remoteEngine("http", { TALKBOX_HTTP_TTS_URL: service.url }, { limits: { maxBytes: 100_000 } });
    await assert.rejects(say(engine, TEXT), { code: "engine_failed" });
  });
});

describe("servers with OpenAI's form", () => {
  it("are sent what they know, and no key that is not theirs", async () => {
    const service = await openAi({ key: "" });
    const env = {
      OPENAI_API_KEY: KEY,
      TALKBOX_OPENAI_TTS_URL: `${service.url}/v1`,
      TALKBOX_OPENAI_TTS_MODEL: "kokoro",
      TALKBOX_OPENAI_TTS_VOICES: "af_sky,nova",
      TALKBOX_OPENAI_TTS_FIELDS: '{"seed":"{seed}","temperature":"{temperature}","lang_code":"{language}"}',
    };
    const engine = remoteEngine("openai-speech", env);
    assert.deepEqual(engine.honours, ["seed", "temperature"]);
    await say(engine, "Hello there.", { rate: 1.5, seed: 3, sampling: { temperature: 0.3 } });
    const { body, headers } = service.received[0]!;
    assert.deepEqual(JSON.parse(body.toString("utf8")), {
      model: "kokoro",
      input: "Hello there.",
      voice: "af_sky",
      response_format: "pcm",
      speed: 1.5,
      seed: 3,
      temperature: 0.3,
      lang_code: "en",
    });
    assert.equal(headers.authorization, undefined);
  });

  it("that answer WAV of unknown length all the same are understood", async () => {
    const service = await openAi({ container: true });
    const env = { TALKBOX_OPENAI_TTS_URL: `${service.url}/v1`, TALKBOX_OPENAI_TTS_KEY: KEY };
    const [part] = await say(remoteEngine("openai-speech", env), TEXT);
    assert.ok(part && Math.abs(toneOf(part) - pitchOf(TEXT)) < 8);
  });

  it("tell a used-up quota by 429, which is not asked again", async () => {
    const service = await openAi();
    const env = { TALKBOX_OPENAI_TTS_URL: `${service.url}/v1`, TALKBOX_OPENAI_TTS_KEY: KEY };
    const engine = remoteEngine("openai-speech", env);
    service.faults.push({ status: 429, body: { error: { message: "no credit", code: "insufficient_quota" } } });
    await assert.rejects(say(engine, TEXT), { code: "engine_unavailable", message: /quota/ });
    assert.equal(service.received.length, 1);
    service.faults.push({ status: 404, body: { error: { message: "no such model", code: "model_not_found" } } });
    await assert.rejects(say(engine, TEXT), { message: /TALKBOX_OPENAI_TTS_MODEL/ });
  });
});

describe("which engine speaks", () => {
  const eleven = elevenLabs();
  const services = async (env: Record<string, string>) => {
    const data = await scratchFolder();
    const settings = { PATH: process.env["PATH"], TALKBOX_DATA: data, ...env };
    const made = createServices(readConfig(settings, new URL("../../..", import.meta.url).pathname), silentLog());
    after(() => made[Symbol.asyncDispose]());
    return made;
  };
  const tts = async (params: object, env: Record<string, string>) => {
    const job = { operation: "tts", params, output: { delivery: "inline" } };
    return run(job, { services: await services(env) });
  };
  const set = async () => ({ ELEVENLABS_API_KEY: KEY, TALKBOX_ELEVENLABS_URL: (await eleven).url });

  it("a service that is set up is preferred, and the answer names it", async () => {
    const made = await tts({ text: "Hello there.", timings: true, temperature: 0.5, seed: 4 }, await set());
    assert.deepEqual([made["engine"], made["voice"]], ["elevenlabs", "Custom"]);
    assert.deepEqual(
      (made["words"] as { text: string }[]).map(({ text }) => text),
      ["Hello", "there"],
    );
    assert.deepEqual(made.warnings, ['`temperature` has no effect on the speech engine "elevenlabs".']);
  });

  it("a voice that another engine has is spoken by that one", async () => {
    const made = await tts({ text: "Hello there.", voice: "belinda" }, await set());
    assert.deepEqual([made["engine"], made["voice"]], ["espeak", "belinda"]);
  });

  it("a key for OpenAI alone has nothing spoken there", async () => {
    const made = await tts({ text: "Hello there." }, { OPENAI_API_KEY: KEY });
    assert.equal(made["engine"], "espeak");
  });

  it("an engine asked for by name that is not set up is 503 with what to set", async () => {
    await assert.rejects(
      tts({ text: "Hello.", engine: "cosyvoice" }, {}),
      (error: { status: number; message: string }) => {
        assert.equal(error.status, 503);
        assert.match(error.message, /COSYVOICE_API_URL/);
        return true;
      },
    );
  });

  it("settings that cannot be used stop the start, all of them named", () => {
    const wrong = {
      ELEVENLABS_VOICE_ID: "../x",
      COSYVOICE_API_URL: "ftp://x",
      TALKBOX_COSYVOICE_FIELDS: "[]",
      TALKBOX_HTTP_TTS_FIELDS: "{",
      TALKBOX_HTTP_TTS_HEADERS: '{"a":"b\\r\\nc: d"}',
      TALKBOX_HTTP_TTS_FORMAT: "midi",
      TALKBOX_HTTP_TTS_ANSWER: "a..b",
      TALKBOX_COSYVOICE_SAMPLE_RATE: "5",
    };
    assert.throws(
      () => readConfig(wrong, "/"),
      (error: Error) => {
        for (const name of Object.keys(wrong)) assert.ok(error.message.includes(name), `${name} is named`);
        return true;
      },
    );
  });
});
