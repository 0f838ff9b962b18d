import assert from "node:assert/strict";
import { test } from "node:test";
import { Limiter } from "../../../src/signal/effects/limiter.ts";
import { truePeak } from "../../../src/signal/true-peak.ts";

const RATE = 44_100;

/** Music-like noise: tones with bursts up to `peak`. */
function sound(seconds: number, peak: number, phase = 0): Float32Array {
  return Float32Array.from({ length: Math.round(RATE * seconds) }, (_, n) => {
    const t = n / RATE;
    const burst = 0.3 + 0.7 * Math.max(0, Math.sin(2 * Math.PI * 2.3 * t)) ** 8;
    const tones =
      Math.sin(2 * Math.PI * 82 * t + phase) +
      Math.sin(2 * Math.PI * 1730 * t) +
      Math.sin(2 * Math.PI * 11_025 * t + 0.8);
    return (peak / 3) * burst * tones;
  });
}

function limited(channels: readonly Float32Array[], size: number, ceiling = -1) {
  const limiter = new Limiter(RATE, channels.length, ceiling);
  const made: number[][] = channels.map(() => []);
  const keep = (blocks: Float32Array[]): void => {
    for (const [channel, block] of blocks.entries()) for (const x of block) made[channel]?.push(x);
  };
  const length = channels[0]?.length ?? 0;
  for (let at = 0; at < length; at += size) keep(limiter.push(channels.map((plane) => plane.subarray(at, at + size))));
  keep(limiter.finish());
  return { channels: made.map((values) => Float32Array.from(values)), limiter };
}

const db = (gain: number): number => 20 * Math.log10(gain);

test("no true peak is above the ceiling, and the peak is not far below it", () => {
  for (const peak of [1, 1.5, 4, 20]) {
    const { channels, limiter } = limited([sound(1, peak), sound(1, peak / 2, 1)], 4096);
    const loudest = db(Math.max(...channels.map(truePeak)));
    assert.ok(loudest <= -1, `a sound of peak ${peak} comes out at ${loudest.toFixed(2)} dBTP`);
    assert.ok(loudest > -2.2, `a sound of peak ${peak} is turned down too far: ${loudest.toFixed(2)} dBTP`);
    const needed = db(Math.max(truePeak(sound(1, peak)))) + 1;
    assert.ok(Math.abs(limiter.reductionDb - needed) < 1.2, `${limiter.reductionDb} dB for ${needed} dB`);
  }
});

test("sound below the ceiling comes out bit for bit, at once and after a loud passage", () => {
  const quiet = sound(0.5, 0.8);
  const { channels, limiter } = limited([quiet], 1000);
  assert.deepEqual(channels[0], quiet);
  assert.equal(limiter.reductionDb, 0);
  assert.equal(limiter.limitedSamples, 0);

  const loud = new Float32Array(RATE * 3);
  loud.set(quiet);
  loud[RATE] = 3;
  loud.set(quiet, 2.5 * RATE);
  const after = limited([loud], 777);
  assert.deepEqual(after.channels[0]?.subarray(2.5 * RATE), loud.subarray(2.5 * RATE));
  assert.deepEqual(after.channels[0]?.subarray(0, 0.9 * RATE), loud.subarray(0, 0.9 * RATE));
  assert.ok(after.limiter.limitedSamples > 0);
});

test("how it is cut makes no difference, and the length stays", () => {
  for (const length of [0, 1, 5, 100, 20_000]) {
    const channels = [sound(1, 3).subarray(0, length), sound(1, 1, 2).subarray(0, length)];
    const whole = limited(channels, 1 << 20);
    assert.equal(whole.channels[0]?.length, length);
    for (const size of [1, 97, 4096]) {
      if (size === 1 && length > 1000) continue;
      assert.deepEqual(limited(channels, size).channels, whole.channels, `${length} samples in blocks of ${size}`);
    }
  }
});

test("both sides are turned down together, so that nothing wanders", () => {
  const left = sound(0.5, 4);
  const right = left.map((x) => x / 8);
  const { channels } = limited([left, right], 4096);
  for (let n = 0; n < left.length; n++) {
    assert.ok(Math.abs((channels[0]![n] as number) - 8 * (channels[1]![n] as number)) < 1e-6);
  }
});
