import assert from "node:assert/strict";
import { test } from "node:test";
import { type JobResult, run } from "../../handler/index.ts";
import type { ConversionOptions } from "../../src/engines/voice/voice-converter.ts";
import { decodePlanar } from "../../src/media/decode-audio.ts";
import { truePeak } from "../../src/signal/true-peak.ts";
import { amplitudeOf, db, passThrough, restOf, sampled, testServices, tone, wav } from "./stems.ts";

const asked: ConversionOptions[] = [];
const { services } = await testServices([passThrough(asked)], { TALKBOX_INLINE_LIMIT: "40000000" });
const signal = new AbortController().signal;

const RATE = 44_100;

/** Without reverb, and with its dry path at 0 dB. */
const DRY = { reverb_wet: 0, reverb_dry: 0.5 };

type Cover = {
  output_audio: string;
  filename: string;
  size: number;
  warnings?: string[];
  receipt: { measures: Record<string, number> };
};

async function cover(params: object): Promise<Cover> {
  const job = {
    operation: "generate_cover_from_separate_audio",
    params: { voice_model: "same", ...params },
    output: { delivery: "inline" },
  };
  return (await run(job, { services })) as unknown as Cover;
}

async function listen({ output_audio }: Cover, sampleRate = RATE): Promise<[Float32Array, Float32Array]> {
  const binaries = await services.binaries();
  const { channels } = await decodePlanar(Buffer.from(output_audio, "base64"), {
    binaries,
    sampleRate,
    channels: 2,
    signal,
  });
  return [channels[0]!, channels[1]!];
}

for (const output_format of ["mp3", "wav", "flac"]) {
  test(`${output_format}: every stem is as loud as it should be, on the side where it was`, async () => {
    const made = await cover({
      voice_audio: wav(RATE, [tone(RATE, 2, 997, 0.1)]),
      instrument_audio: wav(RATE, [tone(RATE, 2, 440, 0.2), tone(RATE, 2, 1760, 0.1)]),
      backup_audio: wav(RATE, [tone(RATE, 2, 2637, 0.1), tone(RATE, 2, 2637, 0.1)]),
      ...DRY,
      main_gain: 3,
      backup_gain: -2,
      inst_gain: 1,
      output_format,
      bitrate: 320,
    });
    const [left, right] = await listen(made);
    const expected = [
      ["vocal", left, 997, db(0.1) - 4 + 3],
      ["vocal", right, 997, db(0.1) - 4 + 3],
      ["instrumental", left, 440, db(0.2) - 7 + 1],
      ["instrumental", right, 1760, db(0.1) - 7 + 1],
      ["backing", left, 2637, db(0.1) - 6 - 2],
      ["backing", right, 2637, db(0.1) - 6 - 2],
    ] as const;
    for (const [what, side, hz, level] of expected) {
      const got = db(amplitudeOf(side, RATE, hz));
      assert.ok(Math.abs(got - level) < 0.2, `${what}: ${got.toFixed(2)} dB, not ${level.toFixed(2)}`);
    }
    assert.ok(db(amplitudeOf(right, RATE, 440)) < -70, "the left side stays on the left");
    assert.equal(made.receipt.measures["limiter_reduction_db"], 0);
    assert.equal(made.filename, `cover_same.${output_format}`);
    assert.equal(made.size, Buffer.from(made.output_audio, "base64").length);
  });

  test(`${output_format}: stems meet to the sample, and the song is as long as the longest`, async () => {
    // A click in each, a second apart.
    const click = (at: number) => (_: number, n: number) => (n === at ? 0.5 : 0);
    const made = await cover({
      voice_audio: wav(RATE, [sampled(RATE, 2, click(RATE))]),
      instrument_audio: wav(RATE, [sampled(RATE, 3.123, click(2 * RATE))]),
      ...DRY,
      output_format,
    });
    const [left] = await listen(made);
    const wanted = Math.round(3.123 * RATE);
    const late = output_format === "mp3" ? 0.005 * RATE : 0;
    assert.ok(Math.abs(left.length - wanted) <= (output_format === "mp3" ? 1152 : 0), `${left.length} for ${wanted}`);
    for (const [from, to, at] of [
      [0, 1.5 * RATE, RATE],
      [1.5 * RATE, 3 * RATE, 2 * RATE],
    ] as const) {
      let loudest = from;
      for (let n = from; n < to; n++) if (Math.abs(left[n]!) > Math.abs(left[loudest]!)) loudest = n;
      assert.ok(Math.abs(loudest - at) <= late, `a click at ${loudest}, not ${at}`);
    }
  });
}

