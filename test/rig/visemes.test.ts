import assert from "node:assert/strict";
import { test } from "node:test";
import { VISEMES } from "../../src/engines/lipsync/rig/viseme-table.ts";
import { isStressed, visemesOf } from "../../src/engines/lipsync/rig/visemes.ts";

const namesOf = (ipa: string, language = "en"): readonly string[] =>
  visemesOf(ipa, language).map(({ viseme }) => viseme.name);

/** Symbols that espeak uses in each language. */
const INVENTORY = {
  en: "p b t d k ɡ f v θ ð s z ʃ ʒ h tʃ dʒ m n ŋ l ɹ w j ɾ ʔ iː ɪ ɛ æ ɑː ɔː ʊ uː ʌ ɜː ə ɚ ᵻ eɪ aɪ ɔɪ oʊ aʊ ɪɹ ɛɹ ʊɹ əl n̩",
  ru: "p pʲ b bʲ t tʲ d dʲ k kʲ ɡ f fʲ v vʲ s sʲ z zʲ ʃ ʒ ʂ ʐ ɕː x ts tɕ tʃ m mʲ n nʲ l ɭ ɫ r rʲ j i ɨ y u o e ɛ a ɑ æ ɐ ə ɪ ʊ ʌ",
  kk: "p b t d k ɡ q ʁ f v s z ʃ ʒ x h tʃ ts m n ŋ l ɫ r ɾ j w i ɪ y ʏ ʉ u ʊ o ø œ ɵ e ɛ æ ɑ a ə ɯ",
  ko: "p pʰ p͈ b t tʰ t͈ d k kʰ k͈ ɡ s s͈ ɕ h tɕ tɕʰ t͈ɕ dʑ m n ŋ l ɾ j w ɰ a ɐ ɛ e i o u ʌ ɯ ø y wa wʌ ɰi",
} as const;

test("every sound of the four languages has a viseme, and its shares fill its time", () => {
  for (const [language, symbols] of Object.entries(INVENTORY)) {
    for (const ipa of symbols.split(" ")) {
      const pieces = visemesOf(ipa, language);
      assert.ok(pieces.length > 0, `${language} ${ipa}`);
      const total = pieces.reduce((sum, { share }) => sum + share, 0);
      assert.ok(Math.abs(total - 1) < 1e-9, `${language} ${ipa}`);
    }
  }
});

test("lips close on p, b, m and touch the teeth on f, v in every language", () => {
  for (const language of ["ko", "ru", "kk", "en", "de"]) {
    for (const ipa of ["p", "b", "m", "pʰ", "p͈", "bʲ", "mː"]) assert.deepEqual(namesOf(ipa, language), ["PP"], ipa);
    for (const ipa of ["f", "v", "vʲ"]) assert.deepEqual(namesOf(ipa, language), ["FF"], ipa);
  }
});

test("diphthongs are split and affricates are not", () => {
  assert.deepEqual(namesOf("ˈaɪ"), ["aa", "ih"]);
  assert.deepEqual(namesOf("oʊ"), ["oh", "ou"]);
  assert.equal(visemesOf("aʊ", "en")[0]?.share, 0.6);
  assert.deepEqual(namesOf("tʃ"), ["CH"]);
  assert.deepEqual(namesOf("t͈ɕ", "ko"), ["CH"]);
  assert.deepEqual(namesOf("ts", "ru"), ["SS"]);
});

test("a language's own use of a symbol decides", () => {
  assert.deepEqual(namesOf("ʌ", "en"), ["aa"]);
  assert.deepEqual(namesOf("ʌ", "ko"), ["oh"]);
  assert.deepEqual(namesOf("ʊ", "kk"), ["ou"]);
  assert.deepEqual(namesOf("ɹ", "en"), ["RR"]);
  assert.deepEqual(namesOf("r", "ru"), ["DD"]);
});

test("silence is rest, a bare mark has no shape of its own", () => {
  assert.deepEqual(namesOf(""), ["rest"]);
  assert.deepEqual(namesOf("ʲ"), []);
  assert.equal(visemesOf("", "en")[0]?.viseme, VISEMES.rest);
});

test("stress is read from its mark", () => {
  assert.equal(isStressed("ˈoː"), true);
  assert.equal(isStressed("ˌoː"), false);
});
