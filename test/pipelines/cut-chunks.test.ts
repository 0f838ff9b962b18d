import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { cutChunks } from "../../src/pipelines/chunks/cut-chunks.ts";

const WORDS = {
  ru: "привет мир это тест для и в на компания, работает. Сегодня т.е. А. С. Пушкин! — «слово» 3,5 что? который",
  kk: "сәлем, әлем. бұл сынақ және біз жұмыс істейміз! қала мен ауыл т.б. кітап? оқып",
  en: 'hello world, this is a test. Mr. Smith and I which because; e.g. 3.14 "quoted" end!',
  ko: "안녕하세요, 면접에 오신 것을 환영합니다. 먼저 자기소개를 해 주시고 그리고 동기도 말씀해 주세요!",
};

/** The same numbers each time. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

describe("chunks of a text", () => {
  for (const [language, list] of Object.entries(WORDS)) {
    it(`joined by blanks are the text, none of more words than asked for (${language})`, () => {
      const random = numbers(language.length * 7919);
      const words = list.split(" ");
      const blanks = [" ", "  ", "\n", "\t", " \n\n", "\u00a0"];
      const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
      for (let round = 0; round < 150; round++) {
        const count = Math.floor(random() * 90);
        const text = Array.from({ length: count }, () => pick(words) + pick(blanks)).join("");
        const most = 5 + Math.floor(random() * 26);
        const chunks = cutChunks(text, most);
        assert.equal(chunks.join(" "), text.split(/\s+/u).filter(Boolean).join(" "));
        for (const chunk of chunks) {
          const length = chunk.split(" ").length;
          assert.ok(length >= 1 && length <= most, `${length} words of ${most}: ${chunk}`);
        }
      }
    });
  }

  it("end where sentences do wherever that is possible", () => {
    const text = "Это первое предложение из шести слов. Второе короче. Третье предложение снова имеет шесть слов!";
    const chunks = cutChunks(text, 8);
    assert.equal(chunks.length, 2);
    for (const chunk of chunks) assert.match(chunk, /[.!]$/);
    assert.deepEqual(cutChunks("안녕하세요, 면접에 오신 것을 환영합니다. 먼저 간단히 자기소개를 해 주시겠어요?", 8), [
      "안녕하세요, 면접에 오신 것을 환영합니다.",
      "먼저 간단히 자기소개를 해 주시겠어요?",
    ]);
  });

  it("end where clauses do in a sentence that is too long", () => {
    const text =
      "Біздің компания жиырма жылдан бері нарықта жұмыс істейді, және біз мектептерге арналған жабдықтар шығарамыз.";
    assert.deepEqual(cutChunks(text, 10), [
      "Біздің компания жиырма жылдан бері нарықта жұмыс істейді,",
      "және біз мектептерге арналған жабдықтар шығарамыз.",
    ]);
  });

  it("do not part an abbreviation from its sentence, nor leave one word over", () => {
    assert.deepEqual(cutChunks("Мы делаем т.е. производим оборудование. Спасибо вам.", 5), [
      "Мы делаем т.е. производим оборудование.",
      "Спасибо вам.",
    ]);
    const plain = Array.from({ length: 16 }, (_, index) => `word${index}`).join(" ");
    assert.deepEqual(
      cutChunks(plain, 15).map((chunk) => chunk.split(" ").length),
      [8, 8],
    );
  });

  it("are none of nothing", () => {
    assert.deepEqual(cutChunks(" \n ", 15), []);
  });
});
