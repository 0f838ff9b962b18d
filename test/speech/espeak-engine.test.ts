import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createEspeakEngine } from "../../src/engines/speech/espeak/espeak-engine.ts";
import { MAX_TEXT_CODE_POINTS } from "../../src/limits/inputs.ts";
import type { SpeechPart } from "../../src/engines/speech/speech-engine.ts";
import { AppError } from "../../src/errors.ts";
import { coded, engine, joined, MODELS, request, say } from "./engine.ts";
import { SENTENCES } from "./sentences.ts";

const speech = engine();
after(() => speech.close());

function checkTimings(part: SpeechPart): void {
  const duration = part.audio.samples.length / part.audio.sampleRate;
  const phonemes = part.phonemes ?? [];
  assert.equal(phonemes[0]?.start, 0);
  assert.equal(phonemes.at(-1)?.end, duration);
  assert.equal(phonemes[0]?.ipa, "", "starts in silence");
  assert.equal(phonemes.at(-1)?.ipa, "", "ends in silence");
  for (const [index, { ipa, start, end }] of phonemes.entries()) {
    assert.ok(end > start, `${ipa} has a length`);
    assert.ok(!ipa.startsWith("("), `${ipa} is no phoneme`);
    if (index > 0) assert.equal(start, phonemes[index - 1]?.end);
  }
  let last = 0;
  for (const { text, start, end } of part.words ?? []) {
    assert.ok(start >= last - 1e-9 && end >= start && end <= duration, `${text} ${start}–${end} after ${last}`);
    last = end;
  }
}

for (const { language, text } of SENTENCES) {
  test(`speaks ${language}: ${text}`, async () => {
    const parts = await say(speech, text);
    assert.equal(parts.map((part) => part.text).join(" "), text);
    for (const part of parts) {
      assert.equal(part.language, language);
      assert.equal(part.audio.sampleRate, 24_000);
      checkTimings(part);
      const words = part.text.split(" ").map((word) => word.replace(/^\p{P}+|\p{P}+$/gu, ""));
      assert.deepEqual(
        part.words?.map((word) => word.text),
        words,
      );
      for (const word of part.words ?? []) assert.ok(word.end - word.start > 0.03, `${word.text} is heard`);
    }
  });
}

test("gives every Korean word its own time, also where espeak-ng runs words together", async () => {
  const [part] = await say(speech, "오늘 날씨가 정말 좋네요 우리 같이 산책할까요");
  assert.ok(part);
  checkTimings(part);
  const starts = (part.words ?? []).map((word) => word.start);
  assert.equal(new Set(starts).size, 7);
  // 날씨가 begins with the n after 오늘's ɫ.
  const word = part.words?.[1];
  const phoneme = part.phonemes?.find(({ start }) => start === word?.start);
  assert.equal(phoneme?.ipa, "n");
});

test("starts with 60 ms of silence and ends with 160 ms, without a click", async () => {
  for (const { text } of SENTENCES) {
    const parts = await say(speech, text);
    const samples = joined(parts.slice(-1));
    const heard = (value: number): boolean => Math.abs(value) > 0.002;
    const lead = samples.findIndex(heard) / 24_000;
    const tail = (samples.length - 1 - samples.findLastIndex(heard)) / 24_000;
    assert.ok(lead > 0.045 && lead < 0.1, `lead ${lead} of ${text}`);
    assert.ok(tail > 0.145 && tail < 0.24, `tail ${tail} of ${text}`);
    assert.equal(samples[0], 0);
    assert.equal(samples.at(-1), 0);
  }
});

test("pauses longer after a sentence than after the last one", async () => {
  const [first, second] = await say(speech, "Hello there. Hello there.");
  assert.ok(first && second);
  const difference = (first.audio.samples.length - second.audio.samples.length) / 24_000;
  assert.ok(Math.abs(difference - 0.15) < 0.02, `${difference}`);
});

