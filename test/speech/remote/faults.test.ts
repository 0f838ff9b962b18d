import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import pino from "pino";
import type { RemoteSpeechEngine } from "../../../src/engines/speech/remote/remote-engine.ts";
import type { Log } from "../../../src/log.ts";
import { heardSeconds, remoteEngine, say, toneOf } from "./engines.ts";
import { type Fault, pitchOf, type TestService, testService, sendPieces } from "./service.ts";
import { cosyVoice, elevenLabs, formOf, KEY, openAi } from "./services.ts";

const TEXT = "Hello there, dear friend.";

type Kind = { readonly service: TestService; readonly make: (limits?: object, log?: Log) => RemoteSpeechEngine };

/** A log whose lines are kept. */
function keptLog(): { log: Log; lines: string[] } {
  const lines: string[] = [];
  return { lines, log: pino({ level: "debug" }, { write: (line: string) => void lines.push(line) }) };
}

async function kinds(): Promise<Readonly<Record<string, Kind>>> {
  const [eleven, cosy, open, any] = [await elevenLabs(), await cosyVoice(), await openAi(), await cosyVoice()];
  return {
    elevenlabs: {
      service: eleven,
      make: (limits = {}, log) =>
        remoteEngine(
          "elevenlabs",
          { ELEVENLABS_API_KEY: KEY, TALKBOX_ELEVENLABS_URL: eleven.url },
          { limits, ...(log ? { log } : {}) },
        ),
    },
    cosyvoice: {
      service: cosy,
      make: (limits = {}, log) =>
        remoteEngine("cosyvoice", { COSYVOICE_API_URL: cosy.url }, { limits, ...(log ? { log } : {}) }),
    },
    "openai-speech": {
      service: open,
      make: (limits = {}, log) =>
        remoteEngine(
          "openai-speech",
          { TALKBOX_OPENAI_TTS_URL: `${open.url}/v1`, TALKBOX_OPENAI_TTS_KEY: KEY },
          { limits, ...(log ? { log } : {}) },
        ),
    },
    http: {
      service: any,
      make: (limits = {}, log) =>
        remoteEngine(
          "http",
          {
            TALKBOX_HTTP_TTS_URL: `${any.url}/inference_sft`,
            TALKBOX_HTTP_TTS_SEND: "form",
            TALKBOX_HTTP_TTS_FIELDS: '{"tts_text":"{text}","spk_id":"英文女"}',
            TALKBOX_HTTP_TTS_FORMAT: "pcm",
            TALKBOX_HTTP_TTS_HEADERS: JSON.stringify({ authorization: `Bearer ${KEY}` }),
          },
          { limits, ...(log ? { log } : {}) },
        ),
    },
  };
}

/** Requests for speech; an account's voices are asked for besides. */
function asked({ received }: TestService): number {
  return received.filter(({ method }) => method === "POST").length;
}

