/**
 * Sentences that espeak-ng speaks through the engine of this repository: in many languages, voices and throats, the same
 * ones in every run.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { spokenLanguage } from "../../src/engines/speech/espeak/language.ts";
import { EspeakProcess } from "../../src/engines/speech/espeak/process.ts";
import { makePart } from "../../src/engines/speech/espeak/sentence-part.ts";
import type { Voice } from "../../src/engines/speech/espeak/voices.ts";
import type { SpeechPart } from "../../src/engines/speech/speech-engine.ts";
import { SAMPLE_RATE } from "./clip-store.ts";

/** Never trained on. */
export const HELD_LANGUAGES = "kk el sv tr pl ms he te".split(" ");
const HELD_VARIANTS = "f4 m7 Annie klatt4 steph marcelo linda pablo grandma Denis".split(" ");

export const LANGUAGES = (
  "en en en en-gb ru ru ru ko ko ko de fr es es-mx it pt pt-br nl da no fi hu ro lv lt et cs sk sl uk be bg hr sr mk sq " +
  "zh ja vi id ca eu cy ga is ka hy ar fa hi bn ta af eo az bs"
).split(" ");
const VARIANTS = (
  "f1 f2 f3 f5 m1 m2 m3 m4 m5 m6 m8 Alex Alicia Andrea Andy Diogo Gene Gene2 Henrique Hugo Jacky Lee Marco Mario Michael " +
  "Mike Nguyen adam anika announcer antonio aunty belinda benjamin boris caleb david ed edward edward2 grandpa gustave " +
  "iven iven2 iven3 john kaukovalta klatt klatt2 klatt3 klatt5 klatt6 max michel miguel norbert paul pedro quincy rob " +
  "robert sandro shelby steph2 travis victor zac whisper"
).split(" ");

let state = 12_345;
/** A number from 0 to 1, the same ones in every run (Marsaglia's xorshift). */
export function random(): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) / 2 ** 32;
}
export const between = (low: number, high: number): number => low + (high - low) * random();
export const oneOf = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;

/** A throat of our own: formants moved, strengthened and widened one by one. */
function throat(index: number): { variant: string; variant_lines?: readonly string[] } {
  const size = between(86, 124);
  const lines = [`pitch ${Math.round(between(65, 190))} ${Math.round(between(120, 300))}`, "flutter 3"];
  for (let f = 0; f <= 8; f++) {
    const high = f < 2 ? 100 : between(45, 115);
    lines.push(`formant ${f} ${Math.round(size + between(-7, 7))} ${Math.round(high)} ${Math.round(between(80, 170))}`);
  }
  if (random() < 0.6) lines.push(`breath 0 ${[1, 2, 3, 4, 5, 6, 7].map(() => Math.floor(between(0, 6))).join(" ")}`);
  return { variant: `+tm_${index}`, variant_lines: lines };
}

export function newVoice(index: number, held: boolean): Voice {
  const own = !held && random() < 0.45;
  return {
    name: "",
    description: "",
    gender: "neutral",
    ...(own ? throat(index) : { variant: `+${oneOf(held ? HELD_VARIANTS : VARIANTS)}` }),
    pitch: Math.round(between(18, 82)),
    range: Math.round(between(15, 85)),
    rate: between(0.75, 1.35),
    timbre: {
      formant: random() < 0.5 ? 1 : between(0.86, 1.2),
      tilt_db: between(-9, 9),
      bands: [],
      high_cut_hz: between(5_000, 8_000),
      breath_db: random() < 0.5 ? -80 : between(-40, -14),
      softness: random() < 0.5 ? 0 : between(0, 1),
    },
  };
}

/** Reads sentences of a file of `texts.py` with voices. */
export class Reader {
  readonly #texts: ReadonlyMap<string, readonly { text: string }[]>;
  readonly #espeak = new EspeakProcess({
    moduleUrl: pathToFileURL(createRequire(import.meta.url).resolve("@echogarden/espeak-ng-emscripten")).href,
  });

  constructor(path: string) {
    const lines = readFileSync(path, "utf8").trim().split("\n");
    this.#texts = Map.groupBy(
      lines.map((line) => JSON.parse(line) as { language: string; text: string }),
      ({ language }) => language,
    );
  }

  /** A sentence out of a share of those of a language: training and test read different ones. */
  async sentence(tag: string, voice: Voice, [from, to]: readonly [number, number]): Promise<SpeechPart> {
    const language = spokenLanguage(tag);
    const known = this.#texts.get(language.code) ?? [];
    const text = known[Math.floor(between(from, to) * known.length)]?.text ?? "";
    const request = { text, voice: "", rate: 1, pitch: 0, sampleRate: SAMPLE_RATE, words: false };
    return makePart({ text, language, voice, request, isLast: true }, this.#espeak, new AbortController().signal);
  }

  close(): Promise<void> {
    return this.#espeak.close();
  }
}
