import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LevelCurve, LoudnessMatch } from "../../src/engines/voice/rvc/loudness.ts";
import { seededNoise } from "../../src/engines/voice/rvc/noise.ts";
import { mirrored, type Passage, PASSAGE_WIDTHS, passagesOf } from "../../src/engines/voice/rvc/passages.ts";
import { ZeroPhaseHighPass } from "../../src/engines/voice/rvc/zero-phase.ts";
import { clip } from "./narrow.ts";

function joined(parts: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  parts.reduce((at, part) => (all.set(part, at), at + part.length), 0);
  return all;
}

function filtered(samples: Float32Array, block: number): Float32Array {
  const filter = new ZeroPhaseHighPass();
  const parts: Float32Array[] = [];
  for (let at = 0; at < samples.length; at += block) parts.push(filter.push(samples.subarray(at, at + block)));
  parts.push(filter.finish());
  return joined(parts);
}

/** The coefficients as the reference has them, over all of a sound at once, there and back. */
function filteredAtOnce(samples: Float32Array): Float64Array {
  const b = [1, -5, 10, -10, 5, -1].map((x) => x * 0.969_960_65);
  const sections = [
    [0.969_960_65, -0.969_960_65, 0, -0.981_325_89, 0],
    [1, -2, 1, -1.969_610_69, 0.969_960_65],
    [1, -2, 1, -1.988_065_24, 0.988_418_48],
  ] as const;
  assert.equal(b.length, 6);
  const pass = (values: Float64Array): Float64Array => {
    let out = values;
    for (const [i, [b0, b1, b2, a1, a2]] of sections.entries()) {
      let [s1, s2] = [i === 0 ? -b0 * (out[0] as number) : 0, 0];
      out = out.map((x) => {
        const y = b0 * x + s1;
        s1 = b1 * x - a1 * y + s2;
        s2 = b2 * x - a2 * y;
        return y;
      });
    }
    return out;
  };
  const edge = 18;
  const last = samples.length - 1;
  const wide = Float64Array.from({ length: samples.length + 2 * edge }, (_, i) => {
    const at = i - edge;
    if (at < 0) return 2 * (samples[0] as number) - (samples[-at] as number);
    return at > last ? 2 * (samples[last] as number) - (samples[2 * last - at] as number) : (samples[at] as number);
  });
  return pass(pass(wide).toReversed())
    .toReversed()
    .subarray(edge, edge + samples.length);
}

describe("the high-pass of RVC", () => {
  it("is Butterworth's of order 5, there and back, however the sound is cut", () => {
    const song = clip(100_000).map((x, i) => x + 0.3 + 0.2 * Math.sin((2 * Math.PI * 20 * i) / 16_000));
    const expected = filteredAtOnce(song);
    for (const block of [song.length, 7919, 11]) {
      const made = filtered(song, block);
      assert.equal(made.length, song.length);
      let worst = 0;
      for (const [i, x] of made.entries()) worst = Math.max(worst, Math.abs(x - (expected[i] as number)));
      assert.ok(worst < 1e-6, `blocks of ${block}: ${worst}`);
    }
  });

  it("takes what is at 0 Hz away, and leaves a voice: −6 dB at 48 Hz, in place", () => {
    assert.ok(filtered(new Float32Array(50_000).fill(0.7), 5000).every((x) => Math.abs(x) < 1e-6));
    const amplitude = (hz: number): number => {
      const tone = Float32Array.from({ length: 64_000 }, (_, i) => Math.sin((2 * Math.PI * hz * i) / 16_000));
      const made = filtered(tone, 4000);
      let sum = 0;
      for (let i = 16_000; i < 48_000; i++) sum += (made[i] as number) * (tone[i] as number);
      return sum / 16_000;
    };
    assert.ok(Math.abs(amplitude(48) - 0.5) < 0.01);
    assert.ok(Math.abs(amplitude(300) - 1) < 0.001);
  });

  it("takes sounds of any length", () => {
    for (const length of [0, 1, 2, 18, 19, 20, 500]) {
      for (const block of [1, 7, 600]) {
        const made = filtered(clip(length), block);
        assert.equal(made.length, length);
        assert.ok(made.every(Number.isFinite));
      }
    }
  });
});

async function cut(samples: Float32Array, block: number, asItIs = true): Promise<Passage[]> {
  async function* blocks(): AsyncGenerator<Float32Array> {
    for (let at = 0; at < samples.length; at += block) yield samples.subarray(at, at + block);
  }
  return Array.fromAsync(passagesOf(blocks(), asItIs));
}