test("speaks what looks like markup, and the words after it", async () => {
  const [part] = await say(speech, "a < b & c <voice> [[h@l'oU]] end");
  assert.deepEqual(
    part?.words?.map((word) => word.text),
    ["a", "<", "b", "&", "c", "<voice>", "h@l'oU", "end"],
  );
  for (const word of part?.words ?? []) assert.ok(word.end > word.start, word.text);
});

test("words with numbers and symbols keep the caller's spelling", async () => {
  const [part] = await say(speech, "오후 3시에 25% 할인된 $5 커피를 마셔요.");
  assert.deepEqual(
    part?.words?.map((word) => word.text),
    ["오후", "3시에", "25%", "할인된", "$5", "커피를", "마셔요"],
  );
  for (const word of part?.words ?? []) assert.ok(word.end - word.start > 0.05, word.text);
});

test("English words inside Korean are spoken as English", async () => {
  const [part] = await say(speech, "저는 machine learning 엔지니어입니다.");
  const ipa = part?.phonemes?.map((phoneme) => phoneme.ipa).join("") ?? "";
  assert.match(ipa, /məʃˈiːn.*lˈɜːnɪŋ/u);
});

test("Russian words inside English are spoken as Russian, not spelled out", async () => {
  const [part] = await say(speech, "The word спасибо means thank you.");
  const ipa = part?.phonemes?.map((phoneme) => phoneme.ipa).join("") ?? "";
  assert.match(ipa, /sp.{0,3}sʲ?.?ˈib/u);
});

test("each sentence of a mixed text is in its own language", async () => {
  const parts = await say(speech, "안녕하세요 여러분. Здравствуйте. Hello.");
  assert.deepEqual(
    parts.map((part) => part.language),
    ["ko", "ru", "en"],
  );
});

const REFUSED = [
  ["an empty text", "", "invalid_input"],
  ["a blank text", " \n\t\u00a0", "invalid_input"],
  ["only punctuation", "?!… — «»", "invalid_input"],
  ["half of a surrogate pair", "Hello \ud83d there", "invalid_input"],
  ["100,000 characters", "a".repeat(100_000), "input_too_large"],
] as const;
for (const [what, text, code] of REFUSED) {
  test(`refuses ${what}: ${code}`, () => assert.rejects(say(speech, text), coded(code)));
}

test("refuses an unknown voice by name, and lists the known ones", async () => {
  await assert.rejects(say(speech, "Hello", { voice: "nobody" }), (error) => {
    assert.ok(error instanceof AppError && error.code === "invalid_input");
    assert.match(error.message, /nobody.*belinda.*chadwick/su);
    return true;
  });
});

test("refuses an unknown language, rate, pitch and sample rate", async () => {
  await assert.rejects(say(speech, "Hello", { language: "xx" }), coded("invalid_input"));
  await assert.rejects(say(speech, "Hello", { rate: 3 }), coded("invalid_input"));
  await assert.rejects(say(speech, "Hello", { pitch: Number.NaN }), coded("invalid_input"));
  await assert.rejects(say(speech, "Hello", { sampleRate: 0 }), coded("invalid_input"));
});

test("speaks the longest text there may be, in parts", async () => {
  const text = "안녕하세요. ".repeat(400).slice(0, MAX_TEXT_CODE_POINTS).trim();
  let parts = 0;
  for await (const part of speech.synthesize(request(text), new AbortController().signal)) {
    parts++;
    assert.ok(part.audio.samples.length > 0);
    if (parts === 30) break;
  }
  assert.equal(parts, 30);
  // Leaving early leaves the engine fit for the next.
  assert.equal((await say(speech, "네.")).length, 1);
});

test("a language may be given with a region, and other languages are spoken too", async () => {
  assert.equal((await say(speech, "Colour.", { language: "en-GB" }))[0]?.language, "en");
  for (const [language, text] of [
    ["de", "Guten Tag, wie geht es Ihnen?"],
    ["ja", "こんにちは"],
    ["uk", "Добрий день"],
    ["zh", "你好"],
  ] as const) {
    const [part] = await say(speech, text, { language });
    assert.equal(part?.language, language);
    assert.ok((part?.phonemes?.length ?? 0) > 5, text);
  }
});

