import assert from "node:assert/strict";
import { test } from "node:test";
import { handler } from "../../handler/index.ts";
import { integratedLoudness } from "../../src/signal/loudness.ts";
import { truePeak } from "../../src/signal/true-peak.ts";
import { median, pitches } from "../speech/acoustics.ts";
import { parseWav } from "../../src/media/parse-wav.ts";
import { readFile } from "node:fs/promises";
import { base64Of, soundOf, WOMAN, wavBase64, workbench } from "./workbench.ts";

const bench = await workbench();
const { job, services } = bench;
const woman = await base64Of(WOMAN);

const SHORT = "오늘은 날씨가 참 좋네요.";
const TEXT = "안녕하세요, 면접에 오신 것을 환영합니다. 먼저 간단히 자기소개를 해 주시겠어요?";

type Cloned = {
  voice: string;
  engine: string;
  duration: number;
  sample_rate: number;
  usage: Record<string, number>;
  words: { text: string; start: number; end: number }[];
};

test("a clone has the pitch of the recorded speaker, and is as loud as all speech", async () => {
  const reference = parseWav(await readFile(WOMAN));
  const wanted = median(pitches(reference.channels[0] as Float32Array, reference.sampleRate));
  const result = await job<Cloned>("voice_clone", { text: TEXT, reference_audio: woman });
  const { samples, sampleRate } = await soundOf(result);
  const pitch = median(pitches(samples, sampleRate));
  assert.ok(Math.abs(pitch / wanted - 1) < 0.05, `${pitch} Hz instead of ${wanted}`);
  assert.equal(sampleRate, 24_000);
  assert.ok(Math.abs(integratedLoudness([samples], sampleRate) + 18) < 1);
  assert.ok(truePeak(samples) <= 10 ** (-0.95 / 20), "no clipping");
  const { voice, engine, duration, sample_rate: rate, usage } = result;
  assert.deepEqual([voice, engine, rate], ["reference_audio", "espeak", 24_000]);
  const tokens = Math.ceil(duration * 25);
  const points = [...TEXT].length;
  assert.deepEqual(usage, { prompt_tokens: points, completion_tokens: tokens, total_tokens: points + tokens });
  assert.equal(result.warnings, undefined, "nothing to say of params that were not given");
  assert.ok(result.receipt.engines.some(({ kind, engine: who }) => kind === "voice" && who === "world"));
  await bench.assertNothingLeft();
});

test("a man's clone is a man", async () => {
  // Read a tenth slower, the voice is lower and its throat longer: nobody's of the shelf.
  const { samples } = await soundOf(await job("tts", { text: TEXT, voice: "oliver" }));
  const man = wavBase64({ sampleRate: 21_600, channels: [samples] });
  const wanted = median(pitches(samples, 21_600));
  const { samples: cloned } = await soundOf(
    await job("voice_clone", { text: "Сегодня хорошая погода.", reference_audio: man }),
  );
  const pitch = median(pitches(cloned, 24_000));
  assert.ok(Math.abs(pitch / wanted - 1) < 0.05, `${pitch} Hz instead of ${wanted}`);
});

test("the shift in semitones comes on top, and words keep the times of the base voice", async () => {
  const plain = await job<Cloned>("voice_clone", { text: SHORT, reference_audio: woman, timings: true, seed: 2 });
  const high = await job<Cloned>("voice_clone", {
    text: SHORT,
    reference_audio: woman,
    timings: true,
    seed: 2,
    pitch: 5,
  });
  const [low, up] = [await soundOf(plain), await soundOf(high)].map(({ samples }) => median(pitches(samples, 24_000)));
  assert.ok(Math.abs(12 * Math.log2((up as number) / (low as number)) - 5) < 0.7);
  assert.deepEqual(
    plain.words.map(({ text }) => text),
    SHORT.replaceAll(/[.,?]/g, "").split(" "),
  );
  assert.deepEqual(high.words, plain.words);
});

