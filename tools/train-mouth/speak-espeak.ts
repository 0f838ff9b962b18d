/**
 * Makes clips of synthetic speech with espeak-ng, through the engine of this repository: many languages, voices and
 * throats, with the mouth that the rig would show for their phonemes.
 * Usage: node tools/train-mouth/speak-espeak.ts TEXTS.jsonl OUT_FOLDER [hours of training speech]
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { EspeakProcess } from "../../src/engines/speech/espeak/process.ts";
import { makePart } from "../../src/engines/speech/espeak/sentence-part.ts";
import { spokenLanguage } from "../../src/engines/speech/espeak/language.ts";
import type { Voice } from "../../src/engines/speech/espeak/voices.ts";
import type { SpeechPart, TimedPhoneme } from "../../src/engines/speech/speech-engine.ts";
import { ClipStore, SAMPLE_RATE } from "./clip-store.ts";

/** Never trained on. */
const HELD_LANGUAGES = "kk el sv tr pl ms he te".split(" ");
const HELD_VARIANTS = "f4 m7 Annie klatt4 steph marcelo linda pablo grandma Denis".split(" ");

const LANGUAGES = (
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
function random(): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) / 2 ** 32;
}
const between = (low: number, high: number): number => low + (high - low) * random();
const oneOf = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;

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

function newVoice(index: number, held: boolean): Voice {
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

const [texts = "", out = "", hours = "4"] = process.argv.slice(2);
const byLanguage = Map.groupBy(
  readFileSync(texts, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { language: string; text: string }),
  ({ language }) => language,
);
const moduleUrl = pathToFileURL(createRequire(import.meta.url).resolve("@echogarden/espeak-ng-emscripten")).href;
const espeak = new EspeakProcess({ moduleUrl });
const signal = new AbortController().signal;

async function sentence(tag: string, voice: Voice, share: readonly [number, number]): Promise<SpeechPart> {
  const language = spokenLanguage(tag);
  const known = byLanguage.get(language.code) ?? [];
  // Training and test read different sentences.
  const at = Math.floor(between(share[0], share[1]) * known.length);
  const text = known[at]?.text ?? "";
  const request = { text, voice: "", rate: 1, pitch: 0, sampleRate: SAMPLE_RATE, words: false };
  return makePart({ text, language, voice, request, isLast: true }, espeak, signal);
}

/** Sentences one after the other, with pauses of all lengths between. */
function joined(parts: readonly SpeechPart[]): SpeechPart {
  const phonemes: TimedPhoneme[] = [];
  const sounds: Float32Array[] = [];
  let length = 0;
  const silence = (seconds: number): void => {
    const gap = new Float32Array(Math.round(seconds * SAMPLE_RATE));
    phonemes.push({ ipa: "", start: length / SAMPLE_RATE, end: (length + gap.length) / SAMPLE_RATE });
    sounds.push(gap);
    length += gap.length;
  };
  silence(between(0, 0.5));
  for (const { audio, phonemes: own } of parts) {
    const gain = 10 ** (between(-5, 3) / 20);
    for (const { ipa, start, end } of own ?? []) {
      phonemes.push({ ipa, start: start + length / SAMPLE_RATE, end: end + length / SAMPLE_RATE });
    }
    sounds.push(audio.samples.map((x) => x * gain));
    length += audio.samples.length;
    if (random() < 0.6) silence(between(0.02, 0.9));
  }
  const samples = new Float32Array(length);
  let at = 0;
  for (const sound of sounds) {
    samples.set(sound, at);
    at += sound.length;
  }
  return { text: "", language: parts[0]?.language ?? "", audio: { sampleRate: SAMPLE_RATE, samples }, phonemes };
}

async function make(
  name: string,
  seconds: number,
  languages: readonly string[],
  heldVoices: boolean,
  share: readonly [number, number],
): Promise<void> {
  const store = new ClipStore(join(out, name));
  let failed = 0;
  for (let index = 0; store.seconds < seconds; index++) {
    const voice = newVoice(index, heldVoices);
    const language = languages === LANGUAGES ? oneOf(languages) : (languages[index % languages.length] as string);
    try {
      const parts: SpeechPart[] = [];
      let length = 0;
      while (length < 8) {
        const part = await sentence(language, voice, share);
        parts.push(part);
        length += part.audio.samples.length / SAMPLE_RATE;
      }
      store.add(joined(parts), voice.variant);
    } catch (error) {
      failed++;
      if (failed < 4) console.error(language, voice.variant, error);
    }
  }
  store.close();
  console.log(`${name}: ${(store.seconds / 3600).toFixed(2)} h, ${failed} clips failed`);
}

await make("test-language", 900, HELD_LANGUAGES, false, [0, 1]);
await make("test-voice", 700, [...new Set(LANGUAGES)], true, [0.9, 1]);
await make("test-both", 700, HELD_LANGUAGES, true, [0, 1]);
await make("validation", 400, [...new Set(LANGUAGES)], false, [0.9, 1]);
await make("train", Number(hours) * 3600, LANGUAGES, false, [0, 0.9]);
await espeak.close();