test("says the same text in the same time, with the same phonemes", async () => {
  const text = SENTENCES[0]?.text ?? "";
  const [once, again] = [await say(speech, text), await say(speech, text)];
  for (const [index, part] of once.entries()) {
    const other = again[index];
    const ipa = ({ phonemes = [] }: SpeechPart): string[] => phonemes.map((phoneme) => phoneme.ipa);
    assert.ok(other);
    assert.deepEqual(ipa(part), ipa(other));
    // espeak-ng's flutter runs on from sentence to sentence, and moves a boundary by a millisecond or two.
    assert.ok(Math.abs(part.audio.samples.length - other.audio.samples.length) < 24_000 * 0.012);
    for (const [at, phoneme] of (part.phonemes ?? []).entries()) {
      assert.ok(Math.abs(phoneme.start - (other.phonemes?.[at]?.start ?? 0)) < 0.006);
    }
  }
});

test("cancelling in the middle ends within 200 ms and leaves the engine free", async () => {
  const controller = new AbortController();
  const text = "Это довольно длинное предложение, которое кто-то решил не дослушивать. ".repeat(100);
  let aborted = 0;
  await assert.rejects(async () => {
    for await (const part of speech.synthesize(request(text), controller.signal)) {
      assert.ok(part);
      if (aborted === 0) {
        aborted = performance.now();
        setTimeout(() => controller.abort(), 5);
        await sleep(10);
      }
    }
  }, coded("cancelled"));
  const took = performance.now() - aborted;
  assert.ok(took < 200, `${took} ms`);
  assert.equal((await say(speech, "네.")).length, 1);
});

test("an abort before the start is a cancellation", async () => {
  await assert.rejects(say(speech, "Hello", {}, AbortSignal.abort()), coded("cancelled"));
});

test("killing the process in the middle fails the request, and the next one works", async () => {
  await say(speech, "Hello.");
  const before = speech.pid;
  assert.ok(before);
  await assert.rejects(async () => {
    for await (const part of speech.synthesize(
      request("One sentence more to say. ".repeat(200)),
      new AbortController().signal,
    )) {
      assert.ok(part);
      if (speech.pid === before) process.kill(before, "SIGKILL");
    }
  }, coded("engine_failed"));
  assert.equal((await say(speech, "Hello.")).length, 1);
  assert.notEqual(speech.pid, before);
});

test("a process that does not answer in time is ended", async () => {
  await using slow = createEspeakEngine({ modelsDir: MODELS, timeoutMs: 1 });
  await assert.rejects(say(slow, "Hello."), coded("engine_failed"));
});

test("overlapping requests are all served", async () => {
  const all = await Promise.all(SENTENCES.map(({ text }) => say(speech, text)));
  for (const [index, parts] of all.entries()) {
    assert.equal(parts.map((part) => part.text).join(" "), SENTENCES[index]?.text);
    for (const part of parts) checkTimings(part);
  }
});

test("says what is missing when the package is", async () => {
  const absent = createEspeakEngine({
    modelsDir: MODELS,
    resolvePackage: () => {
      throw new Error("Cannot find module");
    },
  });
  const availability = await absent.availability();
  assert.equal(availability.available, false);
  assert.match(availability.available ? "" : availability.remedy, /npm install @echogarden\/espeak-ng-emscripten/u);
  await assert.rejects(say(absent, "Hello"), coded("engine_unavailable"));
  assert.equal((await speech.availability()).available, true);
});

test("a package that cannot be loaded fails the request and says why to the log", async () => {
  await using broken = createEspeakEngine({ modelsDir: MODELS, resolvePackage: () => `${MODELS}/no-such-module.js` });
  await assert.rejects(say(broken, "Hello"), (error) => {
    assert.ok(error instanceof AppError && error.code === "engine_failed");
    assert.match(String((error.cause as Error).message), /ENOENT|no-such-module/u);
    assert.doesNotMatch(error.message, /models|espeak-ng.data/u);
    return true;
  });
});