for (const [id, { service, make }] of Object.entries(await kinds())) {
  describe(id, () => {
    // A request that gave up before it was sent has left its fault to the next.
    beforeEach(() => void (service.faults.length = 0));

    it("speaks a sentence whole, in whatever pieces it comes", async () => {
      const [part] = await say(make(), TEXT);
      assert.ok(part);
      const expected = Array.from(TEXT).length * 0.06;
      assert.ok(Math.abs(heardSeconds(part) - expected) < 0.03, `${heardSeconds(part)} s of ${expected}`);
      assert.ok(Math.abs(toneOf(part) - pitchOf(TEXT)) < 8, `${toneOf(part)} Hz of ${pitchOf(TEXT)}`);
    });

    it("keeps the pitch where only the pace changes, and moves it by semitones", async () => {
      const [fast] = await say(make(), TEXT, { rate: 1.8 });
      const [high] = await say(make(), TEXT, { pitch: 12 });
      assert.ok(fast && high);
      assert.ok(Math.abs(toneOf(fast) / pitchOf(TEXT) - 1) < 0.04, `${toneOf(fast)} Hz`);
      assert.ok(Math.abs(toneOf(high) / pitchOf(TEXT) - 2) < 0.06, `${toneOf(high)} Hz`);
    });

    for (const [what, fault] of [
      ["a 500", { status: 500, body: "Internal Server Error" }],
      ["a 503 that says when", { status: 503, body: {}, headers: { "retry-after": "0" } }],
      ["a 429", { status: 429, body: {} }],
      ["a connection that is cut in the middle", "cut"],
      ["an answer without sound", "empty"],
      ["silence", "hush"],
    ] as readonly [string, Fault][]) {
      it(`speaks after ${what}, and after two of them`, async () => {
        service.faults.push(fault, fault);
        const before = asked(service);
        assert.equal((await say(make(), TEXT)).length, 1);
        assert.equal(asked(service) - before, 3);
      });
    }

    for (const [what, fault, code] of [
      ["500", { status: 500, body: "Internal Server Error" }, "engine_failed"],
      ["429", { status: 429, body: {} }, "queue_full"],
      ["a cut connection", "cut", "engine_failed"],
      ["silence", "hush", "engine_failed"],
    ] as readonly [string, Fault, string][]) {
      it(`gives up after three of ${what}`, async () => {
        service.faults.push(fault, fault, fault);
        const before = asked(service);
        await assert.rejects(say(make(), TEXT), { code });
        assert.equal(asked(service) - before, 3);
      });
    }

    it("does not wait longer than it may for a service that asks it to", async () => {
      service.faults.push({ status: 429, body: {}, headers: { "retry-after": "3600" } });
      await assert.rejects(say(make(), TEXT), { code: "queue_full" });
    });

    it("gives up on a service that stops in the middle, and on one that never begins", async () => {
      service.faults.push("stall");
      await assert.rejects(say(make({ idleMs: 300, tries: 1 }), TEXT), { code: "timeout" });
      service.faults.push("silent");
      await assert.rejects(say(make({ headersMs: 300, tries: 1 }), TEXT), { code: "timeout" });
      service.faults.push("silent");
      await assert.rejects(say(make({ sentenceMs: 300 }), TEXT), { code: "timeout" });
    });

    it("refuses what is no sound, without asking again", async () => {
      service.faults.push("page");
      const before = asked(service);
      await assert.rejects(say(make(), TEXT), { code: "engine_failed" });
      assert.equal(asked(service) - before, 1);
    });

    it("does not follow redirects, with which the key would go", async () => {
      const elsewhere = await testService((_request, response) => void response.end("x"));
      service.faults.push({ status: 307, body: {}, headers: { location: `${elsewhere.url}/` } });
      await assert.rejects(say(make(), TEXT), { code: "engine_unavailable" });
      assert.equal(elsewhere.received.length, 0);
    });

    it("cancels: the service's connection is broken at once, and nothing is asked again", async () => {
      service.faults.push("stall");
      const abort = new AbortController();
      const before = { left: service.left.count, asked: asked(service) };
      const saying = say(make(), TEXT, {}, abort.signal);
      saying.catch(() => {});
      while (service.load.now === 0) await new Promise((resolve) => setTimeout(resolve, 10));
      abort.abort();
      await assert.rejects(saying, { code: "cancelled" });
      while (service.left.count === before.left) await new Promise((resolve) => setTimeout(resolve, 10));
      assert.equal(asked(service) - before.asked, 1);
    });

    it("leaves nothing under way when its caller takes no more", async () => {
      const request = { text: `${TEXT} ${TEXT}`.repeat(5), voice: "Custom", rate: 1, pitch: 0, sampleRate: 24_000 };
      for await (const _ of make().synthesize(request, new AbortController().signal)) break;
      while (service.load.now > 0) await new Promise((resolve) => setTimeout(resolve, 10));
      assert.ok(asked(service) > 0);
    });

    // CosyVoice has none.
    const keyed = { skip: id === "cosyvoice" };
    it("does not let its key into errors or the log", keyed, async () => {
      const { log, lines } = keptLog();
      const echo = { detail: { status: "x", message: `the key ${KEY} is bad` }, error: { message: `the key ${KEY}` } };
      const engine = make({}, log);
      for (const status of [400, 401, 429, 500]) {
        service.faults.push({ status, body: echo }, { status, body: echo }, { status, body: echo });
        const error = await say(engine, TEXT).then(
          () => assert.fail("it spoke"),
          (thrown: unknown) => thrown as Error,
        );
        log.warn({ err: error }, "failed");
        assert.ok(!error.message.includes(KEY), error.message);
        service.faults.length = 0;
      }
      assert.ok(lines.length > 3);
      assert.ok(!lines.join("").includes(KEY));
      assert.ok(!lines.join("").includes("Hello"), "nor what is said");
    });

    it("rests after a wrong key, which `availability` tells, and is there again when it has spoken", async () => {
      const engine = make({ restMs: 3_600_000 });
      service.faults.push({ status: 401, body: {} });
      await assert.rejects(say(engine, TEXT), { code: "engine_unavailable" });
      const state = await engine.availability();
      assert.ok(!state.available && /key/.test(state.reason) && state.remedy.length > 10);
      await say(engine, TEXT);
      assert.deepEqual(await engine.availability(), { available: true });
    });
  });
}

