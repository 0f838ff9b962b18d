import assert from "node:assert/strict";
import { test } from "node:test";
import type { F0, PitchEstimator, PitchOptions } from "../../src/engines/pitch/pitch-estimator.ts";
import { concat, vowel } from "../voice/sound.ts";

/** What every estimator of pitch must do. */
export function pitchEstimatorSuite(name: string, engine: PitchEstimator): void {
  const never = new AbortController().signal;
  const options: PitchOptions = { floor: 50, ceiling: 1100, hopSeconds: 0.01 };
  const estimate = (samples: Float32Array, sampleRate: number, own: Partial<PitchOptions> = {}): Promise<F0> =>
    engine.estimate({ sampleRate, samples }, { ...options, ...own }, never);

  test(`${name} declares itself`, async () => {
    assert.equal(engine.info.kind, "pitch");
    assert.ok(engine.info.license.length > 0 && engine.info.description.length > 0);
    const state = await engine.availability();
    assert.ok(state.available || (state.reason && state.remedy));
  });

  for (const [sampleRate, hz] of [
    [16_000, 82],
    [44_100, 220],
    [48_000, 660],
  ] as const) {
    test(`${name} finds ${hz} Hz at ${sampleRate} samples a second, frame by frame`, async () => {
      const silence = new Float32Array(Math.round(0.4 * sampleRate));
      const glide = vowel(sampleRate, 1, (t) => hz * (1 + 0.1 * t));
      const { hopSeconds, values } = await estimate(concat([silence, glide, silence]), sampleRate);
      assert.equal(hopSeconds, 0.01);
      assert.ok(Math.abs(values.length - 180) <= 2, `${values.length} frames`);
      const off = [...values].flatMap((f0, i) => {
        const t = i * 0.01 - 0.4;
        return t > 0.06 && t < 0.94 ? [Math.abs(f0 / (hz * (1 + 0.1 * t)) - 1)] : [];
      });
      assert.ok(
        off.filter((share) => share < 0.015).length >= 0.97 * off.length,
        "near the truth in nearly all frames",
      );
      assert.ok(
        [...values.subarray(0, 30), ...values.subarray(150)].every((f0) => f0 === 0),
        "no voice in silence",
      );
    });
  }

  test(`${name} keeps to its range and to the distance of the frames`, async () => {
    const { values } = await estimate(
      vowel(16_000, 0.6, () => 200),
      16_000,
      { floor: 250, ceiling: 500, hopSeconds: 0.005 },
    );
    assert.ok(Math.abs(values.length - 121) <= 1);
    assert.ok(values.every((f0) => f0 === 0 || (f0 >= 249 && f0 <= 501)));
  });

  test(`${name} refuses what makes no sense, and stops when it is told to`, async () => {
    const sound = vowel(16_000, 0.5, () => 150);
    await assert.rejects(estimate(sound, 16_000, { floor: 500, ceiling: 100 }), { code: "invalid_input" });
    await assert.rejects(estimate(sound, 16_000, { hopSeconds: 0 }), { code: "invalid_input" });
    await assert.rejects(engine.estimate({ sampleRate: 16_000, samples: sound }, options, AbortSignal.abort()), {
      code: "cancelled",
    });
    const abort = new AbortController();
    const long = { sampleRate: 16_000, samples: vowel(16_000, 20, () => 150) };
    const work = engine.estimate(long, options, abort.signal);
    setTimeout(() => abort.abort(), 30);
    await assert.rejects(work, { code: "cancelled" });
    assert.ok((await estimate(sound, 16_000)).values.some((f0) => f0 > 0));
  });
}
