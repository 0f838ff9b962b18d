import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { handler } from "../../handler/index.ts";
import { probe } from "../../src/media/probe.ts";
import { parseWav } from "../../src/media/parse-wav.ts";
import { truePeak } from "../../src/signal/true-peak.ts";
import { median, pitches } from "../speech/acoustics.ts";
import { base64Of, soundOf, WOMAN, wavBase64, workbench } from "../cloning/workbench.ts";

const bench = await workbench();
const { job, services } = bench;
const woman = await base64Of(WOMAN);
const recorded = parseWav(await readFile(WOMAN)).channels[0] as Float32Array;
const PITCH = median(pitches(recorded, 16_000));

type Converted = { duration: number; sample_rate: number; engine: string; voice: string; output_format: string };

test("a recording gets the pitch of the voice, as long as it was, at its own rate", async () => {
  const result = await job<Converted>("convert_voice", { audio: woman, voice: "bass-deep", f0_method: "rmvpe" });
  const { samples, sampleRate } = await soundOf(result);
  assert.equal(sampleRate, 16_000);
  assert.equal(samples.length, recorded.length);
  assert.ok(median(pitches(samples, sampleRate)) < 0.6 * PITCH);
  assert.ok(truePeak(samples) <= 10 ** (-0.95 / 20));
  assert.deepEqual([result.engine, result.voice, result.output_format], ["world", "bass-deep", "wav"]);
  assert.match(result.warnings?.[0] ?? "", /f0_method.*harvest/);
});

test("a recorded reference or a stored one gives its voice", async () => {
  const { samples } = await soundOf(
    await job("tts", { text: "Hello there, how are you today?", voice: "chadwick", seed: 1 }),
  );
  const man = wavBase64({ sampleRate: 24_000, channels: [samples] });
  await job("upload_voice", { audio: man, name: "chad" });
  const wanted = median(pitches(samples, 24_000));
  for (const target of [{ reference_audio: man }, { voice: "chad" }]) {
    const { samples: made, sampleRate } = await soundOf(await job("convert_voice", { audio: woman, ...target }));
    const pitch = median(pitches(made, sampleRate));
    assert.ok(Math.abs(pitch / wanted - 1) < 0.08, `${pitch} Hz instead of ${wanted}`);
  }
});

test("with `keep_key` the pitch moves by whole octaves and what is asked for on top", async () => {
  const octaves = async (pitch: number): Promise<number> => {
    const params = { audio: woman, voice: "tenor-bright", keep_key: true, pitch };
    const { samples, sampleRate } = await soundOf(await job("convert_voice", params));
    return Math.log2(median(pitches(samples, sampleRate)) / PITCH);
  };
  const plain = await octaves(0);
  assert.ok(Math.abs(plain - Math.round(plain)) < 0.04, `${plain} octaves`);
  assert.ok(Math.abs((await octaves(3)) - plain - 0.25) < 0.04);
});

test("stereo at 44.1 kHz comes as mono, in each format, near the length it had", async () => {
  const left = Float32Array.from({ length: 2 * 44_100 }, (_, n) => recorded[Math.floor((n * 16_000) / 44_100)] ?? 0);
  const audio = wavBase64({ sampleRate: 44_100, channels: [left, left.map((x) => x / 2)] });
  const { ffprobe } = await services.binaries();
  for (const [format, mime] of [
    ["wav", "audio/wav"],
    ["mp3", "audio/mpeg"],
    ["flac", "audio/flac"],
  ] as const) {
    const result = await job<Converted>("convert_voice", { audio, voice: "alto-warm", output_format: format });
    const [file] = result.artifacts;
    assert.equal(file?.mime, mime);
    const info = await probe(fileURLToPath(file?.url ?? ""), { ffprobe });
    assert.deepEqual([info.audio?.channels, info.audio?.sampleRate], [1, 44_100]);
    assert.ok(Math.abs((info.duration ?? 0) - 2) < 0.06, `${format}: ${info.duration} s`);
  }
});

test("progress rises while it works, and a cancel leaves nothing behind", async () => {
  const long = Float32Array.from({ length: 16_000 * 40 }, (_, n) => recorded[n % recorded.length] ?? 0);
  const audio = wavBase64({ sampleRate: 16_000, channels: [long] });
  const abort = new AbortController();
  const events = handler(
    { operation: "convert_voice", params: { audio, voice: "alto-warm" } },
    { services, signal: abort.signal },
  );
  const told: number[] = [];
  await assert.rejects(
    async () => {
      for (let step = await events.next(); !step.done; step = await events.next()) {
        if (step.value.type !== "progress") continue;
        told.push(step.value.progress);
        if (told.length === 2) abort.abort();
      }
    },
    { code: "cancelled" },
  );
  assert.ok(told.length >= 2 && (told[0] as number) < (told[1] as number) && (told[1] as number) < 1, String(told));
  await bench.assertNothingLeft();
});

test("no voice, and an unknown one, are errors that say what there is", async () => {
  await assert.rejects(job("convert_voice", { audio: woman }), { code: "invalid_input", message: /reference_audio/ });
  await assert.rejects(job("convert_voice", { audio: woman, voice: "alto-wram" }), {
    code: "not_found",
    message: /Did you mean "alto-warm"/,
  });
  await assert.rejects(job("convert_voice", { audio: woman, voice: "alto-warm", pitch: 13 }), {
    code: "invalid_input",
  });
});

test("asked for in stereo, a recording of two channels comes in two, the voice where it stood; of one in one", async () => {
  const left = Float32Array.from({ length: 32_000 }, (_, n) => recorded[n % recorded.length] ?? 0);
  const { ffprobe } = await services.binaries();
  for (const [channels, expected] of [
    [[left, left.map((x) => x / 2)], 2],
    [[left], 1],
  ] as const) {
    const audio = wavBase64({ sampleRate: 16_000, channels });
    const { artifacts } = await job<Converted>("convert_voice", { audio, voice: "alto-warm", stereo: true });
    const path = fileURLToPath(artifacts[0]?.url ?? "");
    const info = await probe(path, { ffprobe });
    assert.deepEqual([info.audio?.channels, info.audio?.sampleRate, info.duration], [expected, 16_000, 2]);
    if (expected === 1) continue;
    const [a, b] = parseWav(await readFile(path)).channels.map((side) => Math.hypot(...side)) as [number, number];
    assert.ok(Math.abs(20 * Math.log10(a / b) - 6.02) < 0.3, `${20 * Math.log10(a / b)} dB apart`);
  }
});
