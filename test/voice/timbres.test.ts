import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { createWorldEngine } from "../../src/engines/voice/world/world-engine.ts";
import { longTermSpectrum, median, pitches, spectralDistance } from "../speech/acoustics.ts";
import { gather, phrase, streamOf } from "./sound.ts";

const modelsDir = join(import.meta.dirname, "../../models");
const RATE = 16_000;
const engine = createWorldEngine({ modelsDir });
after(() => engine[Symbol.asyncDispose]());

test("there are ten timbres and more, with words about them, and no other voice has their names", async () => {
  const voices = await engine.voices();
  assert.ok(voices.length >= 10);
  const taken = await readdir(join(modelsDir, "voices"));
  for (const { name, description } of voices) {
    assert.ok(description.split(" ").length >= 4, `${name}: ${description}`);
    assert.ok(!taken.includes(`${name}.json`), name);
  }
});

test("every two timbres differ clearly in pitch or in sound", async () => {
  const source = phrase(RATE, 3, 130);
  const heard = await Promise.all(
    (await engine.voices()).map(async ({ name }) => {
      const options = { pitch: 0, pitchMapping: "range" } as const;
      const sound = await gather(
        await engine.convert(streamOf(source, RATE), name, options, new AbortController().signal),
      );
      return { name, pitch: median(pitches(sound, RATE)), spectrum: longTermSpectrum(sound, RATE) };
    }),
  );
  for (const [index, one] of heard.entries()) {
    for (const other of heard.slice(index + 1)) {
      // A whisper has no pitch to compare.
      const semitones = Math.abs(12 * Math.log2(one.pitch / other.pitch));
      const apart =
        (Number.isNaN(semitones) ? 12 : semitones) / 2 + spectralDistance(one.spectrum, other.spectrum) / 2.5;
      assert.ok(apart > 1, `${one.name} and ${other.name} are ${apart.toFixed(2)} apart`);
    }
  }
});
