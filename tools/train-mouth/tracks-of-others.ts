/**
 * Turns speech of other synthesisers, with the times of its phones, into clips of `clip-store.ts`.
 * Usage: node tools/train-mouth/tracks-of-others.ts FOLDER others|flite|strung|hindi
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseWav } from "../../src/media/parse-wav.ts";
import { resample } from "../../src/signal/resample.ts";
import type { TimedPhoneme } from "../../src/engines/speech/speech-engine.ts";
import { ClipStore, SAMPLE_RATE } from "./clip-store.ts";

type Clip = { speaker: string; language: string; wav: string; phonemes: TimedPhoneme[] };

const [folder = "", name = "others"] = process.argv.slice(2);
const clips = JSON.parse(readFileSync(join(folder, `${name}-phones.json`), "utf8")) as Clip[];
const store = new ClipStore(join(folder, name));
for (const { speaker, language, wav, phonemes } of clips) {
  const { sampleRate, channels } = parseWav(readFileSync(wav));
  const samples = resample(channels[0] ?? new Float32Array(0), sampleRate, SAMPLE_RATE);
  const duration = samples.length / SAMPLE_RATE;
  const end = phonemes.at(-1)?.end ?? 0;
  const timed = end < duration ? [...phonemes, { ipa: "", start: end, end: duration }] : phonemes;
  store.add({ text: "", language, audio: { sampleRate: SAMPLE_RATE, samples }, phonemes: timed }, speaker);
}
store.close();
console.log(`${name}: ${(store.seconds / 60).toFixed(1)} min`);
