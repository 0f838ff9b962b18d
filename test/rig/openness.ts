/** How open a mouth is for each sound, from phonetics alone, to hold the measured mouth against. */
import type { TimedPhoneme } from "../../src/engines/speech/speech-engine.ts";

/** Jaw opening by sound, 0…1: the jaw column of the viseme table in `reference/lipsync.md` 6.2. */
const JAW: readonly (readonly [symbols: string, jaw: number])[] = [
  ["pbm", 0],
  ["fvɱʋ", 0.1],
  ["sz", 0.12],
  ["ʃʒʂʐɕʑ", 0.2],
  ["θð", 0.2],
  ["tdnɾrɲ", 0.2],
  ["lɫɭʎ", 0.35],
  ["kgɡŋxɣqχʁɟc", 0.3],
  ["hɦʔ", 0.3],
  ["ɹɻ", 0.3],
  ["jiɪyɨɯᵻʏ", 0.25],
  ["uwʊʉ", 0.2],
  ["eɛəɜɚ", 0.45],
  ["oøœɵ", 0.45],
  ["ɔʌ", 0.6],
  ["æɐ", 0.55],
  ["aɑɒ", 0.85],
];

const TABLE = new Map(JAW.flatMap(([symbols, jaw]) => [...symbols].map((symbol) => [symbol, jaw] as const)));
const MARKS = /[\p{M}\p{Lm}\p{Sk}\p{P}\p{S}\s]/gu;
/** A stop released into a fricative is the fricative's shape. */
const AFFRICATE = /[tdʈɖ](?=[ʃʒʂʐɕʑsz])/gu;

/** Seconds in which lips come together or part, as a standard deviation. */
const CLOSING = 0.03;

/** Openness of a phoneme by parts: `(ʊ in oʊ)` takes the last 40 %. */
function partsOf(ipa: string): readonly number[] {
  const symbols = [...ipa.normalize("NFD").replace(MARKS, "").replace(AFFRICATE, "")];
  return symbols.map((symbol) => TABLE.get(symbol)).filter((jaw) => jaw !== undefined);
}

/**
 * Openness every `1 / rate` seconds, smoothed by a Gaussian of `sigma` seconds: a jaw takes that long.
 *
 * @param phonemes of all parts, on one clock
 */
export function opennessTrack(
  phonemes: readonly TimedPhoneme[],
  duration: number,
  rate: number,
  sigma = 0.055,
): Float64Array {
  const fine = 1000;
  const raw = new Float64Array(Math.ceil(duration * fine) + 1);
  let held = 0;
  for (const { ipa, start, end } of phonemes) {
    const parts = ipa.trim() === "" ? [0] : partsOf(ipa);
    if (parts.length > 0) held = parts[0] as number;
    const first = Math.round(start * fine);
    const last = Math.min(raw.length, Math.round(end * fine));
    for (let i = first; i < last; i++) {
      const late = parts.length > 1 && i - first >= 0.6 * (last - first);
      const rest = parts.slice(1);
      raw[i] = late ? rest.reduce((sum, jaw) => sum + jaw, 0) / rest.length : (parts[0] ?? held);
    }
    held = parts.at(-1) ?? held;
  }
  const reach = Math.round(4 * sigma * fine);
  const track = new Float64Array(Math.ceil(duration * rate));
  for (let i = 0; i < track.length; i++) {
    const centre = Math.round((i / rate) * fine);
    let sum = 0;
    let weight = 0;
    for (let j = Math.max(0, centre - reach); j <= Math.min(raw.length - 1, centre + reach); j++) {
      const w = Math.exp(-0.5 * ((j - centre) / (sigma * fine)) ** 2);
      sum += w * (raw[j] as number);
      weight += w;
    }
    track[i] = sum / weight;
  }
  for (const { ipa, start, end } of phonemes) {
    if (partsOf(ipa)[0] !== 0) continue;
    // However short, lips meet for p, b and m.
    for (let i = 0; i < track.length; i++) {
      const away = Math.max(0, start - i / rate, i / rate - end) / CLOSING;
      if (away < 4) track[i]! *= 1 - Math.exp(-0.5 * away * away);
    }
  }
  return track;
}

/** Pearson's correlation of two tracks of one length. */
export function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const n = Math.min(a.length, b.length);
  let [sa, sb, saa, sbb, sab] = [0, 0, 0, 0, 0];
  for (let i = 0; i < n; i++) {
    const x = a[i] as number;
    const y = b[i] as number;
    sa += x;
    sb += y;
    saa += x * x;
    sbb += y * y;
    sab += x * y;
  }
  return (n * sab - sa * sb) / Math.sqrt((n * saa - sa * sa) * (n * sbb - sb * sb));
}

/** The track `steps` later, running round: values that leave at the end come in at the start. */
export function rotated(track: ArrayLike<number>, steps: number): Float64Array {
  const n = track.length;
  return Float64Array.from({ length: n }, (_, i) => track[(((i - steps) % n) + n) % n] as number);
}
