import assert from "node:assert/strict";
import { test } from "node:test";
import { base64Of, bytesOf, sha256, WOMAN, workbench } from "./workbench.ts";

const { job, assertNothingLeft } = await workbench();
const woman = await base64Of(WOMAN);
await job("upload_voice", { audio: woman, name: "mina" });

const REQUESTS: readonly [operation: string, params: object][] = [
  ["tts", { text: "Hello there. 안녕하세요, 반갑습니다. What a fuss!", voice: "hazel" }],
  ["voice_clone", { text: "쉽지 않은 소식입니다. 네.", reference_voice: "mina" }],
  [
    "multi_speaker",
    { text: "[SPEAKER0] Sixty-six fresh fish. [SPEAKER1] Счастье есть! [SPEAKER0] Yes.", scene_prompt: "in a hall" },
  ],
  ["convert_voice", { audio: woman, voice: "breathy-intimate" }],
];

for (const [operation, params] of REQUESTS) {
  test(`${operation}: the same seed gives the same bits, whatever ran before or at the same time`, async () => {
    const hash = async (seed: number | null): Promise<string> =>
      sha256(await bytesOf(await job(operation, { ...params, seed })));
    const first = await hash(7);
    await job("tts", { text: "Something else, from somebody else.", voice: "walter" });
    const [again, other] = await Promise.all([
      hash(7),
      hash(8),
      job("tts", { text: "And this at the same time.", voice: "priya" }),
    ]);
    assert.equal(again, first);
    assert.notEqual(other, first, "another seed is another take");
  });
}

test("without a seed the engine's noise runs free, which is why a seed needs more than luck", async () => {
  const [, params] = REQUESTS[0] as (typeof REQUESTS)[number];
  const takes = [await job("tts", params), await job("tts", params)];
  const [one, two] = await Promise.all(takes.map(async (take) => sha256(await bytesOf(take))));
  assert.notEqual(one, two);
});

test("timings do not change what is heard of a seeded sentence", async () => {
  const params = { text: "Not a bit of it.", seed: 5 };
  const [bare, timed] = [await job("tts", params), await job("tts", { ...params, timings: true })];
  assert.equal(sha256(await bytesOf(bare)), sha256(await bytesOf(timed)));
});

test("the answer and its receipt name the seed", async () => {
  const result = await job<{ seed: number }>("tts", { text: "Yes.", seed: 4_294_967_295 });
  assert.deepEqual([result.seed, result.receipt.seed], [4_294_967_295, 4_294_967_295]);
  for (const seed of [-1, 1.5, 4_294_967_296]) {
    await assert.rejects(job("tts", { text: "Yes.", seed }), { code: "invalid_input" });
  }
  await assertNothingLeft();
});