describe("passages", () => {
  const RATE = 16_000;
  /** Louder and quieter, with a breath of a hundredth of a second at 21.5 s and 43 s. */
  const song = clip(47 * RATE).map((x, i) => (i % (21.5 * RATE) < 800 && i > 800 ? 0 : x + 0.05));

  it("are cut at quiet places on the grid of ContentVec's frames, and are the song", async () => {
    for (const block of [song.length, 10_000]) {
      const passages = await cut(song, block);
      assert.equal(passages.length, 3);
      let from = 0;
      for (const passage of passages) {
        assert.equal(passage.from, from);
        const own = passage.samples.subarray(RATE, RATE + passage.length);
        assert.deepEqual(own, song.slice(from, from + passage.length));
        assert.ok(PASSAGE_WIDTHS.includes(passage.samples.length));
        assert.ok(passage.samples.every(Number.isFinite));
        assert.ok(passage.samples.length >= passage.length + 2 * RATE);
        from += passage.length;
        assert.equal(passage.last, from === song.length);
        if (!passage.last) {
          assert.equal(from % 320, 0);
          assert.ok(Math.abs((from % (21.5 * RATE)) - 400) <= 400 + 320, `cut at ${from / RATE} s`);
        }
      }
      assert.equal(from, song.length);
    }
  });

  it("hear a second on either side; beyond the ends the mirror image", async () => {
    const [first, , last] = (await cut(song, 10_000)) as [Passage, Passage, Passage];
    for (const i of [0, 5000, 15_999]) {
      assert.equal(first.samples[i], song[RATE - i]);
      assert.equal(last.samples[RATE + last.length + i], song[song.length - 2 - i]);
    }
    assert.equal(first.samples[RATE + first.length + 100], song[first.length + 100]);
    assert.equal(last.samples[100], song[last.from - RATE + 100]);
  });

  it("of a clip are one, mirrored as often as need be", async () => {
    for (const length of [1, 2, 700, 16_001, 24 * RATE]) {
      const [only, ...more] = await cut(clip(24 * RATE).subarray(0, length), 999);
      assert.deepEqual(more, []);
      assert.ok(only?.last);
      assert.equal(only.length, length);
      assert.equal(only.samples.length, length + 2 * RATE);
    }
    assert.deepEqual(await cut(new Float32Array(0), 10), []);
    assert.deepEqual(
      [-4, -3, -2, -1, 0, 1, 2, 3, 4, 5].map((i) => mirrored(i, 3)),
      [0, 1, 2, 1, 0, 1, 2, 1, 0, 1],
    );
  });

  it("of a clip are of few sizes as well, where that is wanted", async () => {
    const [short] = await cut(song.subarray(0, 2 * RATE), 10_000, false);
    assert.equal(short?.samples.length, 6 * RATE);
    assert.equal(short.samples[3 * RATE], song[2 * (2 * RATE - 1) - 2 * RATE]);
  });
});

describe("the loudness of a song", () => {
  /** RMS of a second around each half second, mirrored at the ends. */
  function levels(samples: Float32Array, hop: number): number[] {
    return Array.from({ length: 1 + Math.floor(samples.length / hop) }, (_, point) => {
      let sum = 0;
      for (let i = (point - 1) * hop; i < (point + 1) * hop; i++)
        sum += (samples[mirrored(i, samples.length)] as number) ** 2;
      return Math.sqrt(sum / (2 * hop));
    });
  }

  it("is the root of the mean square over a second, each half second", () => {
    for (const length of [1, 300, 499, 500, 501, 1000, 1001, 1400, 5250]) {
      const samples = clip(length);
      const curve = new LevelCurve(1000);
      for (let at = 0; at < length; at += 333) curve.push(samples.subarray(at, at + 333));
      curve.finish();
      const expected = levels(samples, 500);
      assert.equal(curve.points.length, expected.length);
      for (const [i, level] of curve.points.entries()) assert.ok(Math.abs(level - (expected[i] as number)) < 1e-9);
    }
  });

  function matched(source: Float32Array, song: Float32Array<ArrayBuffer>, share: number, block: number): Float32Array {
    const curve = new LevelCurve(1000);
    curve.push(source);
    curve.finish();
    const match = new LoudnessMatch(curve, 1000, share);
    const parts: Float32Array[] = [];
    for (let at = 0; at < song.length; at += block) parts.push(match.push(song.slice(at, at + block)));
    parts.push(match.finish());
    return joined(parts);
  }

  it("is the source's at 0, its own at 1, and between them between; never 12 dB more than it was", () => {
    const source = clip(6000).map((x, i) => x * (i < 3000 ? 1 : 0.1));
    const song = clip(6000).map((x, i) => 0.5 * x * (1 + 0.3 * Math.sin(i / 400)));
    assert.deepEqual(matched(source, song, 1, 700), song);
    const half = matched(source, song, 0.5, 6000);
    const [wanted, own] = [levels(source, 500), levels(song, 500)];
    for (const at of [500, 1500, 2500, 4000, 5000]) {
      const gain = Math.sqrt((wanted[at / 500] as number) / (own[at / 500] as number));
      assert.ok(Math.abs((half[at] as number) - gain * (song[at] as number)) < 1e-6, `at ${at}`);
    }
    for (const block of [6000, 100]) assert.deepEqual(matched(source, song, 0.5, block), half);
    const faint = song.map((x) => 1e-4 * x);
    for (const [i, x] of matched(source, faint, 0, 500).entries()) {
      assert.ok(Math.abs(x) <= 4.001 * Math.abs(faint[i] as number));
    }
    assert.ok(matched(new Float32Array(6000), song, 0.25, 1000).every((x) => x === 0));
  });
});

describe("the noise of a voice", () => {
  it("is at a place what it is, however it is asked for; other seeds draw other noise", () => {
    const noise = seededNoise(3);
    const all = noise.latent(100, 10, 4);
    const some = noise.latent(104, 3, 4);
    for (let channel = 0; channel < 4; channel++) {
      assert.deepEqual(some.slice(channel * 3, channel * 3 + 3), all.slice(channel * 10 + 4, channel * 10 + 7));
    }
    assert.deepEqual(noise.source(777, 50), noise.source(700, 200).slice(77, 127));
    assert.notDeepEqual(seededNoise(4).latent(100, 10, 4), all);
    const many = noise.source(0, 50_000);
    const mean = many.reduce((sum, x) => sum + x, 0) / many.length;
    const variance = many.reduce((sum, x) => sum + (x - mean) ** 2, 0) / many.length;
    assert.ok(Math.abs(mean) < 0.02 && Math.abs(variance - 1) < 0.03);
  });
});
