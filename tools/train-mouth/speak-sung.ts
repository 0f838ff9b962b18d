/**
 * Makes clips of song with known mouths: speech of espeak-ng, its vowels held on the notes of a melody.
 * Usage: node tools/train-mouth/speak-sung.ts TEXTS.jsonl OUT_FOLDER [seconds to train on, 1500]
 * writes OUT_FOLDER/sung, and OUT_FOLDER/test-sung in voices and languages that are never trained on.
 */
import { join } from "node:path";
import { ClipStore } from "./clip-store.ts";
import { HELD_LANGUAGES, LANGUAGES, newVoice, oneOf, Reader } from "./espeak-sentences.ts";
import { sing } from "./sing.ts";

const [texts = "", out = "", seconds = "1500"] = process.argv.slice(2);
const reader = new Reader(texts);

async function make(name: string, length: number, held: boolean): Promise<void> {
  const store = new ClipStore(join(out, name));
  let failed = 0;
  for (let index = 0; store.seconds < length; index++) {
    const voice = newVoice(index, held);
    const language = oneOf(held ? HELD_LANGUAGES : LANGUAGES);
    try {
      store.add(sing(await reader.sentence(language, voice, held ? [0, 1] : [0, 0.9])), voice.variant);
    } catch (error) {
      failed++;
      if (failed < 4) console.error(language, voice.variant, error);
    }
  }
  store.close();
  console.log(`${name}: ${(store.seconds / 60).toFixed(1)} min, ${failed} clips failed`);
}

await make("test-sung", 420, true);
await make("sung", Number(seconds), false);
await reader.close();