describe("what is not there", () => {
  it("an engine that is not set up says what to set", async () => {
    for (const [id, setting] of [
      ["elevenlabs", /ELEVENLABS_API_KEY/],
      ["cosyvoice", /COSYVOICE_API_URL/],
      ["openai-speech", /OPENAI_API_KEY/],
      ["http", /TALKBOX_HTTP_TTS_URL/],
    ] as const) {
      const engine = remoteEngine(id, {});
      const state = await engine.availability();
      assert.ok(!state.available && setting.test(state.reason) && state.remedy.length > 10);
      await assert.rejects(say(engine, TEXT), { code: "engine_unavailable" });
      assert.ok((await engine.voices()).length > 0);
    }
  });

  it("a service that cannot be reached is named with its setting, and rests", async () => {
    const engine = remoteEngine("cosyvoice", { COSYVOICE_API_URL: "http://127.0.0.1:1" });
    await assert.rejects(say(engine, TEXT), { code: "engine_unavailable", message: /COSYVOICE_API_URL/ });
    assert.equal((await engine.availability()).available, false);
  });

  it("a placeholder that is not known is named", async () => {
    const env = { TALKBOX_HTTP_TTS_URL: "http://127.0.0.1:1/{txt}" };
    const state = await remoteEngine("http", env).availability();
    assert.ok(!state.available && /\{txt\}/.test(state.reason) && /\{text\}/.test(state.remedy));
  });
});

