import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import sharp from "sharp";
import { type JobResult, run } from "../../handler/index.ts";
import { decodePlanar } from "../../src/media/decode-audio.ts";
import { liveChildren } from "../../src/media/child-registry.ts";
import { liveTempDirs } from "../../src/media/temp.ts";
import { db, passThrough, testServices, tone, wav } from "./stems.ts";

const { services, folder } = await testServices([passThrough()], { TALKBOX_INLINE_LIMIT: "40000000" });
const RATE = 44_100;
const GOOD = {
  voice_audio: wav(RATE, [tone(RATE, 1, 500, 0.1)]),
  instrument_audio: wav(RATE, [tone(RATE, 1, 200, 0.1)]),
};

async function cover(params: object): Promise<JobResult> {
  const job = { operation: "generate_cover_from_separate_audio", params: { ...GOOD, voice_model: "same", ...params } };
  try {
    return await run(job, { services });
  } finally {
    assert.deepEqual(liveChildren(), [], "a process is left");
    assert.deepEqual(liveTempDirs(), [], "a folder is left");
    assert.deepEqual(await readdir(join(folder, "temp")).catch(() => []), [], "a file is left");
    assert.equal(services.places.pending, 0, "a place is taken");
  }
}

async function listen(made: JobResult): Promise<readonly Float32Array[]> {
  const audio = await decodePlanar(Buffer.from(String(made["output_audio"]), "base64"), {
    binaries: await services.binaries(),
    sampleRate: RATE,
    channels: 2,
    signal: new AbortController().signal,
  });
  return audio.channels;
}

/** A WAV file's header with nothing but a claim of `seconds` behind it, and `actual` samples. */
function claiming(seconds: number, actual: Float32Array): string {
  const file = Buffer.from(wav(RATE, [actual], { samples: "s16" }), "base64");
  file.writeUInt32LE(seconds * RATE * 2, 40);
  file.writeUInt32LE(seconds * RATE * 2 + 36, 4);
  return file.toString("base64");
}

const REFUSED: readonly [what: string, params: object, code: string, message: RegExp][] = [
  ["what is not base64", { voice_audio: "*** not base64 ***" }, "invalid_audio", /^Invalid base64 audio data/],
  ["cut-off base64", { instrument_audio: "UklGRg" }, "invalid_audio", /^Invalid base64 audio data.*instrument_audio/s],
  ["empty base64", { voice_audio: "" }, "invalid_audio", /^Invalid base64 audio data.*voice_audio/s],
  ["a backing that is no base64", { backup_audio: "?" }, "invalid_audio", /^Invalid base64 audio data.*backup_audio/s],
  ["base64 of text", { voice_audio: Buffer.from("hello there").toString("base64") }, "invalid_audio", /voice_audio/],
  [
    "a WAV file of nothing",
    { instrument_audio: wav(RATE, [new Float32Array(0)]) },
    "invalid_audio",
    /instrument_audio/,
  ],
  ["no vocal", { voice_audio: undefined }, "invalid_input", /voice_audio/],
  ["a vocal twice", { voice_audio_url: "https://example.com/a.wav" }, "invalid_input", /Both/],
  [
    "base64 for a URL",
    { voice_audio: undefined, voice_audio_url: GOOD.voice_audio },
    "invalid_input",
    /voice_audio_url/,
  ],
  ["a URL of this machine", { voice_audio: "http://127.0.0.1:1/a.wav" }, "url_refused", /./],
  ["a URL of its disk", { voice_audio: "file:///etc/passwd" }, "url_refused", /./],
];

for (const [what, params, code, message] of REFUSED) {
  test(`${what} is refused`, async () => {
    await assert.rejects(cover(params), { code, message });
  });
}

test("an MP3 that is a PNG is refused", async () => {
  const png = await sharp({ create: { width: 64, height: 64, channels: 3, background: "red" } })
    .png()
    .toBuffer();
  await assert.rejects(cover({ voice_audio: png.toString("base64") }), {
    code: "invalid_audio",
    message: /voice_audio/,
  });
  await assert.rejects(cover({ voice_audio: `data:audio/mpeg;base64,${png.toString("base64")}` }), {
    code: "invalid_audio",
  });
});

test("forty minutes are refused with the limit, before any work on them", async () => {
  const long = wav(8000, [new Float32Array(40 * 60 * 8000)], { samples: "s16" });
  for (const params of [{ voice_audio: long }, { instrument_audio: long }]) {
    const start = performance.now();
    await assert.rejects(cover(params), { code: "input_too_large", message: /600 seconds .*_audio/s });
    assert.ok(performance.now() - start < 10_000);
  }
});

test("a header that claims forty minutes over one second is not believed", async () => {
  const made = await cover({ voice_audio: claiming(2400, tone(RATE, 1, 500, 0.1)), output_format: "wav" });
  assert.equal((await listen(made))[0]?.length, RATE);
});

test("a header that claims less than there is gives what it claims", async () => {
  const made = await cover({ instrument_audio: claiming(0.5, tone(RATE, 1, 200, 0.1)), output_format: "wav" });
  assert.equal((await listen(made))[0]?.length, RATE, "the vocal is whole");
});

test("samples that are no numbers, or beyond all bounds, do no harm to the rest", async () => {
  const sound = tone(RATE, 1, 500, 0.2);
  for (const [n, value] of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e30].entries()) {
    sound.fill(value, 10_000 + n, 10_001 + n);
  }
  for (const name of ["voice_audio", "instrument_audio"]) {
    const made = await cover({ [name]: wav(RATE, [sound]), reverb_wet: 0, reverb_dry: 0.5, output_format: "wav" });
    const [left] = await listen(made);
    assert.ok(left?.every(Number.isFinite));
    // Half a second later everything is as if nothing had been.
    const rms = Math.sqrt(left!.subarray(0.6 * RATE).reduce((sum, x) => sum + x * x, 0) / (0.4 * RATE));
    assert.ok(db(rms) > -30 && db(rms) < -15, `${db(rms)} dB`);
  }
});

test("eight thousand Hz, one channel", async () => {
  const made = await cover({
    voice_audio: wav(8000, [tone(8000, 1, 500, 0.1)], { samples: "s16" }),
    instrument_audio: wav(8000, [tone(8000, 1, 200, 0.1)], { samples: "s16" }),
    output_format: "wav",
  });
  assert.equal(made.receipt.measures?.["sample_rate_hz"], 44_100);
  assert.equal((await listen(made))[0]?.length, RATE);
});

test("stems of different length and rate make a song as long as the longer", async () => {
  for (const [vocal, music] of [
    [0.3, 1.7],
    [1.7, 0.3],
  ] as const) {
    const made = await cover({
      voice_audio: wav(16_000, [tone(16_000, vocal, 500, 0.1)]),
      instrument_audio: wav(48_000, [tone(48_000, music, 200, 0.1)]),
      output_format: "wav",
    });
    assert.equal(made.artifacts[0]?.duration, 1.7);
  }
});

test("a song of one sample", async () => {
  const one = wav(RATE, [Float32Array.of(0.1)]);
  const made = await cover({ voice_audio: one, instrument_audio: one, output_format: "wav" });
  assert.equal((await listen(made))[0]?.length, 1);
});

test("silence stays silent", async () => {
  const silent = wav(RATE, [new Float32Array(RATE)]);
  const made = await cover({ voice_audio: silent, instrument_audio: silent, output_format: "wav", bit_depth: 24 });
  assert.ok((await listen(made))[0]?.every((x) => Math.abs(x) < 1e-6));
});
