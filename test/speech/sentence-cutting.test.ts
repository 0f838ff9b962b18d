import assert from "node:assert/strict";
import { test } from "node:test";
import { cutSentences } from "../../src/engines/speech/espeak/sentences.ts";

const trimmed = (text: string): string[] => cutSentences(text).map((part) => part.trim());

const CASES: readonly (readonly [what: string, parts: readonly string[]])[] = [
  ["English", ["Hello there.", "How are you?", "Fine!"]],
  ["Korean", ["네, 반갑습니다.", "먼저 간단히 자기소개를 해주시겠어요?", "좋아요!"]],
  ["Russian", ["Привет.", "Как дела?", "Хорошо…", "Пока!"]],
  ["Kazakh", ["Сәлем.", "Қалың қалай?", "Жақсы."]],
  ["decimals, dates and times", ["It costs 3.5 dollars on 12.11.2025 at 3.30.", "Good."]],
  ["initials", ["Роман написал А. С. Пушкин в Петербурге.", "Он известен."]],
  ["English abbreviations", ["Dr. Smith met Mr. Jones, e.g. at noon, in the U.S. office.", "They talked."]],
  ["Russian abbreviations", ["Это т.е. так, и в 2020 г. было 5 тыс. руб. на ул. Ленина.", "Вот."]],
  ["an abbreviation at the end", ["Книги, тетради и т.д.", "Потом пришли гости."]],
  ["Kazakh abbreviations", ["Кітап, дәптер т.б. заттар бар.", "Солай."]],
  ["addresses", ["Write to me@example.com or see example.com/a.b today.", "Bye."]],
  ["quotations", ["«Привет!» — сказал он.", "“Really?” she asked.", "Yes."]],
  ["closing quotes", ["He said “Stop.”", "Then he left."]],
  ["Chinese and Japanese, without blanks", ["こんにちは。", "元気ですか？", "はい。"]],
  ["lines", ["A title", "A sentence under it."]],
  ["a broken line", ["This sentence goes\non in the next line."]],
  ["numbered lines", ["1. First thing.", "2. Second thing."]],
  ["several marks", ["What?!", "No...", "Yes!!!"]],
];
for (const [what, parts] of CASES) {
  test(`cuts ${what}`, () => {
    const glue = what.includes("without blanks") ? "" : what.includes("lines") ? "\n" : " ";
    assert.deepEqual(trimmed(parts.join(glue)), parts);
  });
}

test("what cannot be spoken stays with its neighbour", () => {
  assert.deepEqual(trimmed("… Hello. !!! — ??? Bye."), ["… Hello. !!! — ???", "Bye."]);
  assert.deepEqual(cutSentences("!!!"), ["!!!"]);
  assert.deepEqual(cutSentences(""), []);
});

test("a long sentence is cut at clause marks, then at blanks, then anywhere", () => {
  const clause = "and this is one more clause of a long sentence, ";
  for (const part of cutSentences(`Well, ${clause.repeat(20)}done.`).slice(0, -1)) assert.match(part, /, $/u);
  for (const part of cutSentences("word ".repeat(300)).slice(0, -1)) assert.match(part, /^(?:word )+$/u);
  const solid = cutSentences("a".repeat(1_000));
  assert.ok(solid.length >= 4);
  for (const part of solid) assert.ok(part.length <= 240);
  for (const part of cutSentences("가".repeat(1_000))) assert.ok(part.length <= 120);
});

test("a long first sentence begins with a short part", () => {
  const text =
    "When you are ready, please tell me about the most difficult project that you have worked on, and what you learned from it.";
  const parts = cutSentences(text);
  assert.equal(
    parts[0],
    "When you are ready, please tell me about the most difficult project that you have worked on, ".slice(
      0,
      parts[0]?.length,
    ),
  );
  assert.ok((parts[0]?.length ?? 0) <= 90);
  assert.equal(parts.join(""), text);
});

test("characters are never cut apart", () => {
  const family = "👨‍👩‍👧‍👦";
  for (const part of cutSentences(`x${family.repeat(120)}`))
    assert.ok(!/^[\u200d\p{M}]/u.test(part) && part.isWellFormed());
  for (const part of cutSentences("e\u0301".repeat(500))) assert.ok(part.startsWith("e"));
});

test("nothing is lost, whatever the text", () => {
  const pieces = [
    ..." .,!?…:;-—\n\t\"'()«»“”[]<>&%$0123456789",
    "a",
    "Б",
    "қ",
    "가",
    "힣",
    "語",
    "。",
    "т.е.",
    "Mr.",
    "3.5",
    "А. С.",
    "e\u0301",
    "😀",
    "👨‍👩‍👧",
    "http://a.b",
    "\u200b",
    "\r\n",
    " word ",
    "слово ",
    "안녕 ",
  ];
  let state = 42;
  const random = (below: number): number => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
  for (let round = 0; round < 2_000; round++) {
    const text = Array.from({ length: random(200) }, () => pieces[random(pieces.length)]).join("");
    const parts = cutSentences(text);
    assert.equal(parts.join(""), text);
    assert.ok(parts.every((part) => part !== ""));
    const isSpeakable = (part: string): boolean => /[\p{L}\p{N}]/u.test(part);
    if (isSpeakable(text)) assert.ok(parts.every(isSpeakable), JSON.stringify(parts));
  }
});

test("a very long text is cut in a moment", () => {
  const started = performance.now();
  for (const text of [
    "a".repeat(20_000),
    "가 ".repeat(10_000),
    ". ".repeat(10_000),
    "а".repeat(20_000),
    "\n".repeat(20_000),
    "a.".repeat(10_000),
    "(".repeat(20_000),
  ]) {
    assert.equal(cutSentences(text).join(""), text);
  }
  assert.ok(performance.now() - started < 3_000);
});