describe("ElevenLabs' own ways", () => {
  const made = async (most = 5) => {
    const service = await elevenLabs({ most });
    const env = {
      ELEVENLABS_API_KEY: KEY,
      TALKBOX_ELEVENLABS_URL: service.url,
      ELEVENLABS_VOICE_ID: "ownVoice0000000000001",
    };
    return { service, engine: remoteEngine("elevenlabs", env) };
  };
  const last = ({ received }: TestService) => {
    const request = received.findLast(({ method }) => method === "POST");
    assert.ok(request);
    return { ...request, body: JSON.parse(request.body.toString("utf8")) as Record<string, unknown> };
  };

  it("a used-up quota is told apart from a bad key, and from too many requests", async () => {
    const { service, engine } = await made();
    const detail = (status: string) => ({ detail: { status, message: "no" } });
    service.faults.push({ status: 401, body: detail("quota_exceeded") });
    const before = asked(service);
    await assert.rejects(say(engine, TEXT), { code: "engine_unavailable", message: /quota/ });
    assert.equal(asked(service) - before, 1, "it is not asked again");
    service.faults.push({ status: 401, body: detail("invalid_api_key") });
    await assert.rejects(say(engine, TEXT), { code: "engine_unavailable", message: /ELEVENLABS_API_KEY/ });
    service.faults.push({ status: 429, body: detail("too_many_concurrent_requests") });
    assert.equal((await say(engine, TEXT)).length, 1, "it waits, and asks again");
    service.faults.push({ status: 400, body: detail("voice_not_found") });
    await assert.rejects(say(engine, TEXT), { code: "invalid_input" });
    service.faults.push({ status: 400, body: detail("max_character_limit_exceeded") });
    await assert.rejects(say(engine, TEXT), { code: "input_too_large" });
  });

  it("`Custom` is ELEVENLABS_VOICE_ID, and the account's voices are there by name, in any case", async () => {
    const { service, engine } = await made();
    const names = (await engine.voices()).map(({ name }) => name);
    assert.deepEqual(names, ["Custom", "Rachel", "Bella", "Antoni", "Domi", "민지"]);
    await say(engine, TEXT, { voice: "custom" });
    assert.match(last(service).path, /ownVoice0000000000001/);
    await say(engine, TEXT, { voice: "bella" });
    assert.match(last(service).path, /EXAVITQu4vr4xnSDxMaL/);
    await say(engine, TEXT, { voice: "민지" });
    assert.match(last(service).path, /ownVoice0000000000001/);
    await assert.rejects(say(engine, TEXT, { voice: "Nobody" }), { code: "invalid_input", message: /Rachel/ });
  });

  it("sends what the service knows: model, speed within its range, seed, what comes before and after", async () => {
    const { service, engine } = await made();
    await say(engine, `${TEXT} And what else is there to say?`, { rate: 1.1, seed: 7 });
    const { body, query, headers } = last(service);
    assert.equal(query.get("output_format"), "pcm_24000");
    assert.equal(headers["xi-api-key"], KEY);
    assert.equal(body["model_id"], "eleven_multilingual_v2");
    assert.deepEqual(body["voice_settings"], { speed: 1.1 });
    assert.equal(body["seed"], 7);
    assert.match(String(body["previous_text"]), /^Hello there/);
    assert.equal(body["language_code"], undefined, "this model takes none");
    await say(engine, "Сәлеметсіз бе, қалайсыз?");
    assert.deepEqual([last(service).body["model_id"], last(service).body["language_code"]], ["eleven_v3", "kk"]);
  });

  it("words have their times, as the characters say", async () => {
    const { engine } = await made();
    const [part] = await say(engine, "Hello, «dear» friend — yes.", { words: true });
    assert.deepEqual(
      part?.words?.map(({ text }) => text),
      ["Hello", "dear", "friend", "yes"],
    );
    const [hello, dear] = part.words ?? [];
    // 60 ms a character: the second word begins eight characters after the first.
    assert.ok(hello && dear && Math.abs(dear.start - hello.start - 0.48) < 0.005);
    const [fast] = await say(engine, "Hello, «dear» friend — yes.", { words: true, rate: 2 });
    const [first, second] = fast?.words ?? [];
    assert.ok(first && second && Math.abs(second.start - first.start - 0.24) < 0.005);
  });

  it("no more is under way than the plan allows, once the service has told", async () => {
    const { service, engine } = await made(1);
    await say(engine, TEXT);
    service.load.most = 0;
    await Promise.all([say(engine, TEXT), say(engine, TEXT), say(engine, `${TEXT} ${TEXT}`)]);
    assert.equal(service.load.most, 1);
  });
});

