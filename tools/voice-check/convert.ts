/**
 * Converts espeak's voices to reference recordings, for `check.py` to measure. Reads the lines of a JSON file
 * `[{ "name", "reference", "text", "language" }]` and writes NAME.SOURCE.wav for each of them and each source voice;
 * the source `nearest` is the voice that a clone is made from where nobody names one.
 * Usage: node tools/voice-check/convert.ts REFERENCES.json FOLDER [source voice …]
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createEspeakEngine } from "../../src/engines/speech/espeak/espeak-engine.ts";
import { createWorldEngine } from "../../src/engines/voice/world/world-engine.ts";
import { encodeWav } from "../../src/media/wav.ts";
import { parseWav } from "../../src/media/parse-wav.ts";
import { nearestVoice } from "../../src/pipelines/cloned-speech.ts";

type Reference = {
  readonly name: string;
  readonly reference: string;
  readonly text: string;
  readonly language: string;
};

const RATE = 24_000;
const modelsDir = join(import.meta.dirname, "../../models");
const never = new AbortController().signal;

function readMono(path: string): { sampleRate: number; samples: Float32Array } {
  const { sampleRate, channels } = parseWav(readFileSync(path));
  const samples = new Float32Array(channels[0]?.length ?? 0);
  for (const channel of channels)
    for (const [n, x] of channel.entries()) samples[n] = (samples[n] ?? 0) + x / channels.length;
  return { sampleRate, samples };
}

async function* once(samples: Float32Array): AsyncGenerator<Float32Array, void> {
  yield await Promise.resolve(samples);
}

async function gather(blocks: AsyncIterable<Float32Array>): Promise<Float32Array> {
  const parts: Float32Array[] = [];
  for await (const block of blocks) parts.push(block);
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function save(path: string, samples: Float32Array): void {
  const peak = samples.reduce((most, x) => Math.max(most, Math.abs(x)), 1);
  writeFileSync(path, encodeWav({ sampleRate: RATE, channels: [samples.map((x) => x / peak)] }));
}

const [list = "", folder = ".", ...chosen] = process.argv.slice(2);
const references = JSON.parse(readFileSync(list, "utf8")) as Reference[];
const sources = chosen.length > 0 ? chosen : ["nearest"];
await using speech = createEspeakEngine({ modelsDir });
await using world = createWorldEngine({ modelsDir });
for (const { name, reference, text, language } of references) {
  const sound = readMono(reference);
  const profile = await world.profile({ sampleRate: sound.sampleRate, blocks: once(sound.samples) }, never);
  writeFileSync(join(folder, `${name}.json`), JSON.stringify(profile));
  for (const source of sources) {
    const voice = source === "nearest" ? nearestVoice(profile, await speech.voices()) : source;
    const request = { text, language, voice: voice ?? speech.defaultVoice, rate: 1, pitch: 0, sampleRate: RATE };
    const spoken: Float32Array[] = [];
    for await (const part of speech.synthesize(request, never)) spoken.push(part.audio.samples);
    const samples = await gather(
      (async function* () {
        for (const s of spoken) yield s;
      })(),
    );
    save(join(folder, `${name}.${source}.source.wav`), samples);
    const own = await world.profile({ sampleRate: RATE, blocks: once(samples) }, never);
    const result = await world.convert(
      { sampleRate: RATE, blocks: once(samples) },
      profile,
      { pitch: 0, pitchMapping: "range", seed: 1, sourceProfile: own },
      never,
    );
    save(join(folder, `${name}.${source}.wav`), await gather(result.blocks));
  }
}
