import type { MouthTarget } from "./mouth-parameters.ts";
import { VISEMES, type Viseme, type VisemeName } from "./viseme-table.ts";

/** A piece of a phoneme: what the mouth does, for which share (0…1) of the phoneme's time. */
export type VisemePiece = { readonly viseme: Viseme; readonly share: number };

type Rule = { readonly name: VisemeName; readonly weight?: number; readonly target?: Partial<MouthTarget> };
type RuleTable = Readonly<Record<string, Rule>>;

const SCHWA: Rule = { name: "E", weight: 0.8, target: { jaw: 0.34, width: 1, smile: 0.35 } };
const GLOTTAL: Rule = { name: "kk", weight: 0.12 };
const SOFT_PALATE: Rule = { name: "ih", weight: 0.7, target: { jaw: 0.2, width: 1.04, smile: 0.45 } };
const FRONT_ROUND: Rule = { name: "ou", target: { width: 0.7, jaw: 0.22 } };

const rules = (symbols: string, rule: Rule): RuleTable => Object.fromEntries([...symbols].map((s) => [s, rule]));

/** Base symbols of the IPA, after marks are folded away. */
const COMMON: RuleTable = {
  ...rules("aɑɒ", { name: "aa" }),
  ...rules("ɐʌ", { name: "aa", weight: 1, target: { jaw: 0.56 } }),
  ...rules("æ", { name: "aa", target: { jaw: 0.68, width: 1.05 } }),
  ...rules("eɛ", { name: "E" }),
  ...rules("əɘɜɝɚɞ", SCHWA),
  ...rules("i", { name: "ih" }),
  ...rules("ɪᵻ", { name: "ih", target: { jaw: 0.28, width: 1.07, smile: 0.5 } }),
  ...rules("ɨɯɤɿ", { name: "ih", target: { width: 1.02, smile: 0.35 } }),
  ...rules("oɔ", { name: "oh" }),
  ...rules("øœɵɶ", { name: "oh", target: { jaw: 0.42, width: 0.8 } }),
  ...rules("uʊ", { name: "ou" }),
  ...rules("yʏʉ", FRONT_ROUND),
  ...rules("pbmɓʙ", { name: "PP" }),
  ...rules("fvɱ", { name: "FF" }),
  ...rules("ʋ", { name: "FF", weight: 1.2 }),
  ...rules("ɸβ", { name: "ou", weight: 1.1, target: { jaw: 0.12, width: 0.82 } }),
  ...rules("θð", { name: "TH" }),
  ...rules("tdnɾrɬɮɗʈɖɳɽɺ", { name: "DD" }),
  ...rules("lɫɭ", { name: "DD", weight: 1, target: { jaw: 0.32 } }),
  ...rules("ɹɻ", { name: "RR" }),
  ...rules("sz", { name: "SS" }),
  ...rules("ʃʒʂʐɕʑɧ", { name: "CH" }),
  ...rules("kgɡŋxɣɠɰ", { name: "kk" }),
  ...rules("qχʁɴɢʀʛ", { name: "kk", target: { jaw: 0.36 } }),
  ...rules("ħʕʡʢ", { name: "kk", target: { jaw: 0.42 } }),
  ...rules("jçʝcɟɲʎʄ", SOFT_PALATE),
  ...rules("hɦʔ", GLOTTAL),
  ...rules("wʍɥ", { name: "ou", weight: 1.8 }),
};

/** Where a language uses a symbol for a sound that looks different. */
const BY_LANGUAGE: Readonly<Record<string, RuleTable>> = {
  ko: {
    ...rules("ʌəɔ", { name: "oh", weight: 1.1, target: { round: 0.35, width: 0.9 } }),
    ...rules("ɯɨ", { name: "ih", target: { width: 1, smile: 0.3 } }),
    ...rules("ɕʑʃʒ", { name: "CH", target: { round: 0.35, width: 0.88 } }),
    ...rules("ɐaɑ", { name: "aa" }),
  },
  ru: {
    ...rules("ɨ", { name: "ih", target: { width: 1.02, smile: 0.35 } }),
    ...rules("ɐʌ", { name: "aa", weight: 1, target: { jaw: 0.45 } }),
    ...rules("rɾɹ", { name: "DD", target: { jaw: 0.25 } }),
  },
  kk: {
    ...rules("yʏʉʊ", { name: "ou" }),
    ...rules("øœɵ", { name: "oh" }),
    ...rules("æ", { name: "E", target: { jaw: 0.6 } }),
    ...rules("ɪ", { name: "ih", target: { jaw: 0.2 } }),
    ...rules("rɾɹ", { name: "DD", target: { jaw: 0.25 } }),
  },
};

/** A stop released into a fricative is one gesture of the lips. */
const AFFRICATE = /[tdʈɖ][ʃʒʂʐɕʑ]|[td][sz]/gu;
/** Stress, length, aspiration, palatalisation, ties, tones, combining marks: nothing the lips show. */
const MARKS = /[\p{M}\p{Lm}\p{Sk}\p{P}\p{N}\p{S}\s]/gu;

const DIPHTHONG_SPLIT = 0.6;

function resolve(symbol: string, language: string): Viseme | undefined {
  const rule = BY_LANGUAGE[language]?.[symbol] ?? COMMON[symbol];
  if (!rule) return undefined;
  const base = VISEMES[rule.name];
  return {
    name: base.name,
    weight: rule.weight ?? base.weight,
    target: rule.target ? { ...base.target, ...rule.target } : base.target,
  };
}

const cache = new Map<string, readonly VisemePiece[]>();

function piecesOf(ipa: string, language: string): readonly VisemePiece[] {
  const folded = ipa
    .normalize("NFD")
    .replace(MARKS, "")
    .replace(AFFRICATE, (pair) => pair.slice(1));
  const visemes = [...folded].map((symbol) => resolve(symbol, language)).filter((found) => found !== undefined);
  if (visemes.length === 0) return [];
  if (visemes.length === 1) return [{ viseme: visemes[0] as Viseme, share: 1 }];
  const rest = (1 - DIPHTHONG_SPLIT) / (visemes.length - 1);
  return visemes.map((viseme, index) => ({ viseme, share: index === 0 ? DIPHTHONG_SPLIT : rest }));
}

/**
 * The visemes of one phoneme, in order; shares add up to 1. Silence (`""`) is rest. Empty for a symbol that is not
 * known, and for a bare modifier such as `ʲ`: the caller lets the neighbours have that time.
 *
 * @param ipa the speech engine's own symbol, marks and all (`ˈeɪ`, `tɕʰ`)
 * @param language ISO 639-1; decides symbols that languages use differently
 */
export function visemesOf(ipa: string, language: string): readonly VisemePiece[] {
  const key = `${language} ${ipa}`;
  let pieces = cache.get(key);
  if (!pieces) {
    pieces = ipa.trim() === "" ? [{ viseme: VISEMES.rest, share: 1 }] : piecesOf(ipa, language);
    if (cache.size > 4000) cache.clear();
    cache.set(key, pieces);
  }
  return pieces;
}

/** True where the symbol carries a stress mark. */
export const isStressed = (ipa: string): boolean => ipa.includes("ˈ");
