import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { createCenterEngine } from "../../src/engines/stems/center/center-engine.ts";
import { STEP } from "../../src/engines/stems/center/windows.ts";
import type { StereoPassage } from "../../src/engines/stems/stem-separator.ts";
import { AppError } from "../../src/errors.ts";
import { concatSamples } from "../../src/media/pcm.ts";
import { Reverb } from "../../src/signal/effects/reverb.ts";
import { makeSong, RATE, sdr } from "./songs.ts";

const engine = createCenterEngine();
after(() => engine[Symbol.asyncDispose]());
const never = new AbortController().signal;

async function* inBlocks([left, right]: StereoPassage, block = 10_007): AsyncGenerator<StereoPassage, void> {
  for (let at = 0; at < left.length; at += block) yield [left.subarray(at, at + block), right.subarray(at, at + block)];
}

type Sides = [Float32Array, Float32Array];

async function separate(sound: StereoPassage, block?: number, model = "center"): Promise<{ stem: Sides; rest: Sides }> {
  const parts = { stem: [[], []] as Float32Array[][], rest: [[], []] as Float32Array[][] };
  for await (const passage of engine.separate(inBlocks(sound, block), { model }, never)) {
    for (const side of [0, 1] as const) {
      parts.stem[side]!.push(passage.stem[side]);
      parts.rest[side]!.push(passage.rest[side]);
    }
  }
  const whole = ([left, right]: Float32Array[][]): Sides => [concatSamples(left!), concatSamples(right!)];
  return { stem: whole(parts.stem), rest: whole(parts.rest) };
}

/** Largest difference of the stems' sum from the sound, in steps of a float at full scale. */
function sumError(sound: StereoPassage, { stem, rest }: { stem: Sides; rest: Sides }): number {
  let most = 0;
  for (const side of [0, 1] as const) {
    assert.equal(stem[side].length, sound[side].length);
    for (let n = 0; n < sound[side].length; n++) {
      most = Math.max(most, Math.abs(Math.fround(stem[side][n]! + rest[side][n]!) - sound[side][n]!));
    }
  }
  return most * 2 ** 24;
}

const isCode = (code: string, said?: RegExp) => (error: unknown) =>
  error instanceof AppError && error.code === code && (said?.test(error.message) ?? true);

describe("the embedded separation", () => {
  it("brings a voice of 0 dB out of a stereo band by 9 dB, and out of one channel by 6.5 dB", async (t) => {
    for (const [panned, least] of [
      [true, 9],
      [false, 6.5],
    ] as const) {
      const { voice, mix } = await makeSong(40, { panned });
      const made = await separate(mix);
      const before = sdr([voice, voice], mix);
      const after = sdr([voice, voice], made.stem);
      t.diagnostic(
        `${panned ? "stereo" : "mono"}: ${before.toFixed(1)} dB in the song, ${after.toFixed(1)} dB in the stem`,
      );
      assert.ok(after - before > least, `by ${(after - before).toFixed(2)} dB`);
      assert.ok(sumError(mix, made) <= 1, "the stems together are the song, to a float's last bit");
    }
  });

  it("brings the lead out of two voices by 1.5 dB, and a voice out of a room by 1 dB", async (t) => {
    const { voice } = await makeSong(20, { panned: true });
    // The other voice sings higher, later and softer.
    const other = voice.map((_, n) => 0.5 * (voice[Math.floor(n * 1.26) % voice.length] ?? 0));
    const choir = voice.map((value, n) => value + other[n]!);
    const apart = await separate([choir, choir], undefined, "center-lead");
    const lead = sdr([voice], [apart.rest[0]]) - sdr([voice], [choir]);
    const hall: StereoPassage = [voice.slice(), voice.slice()];
    new Reverb(RATE, { roomSize: 0.6, damping: 0.5, wet: 0.3, dry: 0.5 }).processStereo(...hall);
    const out = await separate(hall, undefined, "center-dry");
    const dry = sdr([voice], [out.rest[0]]) - sdr([voice], [hall[0]]);
    t.diagnostic(`lead ${lead.toFixed(1)} dB, dry ${dry.toFixed(1)} dB`);
    assert.ok(lead > 1.5 && dry > 1, `lead ${lead.toFixed(2)} dB, dry ${dry.toFixed(2)} dB`);
    assert.ok(sumError([choir, choir], apart) <= 1 && sumError(hall, out) <= 1);
  });

  it("says the same of a part as of the whole song, whatever the blocks", async () => {
    const { mix } = await makeSong(60, { panned: true });
    const whole = await separate(mix);
    const part = await separate([mix[0].subarray(STEP), mix[1].subarray(STEP)], 44_100);
    // Both have the second window's word alone, from where the first one has faded on.
    const settled = 6 * RATE;
    for (const side of [0, 1] as const) {
      assert.deepEqual(
        part.stem[side].subarray(settled, 24 * RATE),
        whole.stem[side].subarray(STEP + settled, STEP + 24 * RATE),
      );
    }
  });

  it("joins its windows without a click", async () => {
    const { mix } = await makeSong(40, { panned: true });
    const { stem } = await separate(mix);
    const steps = stem[0].map((value, n) => Math.abs(value - (stem[0][n - 1] ?? 0)));
    const joint = steps.subarray(STEP, STEP + 6 * RATE).reduce((most, value) => Math.max(most, value), 0);
    const elsewhere = steps.subarray(0, STEP).reduce((most, value) => Math.max(most, value), 0);
    assert.ok(joint <= 1.5 * elsewhere, `a step of ${joint} beside ${elsewhere}`);
  });

  it("takes silence, sounds of any length, what is no number, and songs on one side alone", async () => {
    for (const length of [1, 2, 1000, 5000]) {
      const sound: StereoPassage = [new Float32Array(length).fill(0.1), new Float32Array(length).fill(-0.1)];
      assert.ok(sumError(sound, await separate(sound)) <= 1);
    }
    assert.equal((await separate([new Float32Array(0), new Float32Array(0)])).stem[0].length, 0);
    const silence: StereoPassage = [new Float32Array(50_000), new Float32Array(50_000)];
    assert.deepEqual((await separate(silence)).stem, silence);
    const { voice, mix } = await makeSong(20, { panned: false });
    const holes = mix.map((side) => side.map((value, n) => (n % 5000 === 0 ? Number.NaN : value)));
    const made = await separate(holes as unknown as StereoPassage);
    assert.ok(made.stem.every((side) => side.every(Number.isFinite)));
    const oneSided = await separate([mix[0], new Float32Array(mix[0].length)]);
    assert.ok(sdr([voice], [oneSided.stem[0]]) - sdr([voice], [mix[0]]) > 4);
    assert.ok(oneSided.stem[1].every((value) => value === 0));
  });

  it("ends at once when it is cancelled, and says so when it has not what is asked for", async () => {
    const { mix } = await makeSong(40, { panned: true });
    const abort = new AbortController();
    async function* cutOff(): AsyncGenerator<StereoPassage, void> {
      let seconds = 0;
      for await (const block of inBlocks(mix)) {
        seconds += block[0].length / RATE;
        // The first window is whole, and the second one is not.
        if (seconds > 35) abort.abort();
        yield block;
      }
    }
    await assert.rejects(async () => {
      for await (const _ of engine.separate(cutOff(), { model: "center" }, abort.signal));
    }, isCode("cancelled"));
    await assert.rejects(
      async () => {
        for await (const _ of engine.separate(inBlocks(mix), { model: "drums" }, never));
      },
      isCode("not_found", /It has "center", "center-lead"/),
    );
  });
});
