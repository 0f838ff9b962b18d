import assert from "node:assert/strict";
import { it } from "node:test";
import { decodeMono, decodePlanar } from "../../src/media/decode-audio.ts";
import { encodeAudio } from "../../src/media/encode-audio.ts";
import { probe } from "../../src/media/probe.ts";
import { encodeWav } from "../../src/media/wav.ts";
import { describeEachBinaries } from "./each-binaries.ts";
import { assertNothingLeft, withRoot } from "./leftovers.ts";

const signal = new AbortController().signal;

function tone(rate: number, hz: number): Float32Array {
  return Float32Array.from({ length: rate }, (_, n) => 0.5 * Math.sin((2 * Math.PI * hz * n) / rate));
}

/** RMS of the middle half in dB against a tone of amplitude 0.5; what is at `hz` is taken out, if that is given. */
function levelDb(samples: Float32Array, rate: number, hz?: number): number {
  const middle = samples.slice(samples.length / 4, (3 * samples.length) / 4);
  const rounds = hz === undefined ? 0 : 4;
  for (let round = 0; round < rounds; round++) {
    const step = (2 * Math.PI * (hz ?? 0)) / rate;
    let [re, im] = [0, 0];
    for (const [n, x] of middle.entries()) {
      re += x * Math.cos(step * n);
      im += x * Math.sin(step * n);
    }
    for (const [n, x] of middle.entries()) {
      middle[n] = x - (2 / middle.length) * (re * Math.cos(step * n) + im * Math.sin(step * n));
    }
  }
  return 10 * Math.log10(middle.reduce((sum, x) => sum + x * x, 1e-20) / middle.length / 0.125);
}

await describeEachBinaries("fine audio", (binaries) => {
  const lazy = () => Promise.resolve(binaries);

  it("is resampled without aliases, flat up to 90 % of the band", async () => {
    for (const [from, to] of [
      [48_000, 44_100],
      [96_000, 48_000],
      [44_100, 48_000],
      [8_000, 44_100],
    ] as const) {
      const lower = Math.min(from, to);
      const decode = async (hz: number): Promise<Float32Array> => {
        const wav = encodeWav({ sampleRate: from, channels: [tone(from, hz)] }, { samples: "f32" });
        const options = { binaries, sampleRate: to, resampling: "fine", signal } as const;
        return (await decodeMono(wav, options)).samples;
      };
      for (const hz of [0.05 * lower, 0.45 * lower]) {
        const made = await decode(hz);
        assert.ok(Math.abs(levelDb(made, to)) < 0.1, `${hz} Hz of ${from} at ${to}: ${levelDb(made, to)} dB`);
        assert.ok(levelDb(made, to, hz) < -90, `beside ${hz} Hz of ${from} at ${to}: ${levelDb(made, to, hz)} dB`);
      }
      if (from < to) continue;
      const hz = 0.505 * to;
      const alias = levelDb(await decode(hz), to);
      assert.ok(alias < -80, `${hz} Hz of ${from} folds down at ${to}: ${alias} dB`);
    }
  });

  it("FLAC holds the very samples of the WAV file, in 16 and 24 bits", async () => {
    await withRoot(async (root) => {
      const audio = { sampleRate: 44_100, channels: [tone(44_100, 441), tone(44_100, 997).map((x) => 2.4 * x)] };
      for (const samples of ["s16", "s24"] as const) {
        const planes = [];
        for (const format of ["wav", "flac"] as const) {
          const path = root.file(`sound.${format}`);
          await encodeAudio(audio, { path, format, binaries: lazy, signal, wav: { samples, dither: true } });
          const options = { binaries, sampleRate: 44_100, channels: 2, signal } as const;
          planes.push((await decodePlanar(path, options)).channels);
          if (format === "flac") assert.equal((await probe(path, { ffprobe: binaries.ffprobe })).audio?.codec, "flac");
        }
        assert.deepEqual(planes[1], planes[0], samples);
        const steps = samples === "s16" ? 2 ** 15 : 2 ** 23;
        const coarser = steps / 2;
        assert.ok(planes[1]?.[0]?.every((x) => Number.isInteger(x * steps)));
        assert.ok(!planes[1]?.[0]?.every((x) => Number.isInteger(x * coarser)), "all of its bits are used");
      }
      await assertNothingLeft(root, ["sound.flac", "sound.wav"]);
    });
  });
});
