import assert from "node:assert/strict";
import { join } from "node:path";
import { after, test } from "node:test";
import { createWorldEngine } from "../../src/engines/voice/world/world-engine.ts";
import { median, pitches } from "../speech/acoustics.ts";
import { engine as espeak, joined, say } from "../speech/engine.ts";
import { meanFormants } from "./formants.ts";
import { gather, streamOf } from "./sound.ts";

const RATE = 16_000;
const TEXT =
  "She sells sea shells by the shore, and we were away a year ago. Four good old cows stood near the blue boat house. " +
  "Please say what you think about the weather this morning.";
const never = new AbortController().signal;
const world = createWorldEngine({ modelsDir: join(import.meta.dirname, "../../models") });
const speech = espeak();
after(async () => {
  await world[Symbol.asyncDispose]();
  await speech.close();
});

for (const [source, reference, ceiling] of [
  ["belinda", "oliver", 5000],
  ["oliver", "clara", 5500],
] as const) {
  test(`${source} in the voice of ${reference} has their pitch and formants within 5 %`, async () => {
    const speak = async (voice: string): Promise<Float32Array> =>
      joined(await say(speech, TEXT, { voice, sampleRate: RATE, language: "en" }));
    const [from, to] = [await speak(source), await speak(reference)];
    const profile = await world.profile(streamOf(to, RATE), never);
    const sourceProfile = await world.profile(streamOf(from, RATE), never);
    const options = { pitch: 0, pitchMapping: "range", sourceProfile, seed: 1 } as const;
    const clone = await gather(await world.convert(streamOf(from, RATE), profile, options, never));
    const measure = (samples: Float32Array): number[] => [
      median(pitches(samples, RATE)),
      ...meanFormants(samples, RATE, ceiling),
    ];
    const [wanted, got] = [measure(to), measure(clone)];
    for (const [i, what] of ["f0", "F1", "F2", "F3"].entries()) {
      const off = (got[i] as number) / (wanted[i] as number) - 1;
      assert.ok(Math.abs(off) < 0.05, `${what} is ${got[i]?.toFixed(0)} for ${wanted[i]?.toFixed(0)} Hz`);
    }
  });
}