describe("CosyVoice's own ways", () => {
  it("without a path the project's route is called, by speakers that go by the language", async () => {
    const service = await cosyVoice();
    const engine = remoteEngine("cosyvoice", { COSYVOICE_API_URL: `${service.url}/` });
    const speakers = [];
    for (const text of ["안녕하세요, 반갑습니다.", "Hello there.", "Привет, как дела?"]) {
      await say(engine, text);
      speakers.push((await formOf(service.received.at(-1)!)).get("spk_id"));
    }
    assert.deepEqual(speakers, ["韩语女", "英文女", "韩语女"]);
    assert.equal(service.received[0]?.path, "/inference_sft");
  });

  it("a server's error is one of the engine's, and its list of missing fields is told", async () => {
    const service = await cosyVoice();
    const env = { COSYVOICE_API_URL: service.url, TALKBOX_COSYVOICE_VOICES: "nobody" };
    await assert.rejects(say(remoteEngine("cosyvoice", env), TEXT), { code: "engine_failed", message: /500/ });
    const bare = { COSYVOICE_API_URL: service.url, TALKBOX_COSYVOICE_FIELDS: '{"tts_text":"{text}"}' };
    await assert.rejects(say(remoteEngine("cosyvoice", bare), TEXT), { message: /body\.spk_id: Field required/ });
  });

  it("its samples are of the rate that is set: 22.05 kHz for the first version", async () => {
    const service = await cosyVoice(22_050);
    const env = { COSYVOICE_API_URL: service.url, TALKBOX_COSYVOICE_SAMPLE_RATE: "22050" };
    const [part] = await say(remoteEngine("cosyvoice", env), TEXT);
    assert.ok(part && Math.abs(toneOf(part) - pitchOf(TEXT)) < 8);
  });

  it("with a recording it speaks like that, with or without what is said in it", async () => {
    const service = await cosyVoice();
    const prompt = {
      COSYVOICE_API_URL: service.url,
      TALKBOX_COSYVOICE_PROMPT_WAV: new URL(import.meta.url).pathname,
    };
    await say(remoteEngine("cosyvoice", prompt), TEXT);
    assert.equal(service.received.at(-1)?.path, "/inference_cross_lingual");
    const spoken = { ...prompt, TALKBOX_COSYVOICE_PROMPT_TEXT: "You are helpful.<|endofprompt|>안녕" };
    await say(remoteEngine("cosyvoice", spoken), TEXT);
    const form = await formOf(service.received.at(-1)!);
    assert.equal(form.get("prompt_text"), "You are helpful.<|endofprompt|>안녕");
    assert.ok((form.get("prompt_wav") as File).size > 1000);
    const gone = { ...prompt, TALKBOX_COSYVOICE_PROMPT_WAV: "/nowhere/at-all.wav" };
    await assert.rejects(say(remoteEngine("cosyvoice", gone), TEXT), {
      code: "engine_unavailable",
      message: /TALKBOX_COSYVOICE_PROMPT_WAV/,
    });
  });

  it("a wrapper with a path gets its own fields, as JSON", async () => {
    const service = await testService((_request, response) => {
      response.writeHead(200, { "content-type": "application/octet-stream" });
      return sendPieces(response, Buffer.alloc(48_000, "\x10\x20\x30"), undefined);
    });
    const env = {
      COSYVOICE_API_URL: `${service.url}/api/tts`,
      TALKBOX_COSYVOICE_SEND: "json",
      TALKBOX_COSYVOICE_FIELDS: '{"text":"{text}","opts":{"speed":"{rate}","seed":"{seed}"},"who":["{voice}"]}',
      TALKBOX_COSYVOICE_VOICES: "mina",
    };
    await say(remoteEngine("cosyvoice", env), TEXT, { rate: 1.5 });
    const { path, body } = service.received[0]!;
    assert.equal(path, "/api/tts");
    assert.deepEqual(JSON.parse(body.toString("utf8")), { text: TEXT, opts: { speed: 1.5 }, who: ["mina"] });
  });
});
