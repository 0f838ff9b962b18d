import assert from "node:assert/strict";
import { test } from "node:test";
import { toMarkedSsml, toSsml } from "../../src/engines/speech/espeak/ssml.ts";
import { checkText, splitWords } from "../../src/engines/speech/espeak/text.ts";
import { MAX_TEXT_CODE_POINTS } from "../../src/limits/inputs.ts";
import { coded } from "./engine.ts";

test("the limit counts code points", () => {
  checkText("😀".repeat(MAX_TEXT_CODE_POINTS - 1) + "a");
  assert.throws(() => checkText("a".repeat(MAX_TEXT_CODE_POINTS + 1)), coded("input_too_large"));
});

test("words keep the caller's spelling without the marks around them", () => {
  const of = (text: string): readonly string[] => splitWords(text).words;
  assert.deepEqual(of("(Hello), «мир»! — don't 50% $5 #1 안녕."), ["Hello", "мир", "don't", "50%", "$5", "#1", "안녕"]);
  // Decomposed Hangul is spoken composed, and given back as it came.
  const decomposed = "안녕".normalize("NFD");
  assert.deepEqual(of(decomposed), [decomposed]);
  assert.equal(splitWords(decomposed).mapped.text, "안녕");
});

test("what cannot be heard is left out", () => {
  assert.equal(splitWords("a\u0000b\u200b c\ufeff\u202e d\ue000").mapped.text, "ab c d");
});

test("markup and phoneme brackets are escaped", () => {
  assert.equal(toSsml(splitWords("<b> & [[x]] [[[").mapped, "en").ssml, "&lt;b&gt; &amp; [ [x] ] [ [ [");
});

test("letters of another script get a voice that can read them", () => {
  const ssml = (text: string, language: string): string => toSsml(splitWords(text).mapped, language).ssml;
  assert.equal(ssml("hi привет мир, ok", "en"), 'hi <voice name="ru">привет мир</voice>, ok');
  assert.equal(ssml("привет", "en"), '<voice name="ru">привет</voice>');
  assert.equal(ssml("저는 API 좋아", "ko"), "저는 API 좋아");
  assert.equal(ssml("(你好)", "ko"), '(<voice name="cmn">你好</voice>)');
  assert.equal(ssml("世界です", "ja"), "世界です");
});

test("every code point of the markup knows its word", () => {
  for (const text of ["a <b> & c", "hi привет мир, ok 😀 end", "[[x]] y"]) {
    const { words, mapped } = splitWords(text);
    for (const { ssml, owners } of [toSsml(mapped, "en"), toMarkedSsml(mapped)]) {
      assert.equal(owners.length, [...ssml].length);
      assert.equal(Math.max(...owners), words.length - 1);
    }
  }
});
