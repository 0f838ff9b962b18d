import assert from "node:assert/strict";
import { after, test } from "node:test";
import { createEspeakEngine } from "../../src/engines/speech/espeak/espeak-engine.ts";
import { parseVoice } from "../../src/engines/speech/espeak/voices.ts";
import { integratedLoudness } from "../../src/signal/loudness.ts";
import { truePeak } from "../../src/signal/true-peak.ts";
import { longTermSpectrum, median, pitches, spectralCentroid, spectralDistance } from "./acoustics.ts";
import { coded, engine, joined, say } from "./engine.ts";
import { SENTENCES } from "./sentences.ts";

const speech = engine();
after(() => speech.close());

const TEXT = "Hello, please tell me about yourself. 네, 반갑습니다. 먼저 간단히 자기소개를 해주시겠어요?";
/** Semitones of pitch, or dB of spectrum, that are as good as a clear difference. */
const CLEAR_SEMITONES = 2;
const CLEAR_DB = 4;

test("has at least fifteen voices, the default first", async () => {
  const voices = await speech.voices();
  const names = voices.map(({ name }) => name);
  assert.ok(voices.length >= 15);
  assert.equal(names[0], "belinda");
  for (const name of ["belinda", "chadwick", "mabel"]) assert.ok(names.includes(name), name);
  assert.equal(new Set(names).size, names.length);
});

test("the voices sound different from each other", async (context) => {
  const measured = [];
  for (const { name } of await speech.voices()) {
    const samples = joined(await say(speech, TEXT, { voice: name }));
    const f0 = median(pitches(samples, 24_000));
    measured.push({
      name,
      f0,
      centroid: spectralCentroid(samples, 24_000),
      spectrum: longTermSpectrum(samples, 24_000),
    });
  }
  let closest = { pair: "", difference: Number.POSITIVE_INFINITY };
  for (const [index, a] of measured.entries()) {
    for (const b of measured.slice(index + 1)) {
      const semitones = Math.abs(12 * Math.log2(a.f0 / b.f0));
      const db = spectralDistance(a.spectrum, b.spectrum);
      const difference = Math.hypot(semitones / CLEAR_SEMITONES, db / CLEAR_DB);
      const pair = `${a.name} and ${b.name}: ${semitones.toFixed(1)} semitones, ${db.toFixed(1)} dB`;
      if (difference < closest.difference) closest = { pair, difference };
      assert.ok(difference >= 1, pair);
    }
  }
  for (const { name, f0, centroid } of measured) {
    context.diagnostic(`${name.padEnd(10)} f0 ${f0.toFixed(0)} Hz, centroid ${centroid.toFixed(0)} Hz`);
  }
  context.diagnostic(`closest: ${closest.pair}`);
});

test("every voice is as loud as the next, and never too loud", async () => {
  for (const { name } of await speech.voices()) {
    for (const part of await say(speech, SENTENCES[1]?.text ?? "", { voice: name })) {
      const loudness = integratedLoudness([part.audio.samples], 24_000);
      assert.ok(Math.abs(loudness + 18) < 1, `${name} ${loudness} LUFS`);
      assert.ok(20 * Math.log10(truePeak(part.audio.samples)) <= -0.95, name);
      let mean = 0;
      for (const value of part.audio.samples) mean += value;
      assert.ok(Math.abs(mean / part.audio.samples.length) < 1e-4, `${name} has no constant part`);
    }
  }
});

test("every language is as loud as the next", async () => {
  for (const { text } of SENTENCES) {
    for (const part of await say(speech, text)) {
      const loudness = integratedLoudness([part.audio.samples], 24_000);
      assert.ok(Math.abs(loudness + 18) < 1, `${part.text} ${loudness} LUFS`);
    }
  }
});

test("other sample rates sound the same", async () => {
  const [low, high] = [
    await say(speech, TEXT, { sampleRate: 16_000 }),
    await say(speech, TEXT, { sampleRate: 48_000 }),
  ];
  const seconds = (parts: typeof low): number => joined(parts).length / (parts[0]?.audio.sampleRate ?? 1);
  assert.ok(Math.abs(seconds(low) - seconds(high)) < 0.001);
  const a = longTermSpectrum(joined(low), 16_000).slice(2, 16);
  const b = longTermSpectrum(joined(high), 48_000).slice(2, 16);
  for (const [index, db] of a.entries()) assert.ok(Math.abs(db - (b[index] as number)) < 3);
});

test("the pitch goes an octave either way", async () => {
  for (const voice of ["belinda", "chadwick"]) {
    const at = async (pitch: number): Promise<number> =>
      median(pitches(joined(await say(speech, TEXT, { voice, pitch })), 24_000));
    const own = await at(0);
    for (const semitones of [-12, -5, 5, 12]) {
      const heard = 12 * Math.log2((await at(semitones)) / own);
      assert.ok(Math.abs(heard - semitones) < 1.5, `${voice} ${semitones}: ${heard}`);
    }
  }
});

test("the rate makes speech as much shorter or longer", async () => {
  for (const { text } of SENTENCES.filter((_, index) => index % 3 === 1)) {
    const at = async (rate: number): Promise<number> => joined(await say(speech, text, { rate })).length;
    const own = await at(1);
    for (const rate of [0.5, 0.75, 1.5, 2]) {
      const factor = own / (await at(rate));
      assert.ok(factor / rate > 0.75 && factor / rate < 1.3, `${text} ${rate}: ${factor}`);
    }
  }
});

const GOOD = {
  name: "test",
  description: "A test",
  gender: "female",
  engine: "espeak",
  variant: "+f2",
  pitch: 50,
  range: 50,
  rate: 1,
  timbre: { formant: 1, tilt_db: 0, bands: [], high_cut_hz: 9000, breath_db: -80, softness: 0 },
};

test("a missing folder of voices is an error of the engine", async () => {
  await using nowhere = createEspeakEngine({ modelsDir: "/nonexistent" });
  await assert.rejects(nowhere.voices(), coded("engine_failed"));
});

test("a voice file that is wrong is refused by what is wrong in it", () => {
  assert.equal(parseVoice("a.json", JSON.stringify(GOOD)).name, "test");
  const wrong: readonly [object, RegExp][] = [
    [{ engine: "other" }, /engine/u],
    [{ name: "../x" }, /name/u],
    [{ gender: "?" }, /gender/u],
    [{ pitch: 100 }, /pitch/u],
    [{ rate: "fast" }, /rate/u],
    [{ variant: '+f2"/>' }, /variant/u],
    [{ variant_lines: ["formant 1; 2"] }, /variant_lines/u],
    [{ timbre: { ...GOOD.timbre, bands: [{ hz: 1 }] } }, /bands/u],
  ];
  for (const [change, message] of wrong) {
    assert.throws(
      () => parseVoice("a.json", JSON.stringify({ ...GOOD, ...change })),
      (error) => coded("engine_failed")(error) && message.test(String(error)),
    );
  }
  assert.throws(() => parseVoice("a.json", "{"), coded("engine_failed"));
});
