import assert from "node:assert/strict";
import { test } from "node:test";
import type { SpeechEngine, SpeechPart } from "../../src/engines/speech/speech-engine.ts";
import { Channel } from "../../src/pipelines/channel.ts";
import type { PipelineContext } from "../../src/pipelines/pipeline.ts";
import { sentencesOf } from "../../src/pipelines/sentences.ts";
import { speakAsWritten } from "../../src/pipelines/spoken-reply.ts";
import { StageClock } from "../../src/telemetry.ts";

async function* pieces(text: string, size: number): AsyncGenerator<string> {
  for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size);
}

test("sentences are cut where they end, whatever the pieces, and nothing is lost", async () => {
  const cases: readonly (readonly string[])[] = [
    ["안녕하세요, 반갑습니다. ", "먼저 자기소개를 해 주시겠어요?"],
    ["네, 알겠습니다. ", "3.5초에서 0.4초로 줄이셨군요! ", "어떻게 하셨나요?"],
    ["네. 그럼 다음 질문을 드리겠습니다."],
    ["첫 번째 줄입니다\n", "두 번째 줄입니다"],
    ["“정말 그런가요?” ", "하고 물었습니다. ", "그래서요…"],
    ["Dr. Kim said hello to everyone. ", "Then he left."],
  ];
  for (const sentences of cases) {
    for (const size of [1, 3, 100]) {
      const cut = await Array.fromAsync(sentencesOf(pieces(sentences.join(""), size)));
      assert.equal(cut.join(""), sentences.join(""));
      assert.deepEqual(cut, sentences, `in pieces of ${size}`);
    }
  }
  assert.deepEqual(await Array.fromAsync(sentencesOf(pieces("  ", 1))), [], "blanks are not spoken");
});

test("the first sentence is spoken while the second is still being written", async () => {
  const tokens = new Channel<string>();
  const spoken: string[] = [];
  const engine = {
    info: { id: "recorder" },
    async *synthesize({ text }: { text: string }): AsyncGenerator<SpeechPart> {
      spoken.push(text);
      yield { text, language: "ko", audio: { sampleRate: 24_000, samples: new Float32Array(10) } };
    },
  } as unknown as SpeechEngine;
  const context = {
    signal: new AbortController().signal,
    clock: new StageClock(),
    used: () => {},
  } as unknown as PipelineContext;
  const parts = speakAsWritten(engine, { voice: "v", rate: 1, pitch: 0, sampleRate: 24_000 }, tokens, context);
  tokens.push("안녕하세요, 반갑습니다. 먼저");
  const first = await parts.next();
  assert.equal((first.value as SpeechPart).text, "안녕하세요, 반갑습니다. ");
  assert.deepEqual(spoken, ["안녕하세요, 반갑습니다. "], "nothing of what is not finished");
  tokens.push(" 자기소개를 부탁드립니다.");
  tokens.end();
  assert.equal(((await parts.next()).value as SpeechPart).text, "먼저 자기소개를 부탁드립니다.");
  assert.equal((await parts.next()).done, true);
});

test("a text that fails while it is written fails the speech", async () => {
  async function* broken(): AsyncGenerator<string> {
    yield "안녕하세요, 반갑습니다. ";
    throw new Error("cut");
  }
  const cut = sentencesOf(broken());
  assert.equal((await cut.next()).value, "안녕하세요, 반갑습니다. ");
  await assert.rejects(cut.next(), /cut/);
});
