import assert from "node:assert/strict";
import { test } from "node:test";
import { AppError } from "../../src/errors.ts";
import { translated } from "../../src/server/translations.ts";
import { localServer } from "./local-server.ts";

const server = await localServer();

const LONG = "가".repeat(20_001);

/** Bodies that every floor below finds something wrong with, and what their documents' clients are told. */
const KOREAN: readonly (readonly [path: string, body: unknown, status: number, said: RegExp])[] = [
  ["/api/v2/lipsync", { text: 5 }, 400, /^text: 문자열이어야 합니다$/],
  ["/api/v2/lipsync", { text: "가", quality: "best" }, 400, /^quality: 다음 중 하나여야 합니다: high, medium, low$/],
  ["/api/v2/lipsync", { text: "가", frame_skip: 4 }, 400, /^frame_skip: 다음 중 하나여야 합니다: 1, 2, 3$/],
  ["/api/v2/lipsync", { text: "가", persist: "yes" }, 400, /^persist: true 또는 false여야 합니다$/],
  ["/api/v2/lipsync", { text: "가", avatar: "x".repeat(201) }, 400, /^avatar: 200자 이하여야 합니다$/],
  [
    "/api/v2/lipsync",
    { text: "가", avatar: "talk_shor" },
    404,
    /^아바타 "talk_shor"을\(를\) 찾을 수 없습니다\. .*talk_short/,
  ],
  [
    "/api/v2/lipsync",
    { text: "가", tts_engine: "siri" },
    400,
    /^tts_engine: "siri"은\(는\) 없는 엔진입니다\. .*elevenlabs/,
  ],
  ["/api/v2/lipsync", { text: "가", tts_voice: "nobody" }, 400, /^음성 "nobody"을\(를\) 찾을 수 없습니다\. .*belinda/],
  ["/api/v2/lipsync", { text: "가", tts_engine: "elevenlabs" }, 503, /환경 변수 ELEVENLABS_API_KEY/],
  ["/api/v2/lipsync", "{", 400, /JSON이 아닙니다/],
  ["/api/v2/lipsync", { text: LONG.repeat(15) }, 413, /^요청 본문이 너무 큽니다/],
  ["/api/v2/lipsync", { text: "..." }, 400, /^읽을 글자가 없습니다/],
  ["/api/chat", { message: "가", history: [{ role: "user" }] }, 400, /^history\.0\.content: 필수 항목입니다$/],
  [
    "/api/chat",
    { message: "가", max_tokens: 1.5, temperature: 3 },
    400,
    /^max_tokens: 정수여야 합니다; temperature: 2 이하/,
  ],
  ["/api/chat", { message: "가", llm_engine: "x" }, 400, /^LLM 엔진 "x"은\(는\) 없습니다/],
  ["/generate", { text: LONG }, 413, /^텍스트가 너무 깁니다 \(최대 20000자\)$/],
  ["/generate/multi-speaker", { text: "[SPEAKER0]" }, 400, /^대화에 읽을 내용이 없습니다/],
  ["/generate/voice-clone", { text: "가", reference_audio: "!!!" }, 400, /base64가 아닙니다$/],
];

const RUSSIAN: typeof KOREAN = [
  ["/api/stream_chunks", { text: 5 }, 400, /^text: нужна строка$/],
  ["/api/stream_chunks", { text: "да", language: "de" }, 400, /^language: допустимые значения: ru, kk, en$/],
  ["/api/stream_chunks", { text: "да", chunk_size: 4 }, 400, /^chunk_size: не меньше 5$/],
  ["/api/stream_chunks", { text: "да", chunk_size: 31 }, 400, /^chunk_size: не больше 30$/],
  ["/api/stream_chunks", { text: "да", chunk_size: "x" }, 400, /^chunk_size: нужно число$/],
  ["/api/stream_chunks", { text: "слово ".repeat(5000) }, 413, /^Текст слишком длинный/],
  ["/api/stream_chunks", { text: "..." }, 400, /нечего произносить/],
  ["/api/generate", "{", 400, /не JSON/],
];

for (const [path, body, status, said] of [...KOREAN, ...RUSSIAN]) {
  test(`${path} says in its document's language what is wrong with ${JSON.stringify(body).slice(0, 60)}`, async () => {
    const answer = await server.call(path, { body });
    const message = String(answer.body["error"] ?? answer.body["detail"]);
    assert.equal(answer.status, status, message);
    assert.match(message, said);
  });
}

test("another content type is told so in the document's language", async () => {
  for (const [path, said] of [
    ["/api/v2/lipsync", /JSON으로 보내세요/],
    ["/api/generate", /Отправьте JSON/],
  ] as const) {
    const { status, body } = await server.call(path, { body: "x", headers: { "content-type": "text/plain" } });
    assert.equal(status, 415);
    assert.match(String(body["error"]), said);
  }
});

test("an error keeps its code, its violations and its cause; without words for it, it stays as it is", () => {
  const violations = [{ path: "avatar", message: "unknown" }];
  const error = new AppError("not_found", 'There is no avatar "x". Known: a, b.', { violations });
  const said = translated(error, "ru");
  assert.deepEqual([said.code, said.violations, said.cause], ["not_found", violations, error]);
  assert.equal(said.message, "Аватар «x» не найден. Доступны: a, b");
  const rare = new AppError("media_failed", "The encoder broke.");
  assert.equal(translated(rare, "ko"), rare);
});
