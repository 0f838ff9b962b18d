import assert from "node:assert/strict";
import { test } from "node:test";
import {
  detectLanguage,
  LANGUAGES,
  sentenceLanguage,
  spokenLanguage,
} from "../../src/engines/speech/espeak/language.ts";
import { coded } from "./engine.ts";
import { SENTENCES } from "./sentences.ts";

test("finds the language of the documents' sentences", () => {
  for (const { language, text } of SENTENCES) assert.equal(detectLanguage(text), language, text);
});

const CASES = [
  ["저는 machine learning 엔지니어입니다", "ko"],
  ["The word 안녕 means hello", "en"],
  ["Это machine learning и API, версия 3.5.", "ru"],
  ["Ә", "kk"],
  ["ОЙ-ҚАЛА", "kk"],
  ["Это API для lip sync видео", "ru"],
  ["Привіт, як у вас справи? Її немає.", "uk"],
  ["12345", "en"],
  ["こんにちは、世界", "ja"],
  ["你好", "zh"],
  ["Γειά σου", "el"],
  ["שלום", "he"],
  ["مرحبا", "ar"],
  ["Straße", "en"],
] as const;
for (const [text, language] of CASES)
  test(`${text} is ${language}`, () => assert.equal(detectLanguage(text), language));

test("a sentence is in the text's language unless all of it is in another script", () => {
  assert.equal(sentenceLanguage("Бала бар.", "kk"), "kk");
  assert.equal(sentenceLanguage("Hello.", "kk"), "en");
  assert.equal(sentenceLanguage("API и ML", "ru"), "ru");
  assert.equal(sentenceLanguage("안녕", "en"), "ko");
  assert.equal(sentenceLanguage("123", "ko"), "ko");
  assert.equal(sentenceLanguage("Guten Tag", "de"), "de");
  assert.equal(sentenceLanguage("世界", "ja"), "ja");
});

test("knows a hundred languages by tag, with regions", () => {
  assert.ok(LANGUAGES.length >= 90);
  assert.deepEqual(spokenLanguage("en"), { code: "en", voice: "en-us" });
  assert.deepEqual(spokenLanguage("en_GB"), { code: "en", voice: "en-gb-x-rp" });
  assert.deepEqual(spokenLanguage("KO-kr"), { code: "ko", voice: "ko" });
  assert.deepEqual(spokenLanguage("zh-CN"), { code: "zh", voice: "cmn" });
  assert.throws(() => spokenLanguage("tlh"), coded("invalid_input"));
  assert.throws(() => spokenLanguage(""), coded("invalid_input"));
});