test("a stored voice speaks wherever a voice is asked for, as it does from its recording", async () => {
  const stored = await job<{ name: string; pitch_hz: number }>("upload_voice", { audio: woman, name: "미나" });
  assert.equal(stored.name, "미나");
  for (const [operation, params] of [
    ["tts", { text: SHORT, voice: "미나" }],
    ["voice_clone", { text: SHORT, reference_voice: "미나" }],
    ["multi_speaker", { text: `[SPEAKER0] ${SHORT}`, reference_voices: ["미나"] }],
  ] as const) {
    const { samples, sampleRate } = await soundOf(await job(operation, params));
    const pitch = median(pitches(samples, sampleRate));
    assert.ok(Math.abs(pitch / stored.pitch_hz - 1) < 0.05, `${operation}: ${pitch} Hz instead of ${stored.pitch_hz}`);
  }
});

test("an avatar speaks with a stored voice, and its mouth has the phonemes of what is heard", async () => {
  await job("upload_voice", { audio: woman, name: "avatar voice" });
  const result = await job<{ tts_voice: string; frames: number; audio_duration: number }>("lipsync", {
    text: SHORT,
    tts_voice: "avatar voice",
    quality: "low",
  });
  assert.equal(result.tts_voice, "avatar voice");
  assert.equal(result.frames, Math.ceil(result.audio_duration * 25 - 1e-6));
  const sound = result.artifacts.find(({ kind }) => kind === "audio");
  const { channels } = parseWav(await readFile(new URL(sound?.url ?? "")));
  assert.ok(Math.abs(median(pitches(channels[0] as Float32Array, 24_000)) / 190 - 1) < 0.05);
});

test("one of the engine's own voices is spoken as it is", async () => {
  const result = await job<Cloned>("voice_clone", { text: "네.", reference_voice: "Belinda", timings: true });
  assert.equal(result.voice, "belinda");
  assert.deepEqual(
    result.receipt.engines.map(({ engine, model }) => `${engine}/${model}`),
    ["espeak/belinda"],
  );
});

test("what has no effect is said, when it is given and only then", async () => {
  const { warnings = [] } = await job<Cloned>("voice_clone", {
    text: "네.",
    reference_voice: "belinda",
    temperature: 0.3,
    top_p: null,
    top_k: 0,
    scene_prompt: "a spaceship",
  });
  assert.equal(warnings.length, 2);
  assert.match(warnings[0] ?? "", /`temperature`, `top_k` have no effect/);
  assert.match(warnings[1] ?? "", /scene_prompt.*room, hall, cafe, phone, outdoors/);
});

test("a recording wins over a name, and that is said", async () => {
  const result = await job<Cloned>("voice_clone", { text: "네.", reference_voice: "nobody", reference_audio: woman });
  assert.equal(result.voice, "reference_audio");
  assert.match(result.warnings?.[0] ?? "", /`reference_audio` was used/);
});

test("no reference, or an unknown one, is an error that says what there is", async () => {
  await assert.rejects(job("voice_clone", { text: "네." }), { code: "invalid_input", message: /reference_audio/ });
  await assert.rejects(job("voice_clone", { text: "네.", reference_voice: " ", reference_audio: "" }), {
    code: "invalid_input",
  });
  await assert.rejects(job("voice_clone", { text: "네.", reference_voice: "chadwik" }), {
    code: "not_found",
    message: /chadwik.*Did you mean "chadwick".*belinda.*미나/s,
  });
  await assert.rejects(job("voice_clone", { text: "네.", reference_voice: "a", top_k: -1 }), { code: "invalid_input" });
  await assert.rejects(job("voice_clone", { text: "네.", reference_voice: "a", max_new_tokens: 8193 }), {
    code: "invalid_input",
  });
});

for (const stage of ["at the start", "while it speaks"]) {
  test(`cancelled ${stage}, a clone leaves nothing behind`, async () => {
    const abort = new AbortController();
    const events = handler(
      { operation: "voice_clone", params: { text: TEXT.repeat(2), reference_audio: woman, seed: 1 } },
      { services, signal: abort.signal },
    );
    await assert.rejects(
      async () => {
        if (stage === "at the start") abort.abort();
        for (let step = await events.next(); !step.done; step = await events.next()) {
          if (step.value.type === "progress") abort.abort();
        }
      },
      { code: "cancelled" },
    );
    await bench.assertNothingLeft();
  });
}
