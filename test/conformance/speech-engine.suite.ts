import assert from "node:assert/strict";
import { test } from "node:test";
import type { SpeechEngine, SpeechPart, SpeechRequest } from "../../src/engines/speech/speech-engine.ts";

/** What every speech engine must do. `text` has two sentences in `language`, which the engine speaks. */
export function speechEngineSuite(
  name: string,
  engine: SpeechEngine,
  sample: { text: string; language: string; voice: string },
): void {
  const request: SpeechRequest = { ...sample, rate: 1, pitch: 0, sampleRate: 24_000 };

  async function speak(own: Partial<SpeechRequest> = {}, signal = new AbortController().signal): Promise<SpeechPart[]> {
    const parts: SpeechPart[] = [];
    for await (const part of engine.synthesize({ ...request, ...own }, signal)) parts.push(part);
    return parts;
  }

  test(`${name} declares itself`, async () => {
    const { id, kind, license, languages, description } = engine.info;
    assert.equal(kind, "speech");
    for (const field of [id, license, description]) assert.ok(field.length > 0);
    assert.ok(languages.length > 0);
    const state = await engine.availability();
    assert.ok(state.available || (state.reason && state.remedy));
  });

  test(`${name} lists its voices, each with a name and words about it`, async () => {
    const voices = await engine.voices();
    for (const name of [sample.voice, engine.defaultVoice]) assert.ok(voices.some((voice) => voice.name === name));
    assert.equal(new Set(voices.map((voice) => voice.name)).size, voices.length);
    for (const voice of voices) assert.ok(voice.description.length > 5);
  });

  test(`${name} gives the text back whole, sentence by sentence, in sound`, async () => {
    const parts = await speak();
    assert.ok(parts.length >= 2);
    const unspaced = (text: string): string => text.replaceAll(/\s/g, "");
    assert.equal(unspaced(parts.map(({ text }) => text).join("")), unspaced(sample.text));
    for (const { audio, language } of parts) {
      assert.equal(audio.sampleRate, 24_000);
      assert.equal(language, sample.language);
      let peak = 0;
      for (const value of audio.samples) peak = Math.max(peak, Math.abs(value));
      assert.ok(peak > 0.05 && peak <= 1, `peak ${peak}`);
    }
  });

  test(`${name} gives timings that cover each part in order, if it gives any`, async () => {
    for (const { audio, phonemes, words } of await speak()) {
      const length = audio.samples.length / audio.sampleRate;
      for (const spans of [phonemes, words]) {
        let last = 0;
        for (const { start, end } of spans ?? []) {
          assert.ok(start >= last - 1e-6 && end >= start && end <= length + 1e-3, `${start} … ${end} in ${length}`);
          last = spans === phonemes ? end : start;
        }
      }
      if (phonemes) {
        assert.equal(phonemes[0]?.start, 0);
        assert.ok(Math.abs((phonemes.at(-1)?.end ?? 0) - length) < 0.002);
      }
    }
  });

  test(`${name} leaves out words that are not wanted, and says the same`, async () => {
    const [bare, full] = [await speak({ words: false }), await speak()];
    assert.ok(bare.every((part) => part.words === undefined));
    assert.deepEqual(
      bare.map(({ phonemes }) => phonemes?.map(({ ipa }) => ipa)),
      full.map(({ phonemes }) => phonemes?.map(({ ipa }) => ipa)),
    );
  });

  test(`${name} honours the sample rate and the speaking rate`, async () => {
    const length = async (own: Partial<SpeechRequest>): Promise<number> =>
      (await speak(own)).reduce((sum, { audio }) => sum + audio.samples.length / audio.sampleRate, 0);
    const [plain, resampled, fast] = [
      await length({}),
      await length({ sampleRate: 16_000 }),
      await length({ rate: 1.5 }),
    ];
    assert.ok(Math.abs(plain - resampled) < 0.05, "another rate of samples, the same length");
    assert.ok(fast < plain * 0.85, "faster is shorter");
  });

  test(`${name} says the same bit for bit with the same seed, whatever it says in between`, async () => {
    const first = await speak({ seed: 4 });
    await speak({ text: sample.text.slice(0, 12) });
    const again = await speak({ seed: 4 });
    assert.deepEqual(
      again.map(({ audio }) => Buffer.from(audio.samples.buffer)),
      first.map(({ audio }) => Buffer.from(audio.samples.buffer)),
    );
    await assert.rejects(speak({ seed: -1 }), { code: "invalid_input" });
  });

  test(`${name} refuses what it cannot speak`, async () => {
    await assert.rejects(speak({ text: "" }), { code: "invalid_input" });
    await assert.rejects(speak({ voice: "nobody-has-this-name" }), { code: "invalid_input" });
  });

  test(`${name} stops when it is told to, and speaks again`, async () => {
    const abort = new AbortController();
    await assert.rejects(async () => {
      for await (const _ of engine.synthesize({ ...request, text: sample.text.repeat(20) }, abort.signal))
        abort.abort();
    });
    await assert.rejects(speak({}, AbortSignal.abort()));
    assert.ok((await speak()).length >= 2);
  });

  test(`${name} serves several at once`, async () => {
    const counts = await Promise.all([speak(), speak({ rate: 1.3 }), speak()]);
    assert.deepEqual(
      counts[0]?.map(({ text }) => text),
      counts[2]?.map(({ text }) => text),
    );
  });
}
