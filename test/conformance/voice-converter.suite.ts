import assert from "node:assert/strict";
import { test } from "node:test";
import type { ConversionOptions, VoiceConverter } from "../../src/engines/voice/voice-converter.ts";
import { median, pitches } from "../speech/acoustics.ts";
import { gather, noise, phrase, streamOf } from "../voice/sound.ts";

/**
 * What every converter of voices must do. `voice` is one that it lists; one whose network has learnt nothing (`sings`)
 * makes no sound whose pitch could be heard.
 */
export function voiceConverterSuite(
  name: string,
  engine: VoiceConverter,
  voice: string,
  { sings = true }: { readonly sings?: boolean } = {},
): void {
  const never = new AbortController().signal;
  const options: ConversionOptions = { pitch: 0, pitchMapping: "octave", seed: 5 };
  const convert = async (
    samples: Float32Array,
    sampleRate: number,
    own: Partial<ConversionOptions> = {},
  ): Promise<{ samples: Float32Array; sampleRate: number }> => {
    const result = await engine.convert(streamOf(samples, sampleRate), voice, { ...options, ...own }, never);
    return { samples: await gather(result), sampleRate: result.sampleRate };
  };

  test(`${name} declares itself`, async () => {
    assert.equal(engine.info.kind, "voice");
    assert.ok(engine.info.license.length > 0 && engine.info.description.length > 0);
    const state = await engine.availability();
    assert.ok(state.available || (state.reason && state.remedy));
  });

  test(`${name} lists its voices, each with a name and words about it`, async () => {
    const voices = await engine.voices();
    assert.ok(voices.some((one) => one.name === voice));
    assert.equal(new Set(voices.map((one) => one.name)).size, voices.length);
    for (const { description } of voices) assert.ok(description.length > 5);
  });

  for (const sampleRate of [16_000, 22_050, 44_100, 48_000]) {
    test(`${name} gives as much as it gets at ${sampleRate} Hz, and nothing but sound`, async () => {
      for (const length of [Math.round(0.1 * sampleRate), Math.round(1.013 * sampleRate)]) {
        const source = phrase(sampleRate, length / sampleRate, 140).subarray(0, length);
        const result = await convert(source, sampleRate);
        assert.equal(result.samples.length, Math.ceil((source.length * result.sampleRate) / sampleRate));
        assert.ok(result.samples.every((x) => Number.isFinite(x) && Math.abs(x) < 4));
      }
    });
  }

  test(`${name} makes nothing of nothing, and silence of silence`, async () => {
    assert.equal((await convert(new Float32Array(0), 16_000)).samples.length, 0);
    const { samples } = await convert(new Float32Array(20_000), 16_000);
    assert.ok(samples.every((x) => Math.abs(x) < 1e-3));
  });

  test(`${name} bears noise and clipping`, async () => {
    for (const source of [noise(24_000), phrase(16_000, 1.5, 120).map((x) => Math.max(-1, Math.min(1, 9 * x)))]) {
      const { samples } = await convert(source, 16_000);
      assert.ok(samples.every((x) => Number.isFinite(x) && Math.abs(x) < 8));
    }
  });

  test(`${name} gives the same for the same seed, bit for bit`, async () => {
    const source = phrase(16_000, 2, 130);
    const [one, other] = [await convert(source, 16_000), await convert(source, 16_000)];
    assert.deepEqual(one.samples, other.samples);
  });

  test(`${name} moves the pitch by what is asked`, { skip: !sings }, async () => {
    const source = phrase(16_000, 3, 130);
    const at = async (pitch: number): Promise<number> => {
      const { samples, sampleRate } = await convert(source, 16_000, { pitch });
      return median(pitches(samples, sampleRate));
    };
    const [plain, higher] = [await at(0), await at(5)];
    assert.ok(Math.abs(12 * Math.log2(higher / plain) - 5) < 0.35, `${plain} to ${higher} Hz`);
  });

  test(`${name} refuses voices that it does not have, and rates that nobody uses`, async () => {
    const source = (rate: number) => streamOf(new Float32Array(100), rate);
    await assert.rejects(engine.convert(source(16_000), "no such voice", options, never), { code: "not_found" });
    await assert.rejects(engine.convert(source(0), voice, options, never), { code: "invalid_audio" });
  });

  test(`${name} stops when it is told to, and works again`, async () => {
    const abort = new AbortController();
    await assert.rejects(
      engine.convert(streamOf(phrase(16_000, 1, 130), 16_000), voice, options, AbortSignal.abort()),
      { code: "cancelled" },
    );
    const result = await engine.convert(streamOf(phrase(16_000, 20, 130), 16_000), voice, options, abort.signal);
    setTimeout(() => abort.abort(), 60);
    await assert.rejects(gather(result), { code: "cancelled" });
    const again = await convert(phrase(16_000, 0.5, 130), 16_000);
    assert.equal(again.samples.length, again.sampleRate / 2);
  });

  test(`${name} serves several at once`, async () => {
    const source = phrase(16_000, 1, 130);
    const results = await Promise.all([convert(source, 16_000), convert(source, 16_000, { pitch: 3 })]);
    for (const { samples } of results) assert.ok(samples.length > 0);
    assert.notDeepEqual(results[0]?.samples, results[1]?.samples);
  });

  if (engine.profile) {
    test(`${name} says what to send when a reference is of no use`, async () => {
      const profile = (samples: Float32Array) => engine.profile?.(streamOf(samples, 16_000), never);
      const refusal = { code: "invalid_audio", message: /seconds/ };
      await assert.rejects(async () => profile(phrase(16_000, 0.2, 130)), refusal);
      await assert.rejects(async () => profile(noise(40_000).map((x) => 0.1 * x)), refusal);
      await assert.rejects(async () => profile(new Float32Array(40_000)), refusal);
      assert.ok(Math.abs(((await profile(phrase(16_000, 3, 130)))?.f0.median ?? 0) / 130 - 1) < 0.15);
    });
  }
}
