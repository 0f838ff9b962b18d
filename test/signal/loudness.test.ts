import assert from "node:assert/strict";
import { test } from "node:test";
import { integratedLoudness } from "../../src/signal/loudness.ts";

/** A stereo sine of 1 kHz in stretches of `[dBFS, seconds]`, as the cases of EBU Tech 3341 are made. */
function programme(
  stretches: readonly (readonly [db: number, seconds: number])[],
  sampleRate = 48_000,
): Float32Array[] {
  const length = stretches.reduce((sum, [, seconds]) => sum + seconds * sampleRate, 0);
  const samples = new Float32Array(length);
  let n = 0;
  for (const [db, seconds] of stretches) {
    const end = n + seconds * sampleRate;
    for (; n < end; n++) samples[n] = 10 ** (db / 20) * Math.sin((2 * Math.PI * 1_000 * n) / sampleRate);
  }
  return [samples, samples];
}

const CASES = [
  ["case 1", [[-23, 20]], -23],
  ["case 2", [[-33, 20]], -33],
  [
    "case 3",
    [
      [-36, 10],
      [-23, 60],
      [-36, 10],
    ],
    -23,
  ],
  [
    "case 4",
    [
      [-72, 10],
      [-36, 10],
      [-23, 60],
      [-36, 10],
      [-72, 10],
    ],
    -23,
  ],
  [
    "case 5",
    [
      [-26, 20],
      [-20, 20.1],
      [-26, 20],
    ],
    -23,
  ],
] as const;

for (const [name, stretches, lufs] of CASES) {
  test(`EBU Tech 3341 ${name}: ${lufs} LUFS`, () => {
    const measured = integratedLoudness(programme(stretches), 48_000);
    assert.ok(Math.abs(measured - lufs) <= 0.1, `${measured} LUFS`);
  });
}

test("a tone of 997 Hz and full scale in one channel reads -3.01 LUFS at every rate", () => {
  for (const sampleRate of [16_000, 22_050, 24_000, 44_100, 48_000, 96_000]) {
    const tone = Float32Array.from({ length: 5 * sampleRate }, (_, n) =>
      Math.sin((2 * Math.PI * 997 * n) / sampleRate),
    );
    const measured = integratedLoudness([tone], sampleRate);
    assert.ok(Math.abs(measured + 3.01) < 0.1, `${measured} LUFS at ${sampleRate} Hz`);
  }
});

test("a sound under 400 ms is measured; silence is not", () => {
  const tone = Float32Array.from({ length: 4_800 }, (_, n) => 0.1 * Math.sin((2 * Math.PI * 997 * n) / 48_000));
  assert.ok(Math.abs(integratedLoudness([tone], 48_000) + 23.01) < 0.5);
  assert.equal(integratedLoudness([new Float32Array(48_000)], 48_000), Number.NEGATIVE_INFINITY);
  assert.equal(integratedLoudness([new Float32Array(0)], 48_000), Number.NEGATIVE_INFINITY);
});
