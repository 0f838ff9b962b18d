import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Compressor, type CompressorSettings } from "../../../src/signal/effects/compressor.ts";
import { HighPass } from "../../../src/signal/effects/high-pass.ts";
import { Reverb, type ReverbSettings } from "../../../src/signal/effects/reverb.ts";

/** Made by tools/effects-goldens/make.py, which calls pedalboard. */
const folder = join(import.meta.dirname, "goldens");

type Case = { rate: number; channels: number; from: number; count: number } & (
  | { effect: "high-pass"; settings: { hz: number } }
  | { effect: "compressor"; settings: CompressorSettings }
  | { effect: "reverb"; settings: ReverbSettings }
);
type Goldens = { skip: number; seconds: number; cases: readonly Case[] };

const { skip, seconds, cases } = JSON.parse(readFileSync(join(folder, "goldens.json"), "utf8")) as Goldens;
const file = readFileSync(join(folder, "goldens.bin"));
const goldens = new Float32Array(file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength));

/** The same sound as `sound` in make.py. */
function sound(rate: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: Math.floor(rate * seconds) }, (_, n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const burst = Math.floor((n * 32) / rate);
    const level = [0, 1, 4, 16, 63][(burst + Math.floor(burst / 5)) % 5] ?? 0;
    return (((state >>> 16) - 32768) * level) / (32768 * 64);
  });
}

type Block = (channels: Float32Array[]) => void;

function effectOf(each: Case): Block {
  if (each.effect === "reverb") {
    const reverb = new Reverb(each.rate, each.settings);
    return ([left, right]) => (right ? reverb.processStereo(left!, right) : reverb.processMono(left!));
  }
  const effect =
    each.effect === "high-pass" ? new HighPass(each.rate, each.settings.hz) : new Compressor(each.rate, each.settings);
  return ([only]) => effect.process(only!);
}

/** What an effect makes of the test sound, given in blocks of `size` samples. */
function render(each: Case, size: number): Float32Array[] {
  const channels = Array.from({ length: each.channels }, (_, channel) => sound(each.rate, 1 + channel));
  const apply = effectOf(each);
  for (let at = 0; at < channels[0]!.length; at += size) apply(channels.map((plane) => plane.subarray(at, at + size)));
  return channels;
}

function worstDb(made: Float32Array, expected: Float32Array, step: number): number {
  let worst = 0;
  for (let n = 0; n < expected.length; n++) worst = Math.max(worst, Math.abs(made[n * step]! - expected[n]!));
  return 20 * Math.log10(worst);
}

for (const each of cases) {
  const { rate, effect, settings, channels, from, count } = each;
  const name = `${effect} ${Object.values(settings).join("/")}, ${channels} channel(s) at ${rate} Hz`;
  test(`${name}: within −80 dBFS of the reference, however it is cut`, () => {
    const whole = render(each, Number.POSITIVE_INFINITY);
    for (const [channel, made] of whole.entries()) {
      const expected = goldens.subarray(from + channel * count, from + (channel + 1) * count);
      assert.ok(
        expected.some((value) => Math.abs(value) > 0.01),
        "the golden holds a sound",
      );
      const worst = worstDb(made, expected, skip);
      if (process.env["SHOW"]) console.log(name, channel, worst.toFixed(1));
      assert.ok(worst <= -80, `channel ${channel} differs by ${worst.toFixed(1)} dBFS`);
    }
    for (const size of [1, 37, 512, 4096]) assert.deepEqual(render(each, size), whole, `blocks of ${size}`);
  });
}
