/** Text as it is said: numbers, units and symbols in words, in the languages that Talkbox is used in most. */

import { ENGLISH } from "./spoken/english.ts";
import { KAZAKH } from "./spoken/kazakh.ts";
import { KOREAN } from "./spoken/korean.ts";
import { RUSSIAN } from "./spoken/russian.ts";
import { applyRule, type MappedText, type Rule } from "./text.ts";

const RULES: Readonly<Record<string, readonly Rule[]>> = { en: ENGLISH, kk: KAZAKH, ko: KOREAN, ru: RUSSIAN };

/** Whether there is anything for a rule to do. */
const WRITTEN_SHORT = /[\p{N}\p{S}%‰&@#№§~]|\p{L}\./u;

/** `mapped` with what is not written as it is said put into words. Other languages are left to espeak-ng. */
export function normalise(mapped: MappedText, language: string): MappedText {
  if (!WRITTEN_SHORT.test(mapped.text)) return mapped;
  return (RULES[language] ?? []).reduce(applyRule, mapped);
}
