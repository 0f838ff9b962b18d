import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { EngineCatalog } from "../../../src/engines/catalog.ts";
import { higgsServer, recording, rms, soundOf, type Spoken } from "./server.ts";

const server = await higgsServer();
const TEXT = "안녕하세요, 이것은 음성으로 변환할 샘플 텍스트입니다.";

async function post(path: string, body: unknown): Promise<{ status: number; body: Spoken }> {
  const { status, body: answer } = await server.call(path, { body });
  return { status, body: answer as unknown as Spoken };
}

/** Samples of which two sounds differ. */
function differences(a: Float32Array, b: Float32Array): number {
  return a.length === b.length ? a.filter((value, n) => value !== b[n]).length : Math.max(a.length, b.length);
}

describe("003 generation", () => {
  it("003 §상태 확인: GET /health tells the status, the device and how many voices there are", async () => {
    const { status, body } = await server.call("/health");
    const voices = (await server.call("/voices")).body as unknown as unknown[];
    assert.equal(status, 200);
    assert.deepEqual(Object.keys(body), ["status", "model_loaded", "device", "voices_available"]);
    assert.deepEqual([body["status"], body["model_loaded"]], ["healthy", true]);
    assert.ok(["cuda", "cpu"].includes(String(body["device"])));
    assert.equal(body["voices_available"], voices.length);
  });

  it("003 §사용 가능한 음성 목록 조회: GET /voices is a list of name and description", async () => {
    const { status, body } = await server.call("/voices");
    const voices = body as unknown as { name: string; description: string }[];
    assert.equal(status, 200);
    assert.ok(voices.length >= 15);
    for (const voice of voices) assert.deepEqual(Object.keys(voice), ["name", "description"]);
    const described = new Map(voices.map(({ name, description }) => [name, description]));
    assert.equal(described.get("belinda"), "따뜻하고 친근한 여성 음성");
    assert.equal(described.get("chadwick"), "깊고 권위있는 남성 음성");
  });

  it("003 §기본 텍스트 음성 변환: POST /generate answers a 24 kHz WAV, the text, its duration and usage", async () => {
    const { status, body } = await post("/generate", { text: TEXT });
    assert.equal(status, 200);
    assert.deepEqual(Object.keys(body), ["audio_base64", "text", "sampling_rate", "duration", "usage"]);
    assert.equal(body.text, TEXT);
    assert.equal(body.sampling_rate, 24_000);
    const { sampleRate, samples, seconds } = soundOf(body);
    assert.equal(sampleRate, 24_000);
    assert.ok(seconds > 2 && rms(samples) > 0.02);
    assert.ok(Math.abs(seconds - body.duration) < 0.001);
    const { prompt_tokens: prompt, completion_tokens: completion, total_tokens: total } = body.usage;
    assert.equal(prompt, Array.from(TEXT).length);
    assert.equal(completion, Math.ceil(body.duration * 25));
    assert.equal(total, prompt + completion);
  });

  it("003 §요청 매개변수 설명: seed gives the same sound bit for bit, and another seed another", async () => {
    const first = soundOf((await post("/generate", { text: TEXT, seed: 42 })).body);
    await post("/generate", { text: "Something in between." });
    const again = soundOf((await post("/generate", { text: TEXT, seed: 42 })).body);
    assert.equal(differences(first.samples, again.samples), 0);
  });

  it("003 §요청 매개변수 설명: parameters without an effect are named in warnings", async () => {
    const { status, body } = await post("/generate", {
      text: "안녕",
      temperature: 0.7,
      top_p: 0.95,
      top_k: 50,
      max_new_tokens: 1024,
    });
    assert.equal(status, 200);
    for (const name of ["temperature", "top_p", "top_k", "max_new_tokens"]) {
      assert.match((body.warnings ?? []).join(" "), new RegExp(name));
    }
  });

  it("003 §요청 매개변수 설명: max_new_tokens never cuts speech short", async () => {
    const whole = (await post("/generate", { text: TEXT })).body;
    const bounded = (await post("/generate", { text: TEXT, max_new_tokens: 1 })).body;
    assert.ok(Math.abs(whole.duration - bounded.duration) < 0.1);
  });

  it("003 §요청 매개변수 설명: scene_prompt is heard as a room, and one that names none is told", async () => {
    const plain = soundOf((await post("/generate", { text: "안녕하세요.", seed: 1 })).body);
    const hall = await post("/generate", {
      text: "안녕하세요.",
      seed: 1,
      scene_prompt: "큰 강당에서 녹음된 오디오입니다.",
    });
    assert.ok(soundOf(hall.body).seconds > plain.seconds + 0.5, "the hall rings on");
    assert.equal(hall.body.warnings, undefined);
    const nowhere = await post("/generate", { text: "안녕하세요.", seed: 1, scene_prompt: "xyz" });
    assert.match((nowhere.body.warnings ?? []).join(" "), /scene_prompt/);
  });

  it("003 §요청 매개변수 설명: null and empty parameters are as absent ones", async () => {
    const { status, body } = await post("/generate", { text: "안녕", seed: null, scene_prompt: null, top_k: null });
    assert.equal(status, 200);
    assert.equal(body.warnings, undefined);
    assert.equal((await post("/generate", { text: "안녕", scene_prompt: "" })).status, 200);
  });

  it("003 §요청 매개변수 설명: unknown fields are ignored", async () => {
    assert.equal((await post("/generate", { text: "안녕", stream: false, chunk: 3 })).status, 200);
  });

  const WRONG: readonly [string, object][] = [
    ["no text", {}],
    ["an empty text", { text: "" }],
    ["a text of blanks", { text: "  \n" }],
    ["a text that is a number", { text: 5 }],
    ["a text of marks alone", { text: "..." }],
    ["half a character", { text: "\ud800 hello" }],
    ["temperature below 0", { text: "a", temperature: -0.1 }],
    ["temperature above 2", { text: "a", temperature: 2.1 }],
    ["temperature as text", { text: "a", temperature: "warm" }],
    ["top_p above 1", { text: "a", top_p: 1.01 }],
    ["top_p below 0", { text: "a", top_p: -1 }],
    ["top_k below 0", { text: "a", top_k: -1 }],
    ["top_k that is not whole", { text: "a", top_k: 1.5 }],
    ["max_new_tokens of 0", { text: "a", max_new_tokens: 0 }],
    ["max_new_tokens above 8192", { text: "a", max_new_tokens: 8193 }],
    ["seed below 0", { text: "a", seed: -1 }],
    ["seed beyond 32 bits", { text: "a", seed: 2 ** 32 }],
    ["seed that is not whole", { text: "a", seed: 0.5 }],
    ["scene_prompt that is a list", { text: "a", scene_prompt: ["x"] }],
  ];
  for (const [what, body] of WRONG) {
    it(`003 §오류 처리: ${what} is 400 with a detail`, async () => {
      const { status, body: answer } = await post("/generate", body);
      assert.equal(status, 400, JSON.stringify(answer));
      assert.deepEqual(Object.keys(answer), ["detail"]);
      assert.ok((answer.detail ?? "").length > 3);
    });
  }

  it("003 §오류 처리: bodies that are no JSON object are 400 with a detail, never 422", async () => {
    for (const body of ["{", "[]", "null", '"text"', ""]) {
      const answer = await server.call("/generate", { method: "POST", body });
      assert.equal(answer.status, 400, body);
      assert.deepEqual(Object.keys(answer.body), ["detail"]);
    }
  });

  it("003 §오류 처리: no speech engine is 503 with a detail", async () => {
    const bare = await higgsServer();
    Object.assign(bare.services, { engines: new EngineCatalog([]) });
    const { status, body } = await bare.call("/generate", { body: { text: "안녕" } });
    assert.equal(status, 503);
    assert.deepEqual(Object.keys(body), ["detail"]);
    const health = await bare.call("/health");
    assert.deepEqual([health.body["model_loaded"], health.body["voices_available"]], [false, 0]);
  });

  it("003 §제로샷 음성 복제: reference_voice speaks, in any case of its letters", async () => {
    const { status, body } = await post("/generate/voice-clone", {
      text: "이것은 복제된 음성이 말하고 있습니다.",
      reference_voice: "Chadwick",
    });
    assert.equal(status, 200);
    assert.equal(body.sampling_rate, 24_000);
    assert.ok(soundOf(body).seconds > 1);
  });

  it("003 §제로샷 음성 복제: reference_audio is a recording as base64, and wins over reference_voice", async () => {
    const audio = (await recording()).toString("base64");
    const text = "이 음성을 복제하여 새로운 말을 하게 하고 싶습니다.";
    const { status, body } = await post("/generate/voice-clone", {
      text,
      reference_audio: audio,
      reference_voice: "nobody",
      temperature: 0.3,
    });
    assert.equal(status, 200, body.detail);
    assert.ok(soundOf(body).seconds > 1 && rms(soundOf(body).samples) > 0.02);
    assert.match((body.warnings ?? []).join(" "), /reference_voice/);
  });

  it("003 §제로샷 음성 복제: neither reference is 400", async () => {
    for (const body of [{ text: "안녕" }, { text: "안녕", reference_voice: "", reference_audio: "" }]) {
      const { status, body: answer } = await post("/generate/voice-clone", body);
      assert.equal(status, 400);
      assert.equal(answer.detail, "reference_voice 또는 reference_audio가 필요합니다");
    }
  });

  it("003 §오류 처리: an unknown voice is 400 and lists the known ones in the document's words", async () => {
    const known = ((await server.call("/voices")).body as unknown as { name: string }[]).map(({ name }) => `'${name}'`);
    const expected = `참조 음성 'unknown_voice'를 찾을 수 없습니다. 사용 가능한 음성: [${known.join(", ")}]`;
    const clone = await post("/generate/voice-clone", { text: "안녕", reference_voice: "unknown_voice" });
    assert.deepEqual([clone.status, clone.body], [400, { detail: expected }]);
    const dialogue = await post("/generate/multi-speaker", {
      text: "[SPEAKER0] 안녕",
      reference_voices: ["belinda", "unknown_voice"],
    });
    assert.deepEqual([dialogue.status, dialogue.body], [400, { detail: expected }]);
  });

  it("003 §오류 처리: a reference that is no sound, no base64, or a traversal, is 400", async () => {
    for (const reference of [
      { reference_audio: "*** no base64 ***" },
      { reference_audio: Buffer.from("no sound in here").toString("base64") },
      { reference_audio: "file:///etc/passwd" },
      { reference_audio: "http://127.0.0.1:1/voice.wav" },
      { reference_voice: "../../etc/passwd" },
      { reference_voice: "belinda/../chadwick" },
    ]) {
      const { status, body } = await post("/generate/voice-clone", { text: "안녕", ...reference });
      assert.equal(status, 400, JSON.stringify(reference));
      assert.deepEqual(Object.keys(body), ["detail"]);
      assert.doesNotMatch(body.detail ?? "", /root:/);
    }
  });

  it("003 §다중 화자 대화 생성: tags choose the speakers, and reference_voices their voices", async () => {
    const { status, body } = await post("/generate/multi-speaker", {
      text: "[SPEAKER0] 안녕하세요! 오늘 어떻게 지내세요?\n[SPEAKER1] 잘 지내고 있어요, 물어봐 주셔서 감사해요!",
      reference_voices: ["belinda", "chadwick"],
      temperature: 0.7,
      max_new_tokens: 2048,
      scene_prompt: "카페에서의 친근한 대화.",
    });
    assert.equal(status, 200, body.detail);
    assert.equal(body.sampling_rate, 24_000);
    assert.ok(soundOf(body).seconds > 3);
    assert.match(body.text, /^\[SPEAKER0\]/, "the text is the request's");
  });

  it("003 §다중 화자 텍스트 형식: voices that are missing are chosen, and lines without a tag belong to the last speaker", async () => {
    for (const body of [
      { text: "[SPEAKER0] 하나\n둘\n[SPEAKER1] 셋\n[SPEAKER0] 넷" },
      { text: "[SPEAKER0] 하나\n[SPEAKER1] 둘", reference_voices: ["mabel"] },
      { text: "[SPEAKER0] 하나\n[SPEAKER1] 둘", reference_voices: [null, "mabel"] },
    ]) {
      const { status, body: answer } = await post("/generate/multi-speaker", body);
      assert.equal(status, 200, answer.detail);
      assert.ok(soundOf(answer).seconds > 0.8);
    }
  });

  it("003 §다중 화자 텍스트 형식: tags without anything to say are 400", async () => {
    const { status, body } = await post("/generate/multi-speaker", { text: "[SPEAKER0]\n[SPEAKER1]" });
    assert.equal(status, 400);
    assert.deepEqual(Object.keys(body), ["detail"]);
  });

  it("003 §오디오 형식: speech that is too large for an answer of a job comes whole all the same", async () => {
    const small = await higgsServer({ TALKBOX_INLINE_LIMIT: "1000" });
    const answer = await small.call("/generate", { body: { text: "Hello there." } });
    const body = answer.body as unknown as Spoken;
    assert.equal(answer.status, 200, body.detail);
    assert.ok(soundOf(body).seconds > 0.4);
  });
});