test("other rates and channels meet at the highest rate, at their levels and in time", async () => {
  for (const [vocalRate, musicRate, rate] of [
    [8_000, 22_050, 44_100],
    [48_000, 44_100, 48_000],
    [32_000, 96_000, 48_000],
    [44_056, 11_025, 44_100],
    [44_099, 47_952, 48_000],
  ] as const) {
    const made = await cover({
      voice_audio: wav(vocalRate, [tone(vocalRate, 1.5, 997, 0.1), tone(vocalRate, 1.5, 997, 0.1)], { samples: "s16" }),
      instrument_audio: wav(musicRate, [tone(musicRate, 1, 440, 0.2)], { samples: "s24" }),
      ...DRY,
      output_format: "wav",
      bit_depth: 24,
    });
    assert.equal(made.receipt.measures["sample_rate_hz"], rate);
    const [left, right] = await listen(made, rate);
    // A second and a half is no whole number of samples at every rate.
    assert.ok(Math.abs(left.length - 1.5 * rate) <= 2, `${left.length} samples`);
    assert.deepEqual(left, right);
    const music = left.subarray(0, rate);
    assert.ok(Math.abs(db(amplitudeOf(music, rate, 440)) - (db(0.2) - 7)) < 0.2);
    assert.ok(Math.abs(db(amplitudeOf(left, rate, 997)) - (db(0.1) - 4)) < 0.2);
    // Nothing but the two tones: no image of the one, no fold of the other.
    const residue = db(restOf(music.subarray(0.2 * rate, 0.8 * rate), rate, [997, 440]));
    assert.ok(residue < -80, `a residue of ${residue.toFixed(1)} dB`);
  }
});

test("seven point one channels are mixed down, none is lost", async () => {
  const channels = Array.from({ length: 8 }, (_, channel) => tone(RATE, 1, 300 + 100 * channel, 0.05));
  const made = await cover({
    voice_audio: wav(RATE, [tone(RATE, 1, 1500, 0.1)]),
    instrument_audio: wav(RATE, channels),
    ...DRY,
    output_format: "wav",
  });
  const [left, right] = await listen(made);
  for (const channel of [0, 1, 2, 4, 5, 6, 7]) {
    const loudest = Math.max(...[left, right].map((side) => amplitudeOf(side, RATE, 300 + 100 * channel)));
    assert.ok(db(loudest) > db(0.05) - 7 - 6.5, `channel ${channel}: ${db(loudest).toFixed(1)} dB`);
  }
});

test("peaks are kept under −1 dBTP, and the receipt says by how much", async () => {
  const loud = () =>
    sampled(RATE, 1, (t) => 0.9 * Math.sin(2 * Math.PI * 220 * t) + 0.9 * Math.sin(2 * Math.PI * 3300 * t));
  const made = await cover({
    voice_audio: wav(RATE, [loud()]),
    instrument_audio: wav(RATE, [loud(), loud()]),
    main_gain: 6,
    inst_gain: 12,
    output_format: "wav",
    bit_depth: 24,
  });
  const [left, right] = await listen(made);
  const peak = db(Math.max(truePeak(left), truePeak(right)));
  assert.ok(peak <= -1 && peak > -2, `${peak} dBTP`);
  assert.ok(made.receipt.measures["limiter_reduction_db"]! > 6);
  assert.ok(made.receipt.measures["limited_share"]! > 0.5);
});

test("pitch_change_all moves the music and is added to the vocal's shift; pitch_adjust is the vocal's alone", async () => {
  asked.length = 0;
  const made = await cover({
    voice_audio: wav(RATE, [tone(RATE, 2, 997, 0.1)]),
    instrument_audio: wav(RATE, [tone(RATE, 2, 440, 0.2), tone(RATE, 2, 880, 0.2)]),
    backup_audio: wav(RATE, [tone(RATE, 2, 1500, 0.1)]),
    ...DRY,
    pitch_adjust: 2,
    pitch_change_all: -5,
    output_format: "wav",
  });
  assert.deepEqual(
    asked.map(({ pitch, pitchMapping }) => ({ pitch, pitchMapping })),
    [{ pitch: -3, pitchMapping: "octave" }],
  );
  const [left, right] = await listen(made);
  assert.equal(left.length, 2 * RATE);
  const moved = 2 ** (-5 / 12);
  assert.ok(Math.abs(db(amplitudeOf(left, RATE, 440 * moved)) - (db(0.2) - 7)) < 0.2);
  assert.ok(Math.abs(db(amplitudeOf(right, RATE, 880 * moved)) - (db(0.2) - 7)) < 0.2);
  assert.ok(Math.abs(db(amplitudeOf(right, RATE, 1500 * moved)) - (db(0.1) - 6)) < 0.2);
  assert.ok(db(amplitudeOf(left, RATE, 440)) < -60);
});

