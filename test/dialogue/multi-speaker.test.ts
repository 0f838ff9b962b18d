import assert from "node:assert/strict";
import { test } from "node:test";
import { handler } from "../../handler/index.ts";
import { median, pitches } from "../speech/acoustics.ts";
import { base64Of, soundOf, WOMAN, workbench } from "../cloning/workbench.ts";

const bench = await workbench();
const { job, services } = bench;

type Turn = { speaker: number; voice: string; start: number; end: number; text: string };
type Dialogue = { turns: Turn[]; duration: number; words: { text: string; start: number; end: number }[] };

const TEXT = "[SPEAKER0] Good morning, everybody.\n[SPEAKER1] Good morning. How are you?\n[SPEAKER0] Very well.";

/** Loudest sample of a stretch of sound, in dBFS. */
function peakDb(samples: Float32Array, from: number, to: number): number {
  let peak = 0;
  for (const x of samples.subarray(Math.round(from * 24_000), Math.round(to * 24_000)))
    peak = Math.max(peak, Math.abs(x));
  return 20 * Math.log10(peak);
}

test("each turn has its speaker's voice, its time and its text, with silence between", async () => {
  const result = await job<Dialogue>("multi_speaker", { text: TEXT, reference_voices: ["belinda", "chadwick"] });
  const { samples } = await soundOf(result);
  assert.deepEqual(
    result.turns.map(({ speaker, voice, text }) => [speaker, voice, text]),
    [
      [0, "belinda", "Good morning, everybody."],
      [1, "chadwick", "Good morning. How are you?"],
      [0, "belinda", "Very well."],
    ],
  );
  const [first, second, third] = result.turns as [Turn, Turn, Turn];
  for (const [before, next] of [
    [first, second],
    [second, third],
  ] as const) {
    assert.ok(Math.abs(next.start - before.end - 0.25) < 0.005, `a pause of ${next.start - before.end} s`);
    assert.ok(peakDb(samples, before.end + 0.05, next.start - 0.03) < -45, "and it is silent");
  }
  for (const turn of result.turns) assert.ok(peakDb(samples, turn.start, turn.end) > -15, "and the turn is not");
  const heard = (turn: Turn): number =>
    median(pitches(samples.subarray(turn.start * 24_000, turn.end * 24_000), 24_000));
  const [woman, man, again] = [heard(first), heard(second), heard(third)];
  assert.ok(man < 125 && woman > 1.4 * man && again > 1.4 * man, `${woman}, ${man}, ${again} Hz`);
  assert.ok(third.end < result.duration && third.end > result.duration - 0.5);
});

for (const pause of [0, 0.1, 2]) {
  test(`a pause of ${pause} s is that long`, async () => {
    const { turns } = await job<Dialogue>("multi_speaker", { text: TEXT, pause_seconds: pause });
    for (let n = 1; n < turns.length; n++) {
      const gap = (turns[n] as Turn).start - (turns[n - 1] as Turn).end;
      // Sounds keep a few hundredths of a second to die away.
      assert.ok(Math.abs(gap - Math.max(0.04, pause)) < 0.006, `${gap} s`);
    }
  });
}

test("tags are not read aloud, and words have their times in the whole", async () => {
  const result = await job<Dialogue>("multi_speaker", { text: TEXT, timings: true });
  assert.deepEqual(
    result.words.map(({ text }) => text),
    ["Good", "morning", "everybody", "Good", "morning", "How", "are", "you", "Very", "well"],
  );
  for (const [turn, first] of [
    [0, 0],
    [1, 3],
    [2, 8],
  ] as const) {
    assert.ok(Math.abs((result.turns[turn]?.start ?? 9) - (result.words[first]?.start ?? -9)) < 0.06);
  }
  let last = 0;
  for (const { start, end } of result.words) {
    assert.ok(start >= last - 1e-6 && end >= start && end <= result.duration);
    last = start;
  }
});

