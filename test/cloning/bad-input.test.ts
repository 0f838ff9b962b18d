import assert from "node:assert/strict";
import { test } from "node:test";
import type { ErrorCode } from "../../src/errors.ts";
import { encodeWav } from "../../src/media/wav.ts";
import { median, pitches } from "../speech/acoustics.ts";
import { soundOf, wavBase64, workbench } from "./workbench.ts";

const bench = await workbench({ TALKBOX_MAX_AUDIO_SECONDS: "60" });
const { job } = bench;

/** A few seconds of speech, 24 kHz. */
const speech = (await soundOf(await job("tts", { text: "Hello there, how are you today? Fine, thank you.", seed: 1 })))
  .samples;
const PITCH = median(pitches(speech, 24_000));

const mono = (samples: Float32Array, sampleRate = 24_000): string => wavBase64({ sampleRate, channels: [samples] });
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

/** A WAV file whose header speaks of two hours. */
function lyingHeader(): string {
  const file = Buffer.from(encodeWav({ sampleRate: 24_000, channels: [speech] }));
  file.writeUInt32LE(24_000 * 2 * 7_200, 40);
  file.writeUInt32LE(0xffff_fff0, 4);
  return base64(file);
}

/** A WAV file of floats with holes that are no numbers. */
function holes(): string {
  const samples = speech.slice();
  for (let n = 1_000; n < samples.length; n += 5_000) samples[n] = Number.NaN;
  samples[500] = Number.POSITIVE_INFINITY;
  samples[501] = 3e38;
  return base64(encodeWav({ sampleRate: 24_000, channels: [samples] }, { samples: "f32" }));
}

/** Forty minutes at 8 kHz, eight bits. */
function fortyMinutes(): string {
  const seconds = 2_400;
  const file = Buffer.alloc(44 + seconds * 8_000, 128);
  file.write("RIFF", 0, "latin1");
  file.writeUInt32LE(file.length - 8, 4);
  file.write("WAVEfmt ", 8, "latin1");
  for (const [at, value] of [
    [16, 16],
    [24, 8_000],
    [28, 8_000],
    [40, seconds * 8_000],
  ] as const)
    file.writeUInt32LE(value, at);
  for (const [at, value] of [
    [20, 1],
    [22, 1],
    [32, 1],
    [34, 8],
  ] as const)
    file.writeUInt16LE(value, at);
  file.write("data", 36, "latin1");
  for (let n = 44; n < file.length; n++) file[n] = 128 + Math.round(40 * Math.sin(n / 9));
  return base64(file);
}

const PNG = base64(
  Buffer.from(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000" +
      "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082",
    "hex",
  ),
);
const noise = Float32Array.from({ length: 72_000 }, (_, n) => 0.2 * Math.sin(n * n * 0.7));

const REFUSED: readonly [what: string, audio: string, code: ErrorCode, message: RegExp][] = [
  ["0.2 s", mono(speech.slice(0, 4_800)), "invalid_audio", /0\.2 s.*at least 1 s.*5 to 30 s/s],
  ["silence", mono(new Float32Array(72_000)), "invalid_audio", /silent/],
  ["a hum too low to hear", mono(speech.map((x) => x * 1e-4)), "invalid_audio", /silent/],
  ["noise without a voice", mono(noise), "invalid_audio", /voice/],
  ["a picture that is called mp3", `data:audio/mp3;base64,${PNG}`, "invalid_audio", /WAV, MP3, FLAC|no sound/],
  ["text", base64(Buffer.from("hello ".repeat(100))), "invalid_audio", /cannot be decoded/],
  ["what is no base64", "!!!", "invalid_audio", /base64/],
  ["a file on this machine", "file:///etc/passwd", "url_refused", /./],
  ["a private address", "http://127.0.0.1:1/a.wav", "url_refused", /./],
  ["forty minutes", fortyMinutes(), "input_too_large", /120 seconds/],
];
for (const [what, audio, code, message] of REFUSED) {
  test(`a reference of ${what} is refused with what to do`, async () => {
    for (const [operation, params] of [
      ["voice_clone", { text: "네.", reference_audio: audio }],
      ["upload_voice", { audio, name: "bad" }],
    ] as const) {
      await assert.rejects(job(operation, params), { code, message });
    }
    await bench.assertNothingLeft();
  });
}

test("none of them was kept", async () => {
  const { voices } = await job<{ voices: { kind: string }[] }>("list_voices", {});
  assert.equal(voices.filter(({ kind }) => kind === "reference").length, 0);
});

const ACCEPTED: readonly [what: string, audio: string][] = [
  [
    "8 kHz",
    mono(
      speech.filter((_, n) => n % 3 === 0),
      8_000,
    ),
  ],
  ["7.1 channels", wavBase64({ sampleRate: 24_000, channels: Array.from({ length: 8 }, () => speech) })],
  ["samples that are no numbers", holes()],
  ["a header that lies about the length", lyingHeader()],
  ["an odd rate", mono(speech, 23_997)],
];
for (const [what, audio] of ACCEPTED) {
  test(`a recording with ${what} is cloned and converted`, async () => {
    const clone = await soundOf(await job("voice_clone", { text: "Good morning to you all.", reference_audio: audio }));
    const pitch = median(pitches(clone.samples, clone.sampleRate));
    assert.ok(Math.abs(pitch / PITCH - 1) < 0.07, `${pitch} Hz instead of ${PITCH}`);
    const converted = await soundOf(await job("convert_voice", { audio, voice: "bass-deep" }));
    assert.ok(median(pitches(converted.samples, converted.sampleRate)) < 0.7 * PITCH, "a deep voice");
    assert.ok(converted.samples.every((x) => Number.isFinite(x) && Math.abs(x) <= 1));
    await bench.assertNothingLeft();
  });
}

test("a recording to convert is refused when it is too long or none, at once", async () => {
  const began = performance.now();
  await assert.rejects(job("convert_voice", { audio: fortyMinutes(), voice: "bass-deep" }), {
    code: "input_too_large",
    message: /60 seconds/,
  });
  assert.ok(performance.now() - began < 20_000);
  for (const audio of [PNG, base64(Buffer.from("RIFF"))]) {
    await assert.rejects(job("convert_voice", { audio, voice: "bass-deep" }), { code: "invalid_audio" });
  }
  await bench.assertNothingLeft();
});

test("silence is converted to silence", async () => {
  const { samples } = await soundOf(
    await job("convert_voice", { audio: mono(new Float32Array(48_000)), voice: "bass-deep" }),
  );
  assert.equal(samples.length, 48_000);
  assert.ok(samples.every((x) => Math.abs(x) < 1e-4));
});

test("nothing to say is refused before anything is fetched", async () => {
  for (const text of ["", "  ", "...!"]) {
    await assert.rejects(job("voice_clone", { text, reference_voice: "belinda" }), { code: "invalid_input" });
    await assert.rejects(job("multi_speaker", { text: `[SPEAKER0] ${text}` }), { code: "invalid_input" });
  }
});