test("the room is around the vocal alone, which stays in the middle", async () => {
  const vocal = sampled(RATE, 1, (_, n) => (n === RATE / 2 ? 0.1 : 0));
  const made = await cover({
    voice_audio: wav(RATE, [vocal]),
    instrument_audio: wav(RATE, [new Float32Array(RATE)]),
    output_format: "wav",
    bit_depth: 24,
  });
  const [left, right] = await listen(made);
  const dry = 0.1 * 1.6 * 10 ** (-4 / 20) * (1 / (1 + Math.tan((Math.PI * 50) / RATE)));
  assert.ok(Math.abs(db(Math.abs(left[RATE / 2]!)) - db(dry)) < 0.2);
  assert.equal(left[RATE / 2], right[RATE / 2]);
  // The echo begins with the shortest delays, other ones on either side.
  const tail = (side: Float32Array): number => side.subarray(RATE / 2 + 200).reduce((sum, x) => sum + x * x, 0);
  assert.ok(tail(left) > 0 && Math.abs(10 * Math.log10(tail(left) / tail(right))) < 1.5);
  assert.notDeepEqual(left.subarray(RATE / 2 + 1), right.subarray(RATE / 2 + 1));
});

test("a vocal in stereo stands in the middle, or where it stood; sides that cancel each other out are heard", async () => {
  const music = wav(RATE, [tone(RATE, 2, 110, 0.01)]);
  const sung = tone(RATE, 2, 997, 0.1);
  const times = (gain: number): Float32Array => sung.map((x) => gain * x);
  const levels = async (left: Float32Array, right: Float32Array, more: object = {}): Promise<number[]> => {
    const voice = wav(RATE, [left, right]);
    const made = await cover({ voice_audio: voice, instrument_audio: music, ...DRY, output_format: "wav", ...more });
    return (await listen(made)).map((side) => db(amplitudeOf(side, RATE, 997)));
  };
  const near = (made: number[], expected: readonly number[]): void => {
    for (const [i, level] of expected.entries()) {
      assert.ok(Math.abs((made[i] as number) - level) < 0.2, `${made.join(", ")} dB, not ${expected.join(", ")}`);
    }
  };
  const full = -20 - 4;
  near(await levels(sung, sung), [full, full]);
  near(await levels(sung, times(0.5)), [full - 2.5, full - 2.5]);
  near(await levels(sung, times(-1)), [full, full]);
  const source = { vocal_placement: "source" };
  near(await levels(sung, sung, source), [full, full]);
  near(await levels(sung, times(0.5), source), [full, full - 6]);
  const [left = 0, right = 0] = await levels(sung, times(0), source);
  assert.ok(Math.abs(left - full) < 0.2 && right < -70, `${left} and ${right} dB`);
});

test("the tracks of a mix are files on request, before their levels; without it the answer is the documented one", async () => {
  const params = {
    voice_audio: wav(RATE, [tone(RATE, 2, 997, 0.1)]),
    instrument_audio: wav(RATE, [tone(RATE, 1, 440, 0.2)]),
    ...DRY,
    output_format: "wav",
    bit_depth: 24,
  };
  const plain = await cover(params);
  assert.ok(!("stems" in plain));
  const asked = { ...params, stems: ["tracks"], stems_format: "wav" };
  const made = (await cover(asked)) as Cover & JobResult & { stems: { stem: string; duration: number }[] };
  assert.deepEqual(
    made.stems.map(({ stem, duration }) => [stem, duration]),
    [
      ["sung", 2],
      ["instrumental", 1],
    ],
  );
  const binaries = await services.binaries();
  const [sung, instrumental] = await Promise.all(
    made.artifacts.slice(1).map(async ({ base64 = "" }) => {
      const options = { binaries, sampleRate: RATE, channels: 2, signal } as const;
      return (await decodePlanar(Buffer.from(base64, "base64"), options)).channels;
    }),
  );
  const [left] = await listen(made);
  for (const n of [5000, 22_050, 43_000, 60_000, 88_000]) {
    const voice = 10 ** (-4 / 20) * (sung?.[0]?.[n] ?? 0);
    const sum = voice + 10 ** (-7 / 20) * (instrumental?.[0]?.[n] ?? 0);
    assert.ok(Math.abs((left[n] as number) - sum) < 1e-5, `sample ${n}: ${left[n]}, not ${sum}`);
  }
  const alone = (await cover({ ...asked, stems: ["instrumental"] })) as Cover & { stems: { stem: string }[] };
  assert.deepEqual(
    alone.stems.map(({ stem }) => stem),
    ["instrumental"],
  );
});