test("voices that are missing are chosen, unlike those that were named; the number in the tag counts", async () => {
  const result = await job<Dialogue>("multi_speaker", {
    text: "[SPEAKER1] One. [SPEAKER3] Three. [SPEAKER1] One again.",
    reference_voices: ["belinda", "clara"],
  });
  const [one, three, again] = result.turns as [Turn, Turn, Turn];
  assert.deepEqual([one.voice, again.voice], ["clara", "clara"]);
  assert.ok(!["belinda", "clara"].includes(three.voice));
  assert.match(result.warnings?.[0] ?? "", /belinda \(SPEAKER0\).*number in the tag/);
});

test("a stored voice plays a role, and another is chosen to differ from it", async () => {
  await job("upload_voice", { audio: await base64Of(WOMAN), name: "slt" });
  const result = await job<Dialogue>("multi_speaker", {
    text: "[SPEAKER0] 안녕하세요, 반갑습니다. [SPEAKER1] 네, 안녕하세요.",
    reference_voices: ["slt", null],
  });
  const { voices } = await job<{ voices: { name: string; gender: string }[] }>("list_voices", {});
  assert.equal(result.turns[0]?.voice, "slt");
  assert.equal(voices.find(({ name }) => name === result.turns[1]?.voice)?.gender, "male");
  assert.ok(result.receipt.engines.some(({ kind, model }) => kind === "voice" && model === "slt"));
});

test("languages go by the speaker's number", async () => {
  const result = await job<Dialogue & { language: string }>("multi_speaker", {
    text: "[SPEAKER0] 2024. [SPEAKER1] 2024.",
    languages: ["ko", "ru"],
  });
  assert.equal(result.language, "ko");
  const [ko, ru] = result.turns.map(({ start, end }) => end - start);
  assert.ok(Math.abs((ko as number) - (ru as number)) > 0.2, "the year is read in two languages");
});

test("a place that is named is heard, another is told", async () => {
  const dry = await job<Dialogue>("multi_speaker", { text: TEXT, seed: 1 });
  const hall = await job<Dialogue>("multi_speaker", { text: TEXT, seed: 1, scene_prompt: "넓은 강당에서의 대화." });
  assert.deepEqual(hall.turns, dry.turns, "what is said when does not change");
  assert.ok(hall.duration > dry.duration + 1, "the hall goes on sounding");
  const [before, after] = [await soundOf(dry), await soundOf(hall)];
  const [first, second] = dry.turns as [Turn, Turn];
  const pause = [first.end + 0.08, second.start - 0.02] as const;
  assert.ok(peakDb(after.samples, ...pause) > peakDb(before.samples, ...pause) + 15, "and fills the pauses");
  assert.equal(hall.warnings, undefined);
  const nowhere = await job<Dialogue>("multi_speaker", { text: "Hi.", scene_prompt: "a friendly talk" });
  assert.match(nowhere.warnings?.[0] ?? "", /scene_prompt/);
});

test("progress rises to its end, over all turns", async () => {
  const told: number[] = [];
  const events = handler({ operation: "multi_speaker", params: { text: TEXT } }, { services });
  for (let step = await events.next(); !step.done; step = await events.next()) {
    if (step.value.type === "progress") told.push(step.value.progress);
  }
  assert.deepEqual(
    told,
    told.toSorted((a, b) => a - b),
  );
  assert.ok(told.length >= 3 && told.at(-1) === 1);
  await bench.assertNothingLeft();
});

test("unknown voices, languages and pauses are refused", async () => {
  await assert.rejects(job("multi_speaker", { text: TEXT, reference_voices: ["nobody"] }), { code: "not_found" });
  await assert.rejects(job("multi_speaker", { text: TEXT, languages: ["xx"] }), { code: "invalid_input" });
  await assert.rejects(job("multi_speaker", { text: TEXT, pause_seconds: 11 }), { code: "invalid_input" });
  await bench.assertNothingLeft();
});
