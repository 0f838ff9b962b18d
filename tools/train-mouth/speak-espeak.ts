/**
 * Makes clips of synthetic speech with espeak-ng, with the mouth that the rig would show for their phonemes.
 * Usage: node tools/train-mouth/speak-espeak.ts TEXTS.jsonl OUT_FOLDER [hours of training speech]
 */
import { join } from "node:path";
import type { SpeechPart, TimedPhoneme } from "../../src/engines/speech/speech-engine.ts";
import { ClipStore, SAMPLE_RATE } from "./clip-store.ts";
import { between, HELD_LANGUAGES, LANGUAGES, newVoice, oneOf, random, Reader } from "./espeak-sentences.ts";

const [texts = "", out = "", hours = "4"] = process.argv.slice(2);
const reader = new Reader(texts);

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
        const part = await reader.sentence(language, voice, share);
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
await reader.close();
