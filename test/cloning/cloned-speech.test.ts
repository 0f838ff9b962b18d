import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, test } from "node:test";
import type { SpeechEngine, SpeechPart } from "../../src/engines/speech/speech-engine.ts";
import type { ConversionOptions } from "../../src/engines/voice/voice-converter.ts";
import { createWorldEngine } from "../../src/engines/voice/world/world-engine.ts";
import type { VoiceProfile } from "../../src/library/voice-profile.ts";
import { parseWav } from "../../src/media/parse-wav.ts";
import { ClonedSpeech, nearestVoice } from "../../src/pipelines/cloned-speech.ts";
import { streamOf } from "../../src/pipelines/reference-voice.ts";
import type { MonoStream } from "../../src/signal/audio.ts";
import { speechEngineSuite } from "../conformance/speech-engine.suite.ts";
import { engine as espeak, MODELS, request } from "../speech/engine.ts";
import { median, pitches } from "../speech/acoustics.ts";
import { WOMAN } from "./workbench.ts";

const base = espeak();
const converter = createWorldEngine({ modelsDir: MODELS });
after(async () => {
  await base.close();
  await converter[Symbol.asyncDispose]();
});
const never = new AbortController().signal;

async function profileOfWoman(): Promise<VoiceProfile> {
  const { sampleRate, channels } = parseWav(await readFile(WOMAN));
  return converter.profile(streamOf({ sampleRate, samples: channels[0] as Float32Array }), never);
}
const profile = await profileOfWoman();

function clone(changes: { base?: SpeechEngine; converter?: typeof converter } = {}): ClonedSpeech {
  const target = { name: "mina", description: "A recorded voice", profile };
  return new ClonedSpeech({ base, converter, target, warn: () => {}, ...changes });
}

speechEngineSuite("a cloned voice", clone(), {
  text: "안녕하세요. 반갑습니다.",
  language: "ko",
  voice: "mina",
});

async function all(parts: AsyncIterable<SpeechPart>): Promise<SpeechPart[]> {
  const found: SpeechPart[] = [];
  for await (const part of parts) found.push(part);
  return found;
}

test("parts are as long as the base's to the sample, with the same words and phonemes, and silent at their ends", async () => {
  const text = "Hello there, how are you?\nShall we go?";
  const voice = nearestVoice(profile, await base.voices()) ?? "";
  const own = await all(base.synthesize(request(text, { voice, seed: 3 }), never));
  const cloned = await all(clone().synthesize(request(text, { voice: "mina", seed: 3 }), never));
  assert.equal(cloned.length, own.length);
  for (const [index, part] of cloned.entries()) {
    const { audio, ...rest } = part;
    const { audio: before, ...expected } = own[index] as SpeechPart;
    assert.deepEqual(rest, expected);
    assert.equal(audio.samples.length, before.samples.length);
    assert.notDeepEqual(audio.samples, before.samples);
    const edge = 0.02 * audio.sampleRate;
    for (const end of [audio.samples.subarray(0, edge), audio.samples.subarray(-edge)]) {
      assert.ok(
        end.every((x) => Math.abs(x) < 1e-3),
        "no click where parts are joined",
      );
    }
  }
});

test("the base is the measured voice that is nearest, by pitch and by the size of the throat", async () => {
  const voices = await base.voices();
  const like = (f0: number, vocalTract: number): string | undefined =>
    nearestVoice({ ...profile, f0: { median: f0, low: f0 * 0.8, high: f0 * 1.2 }, vocalTract }, voices);
  assert.equal(like(197, 0.94), "belinda");
  assert.equal(like(76, 1.23), "bruno");
  assert.equal(like(300, 0.88), "lucy");
  // As high as a woman, with a man's throat: the throat weighs more.
  const high = voices.find(({ name }) => name === like(170, 1.08));
  assert.ok((high?.measured?.vocalTract ?? 0) > 0.98);
  assert.equal(like(100, 1) === undefined, false);
  assert.equal(nearestVoice(profile, [{ name: "x", description: "", gender: "female" }]), undefined);
});

test("what the files say of the voices is what is heard of them", async () => {
  const said = (await base.voices()).find(({ name }) => name === "belinda")?.measured ?? assert.fail();
  const text = "The quick brown fox jumps over the lazy dog near the river bank.";
  const [part] = await all(base.synthesize(request(text, { voice: "belinda", seed: 1 }), never));
  const heard = await converter.profile(streamOf((part as SpeechPart).audio), never);
  assert.ok(Math.abs(heard.f0.median / said.f0 - 1) < 0.12, `${heard.f0.median} Hz, said ${said.f0}`);
  assert.ok(Math.abs(heard.vocalTract / said.vocalTract - 1) < 0.08, `${heard.vocalTract}, said ${said.vocalTract}`);
});

test("turns of one voice are measured together, once; a few words alone beside a sample that is not heard", async () => {
  let measured = 0;
  const counting = Object.assign(Object.create(converter) as typeof converter, {
    profile: (reference: MonoStream, signal: AbortSignal) => {
      measured++;
      return converter.profile(reference, signal);
    },
    convert: converter.convert.bind(converter),
  });
  const voice = clone({ converter: counting }).saying("Yes. No, not at all. Come in, it is warm in here.");
  for (const text of ["Yes.", "No, not at all."]) await all(voice.synthesize(request(text, { voice: "mina" }), never));
  assert.equal(measured, 1);

  const [part, ...more] = await all(clone().synthesize(request("네.", { voice: "mina", seed: 1 }), never));
  assert.ok(part && more.length === 0 && part.text === "네." && part.audio.samples.length < 24_000);
  const pitch = median(pitches(part.audio.samples, 24_000));
  assert.ok(Math.abs(pitch / profile.f0.median - 1) < 0.1, `${pitch} Hz instead of ${profile.f0.median}`);
});

test("long speech streams: the first part comes while later ones are not spoken yet", async () => {
  const text = "This is one of many sentences that are spoken one after the other. ".repeat(24);
  let spoken = 0;
  const counting: SpeechEngine = Object.assign(Object.create(base) as SpeechEngine, {
    voices: () => base.voices(),
    defaultVoice: base.defaultVoice,
    async *synthesize(own: Parameters<SpeechEngine["synthesize"]>[0], signal: AbortSignal) {
      for await (const part of base.synthesize(own, signal)) {
        spoken++;
        yield part;
      }
    },
  });
  for await (const _ of clone({ base: counting }).synthesize(request(text, { voice: "mina" }), never)) {
    assert.ok(spoken < 20, `${spoken} of 24 sentences were spoken before the first was heard`);
    break;
  }
});

test("leaving early ends both engines' work", async () => {
  let closed = false;
  const watched: SpeechEngine = Object.assign(Object.create(base) as SpeechEngine, {
    voices: () => base.voices(),
    defaultVoice: base.defaultVoice,
    async *synthesize(own: Parameters<SpeechEngine["synthesize"]>[0], signal: AbortSignal) {
      try {
        yield* base.synthesize(own, signal);
      } finally {
        closed = true;
      }
    },
  });
  const text = "One sentence. Another sentence. And one more of them.";
  for await (const _ of clone({ base: watched }).synthesize(request(text, { voice: "mina" }), never)) break;
  assert.ok(closed);
});

test("a converter that breaks, or gives less than it took, does not take the speech's times with it", async () => {
  const profileOf = converter.profile.bind(converter);
  const broken = Object.assign(Object.create(converter) as typeof converter, {
    profile: profileOf,
    convert: async (source: MonoStream, _target: unknown, _options: ConversionOptions): Promise<MonoStream> => ({
      sampleRate: source.sampleRate,
      blocks: (async function* () {
        for await (const block of source.blocks) yield block.subarray(0, block.length - 100);
      })(),
    }),
  });
  const parts = await all(
    clone({ converter: broken }).synthesize(request("One. Two. Three.", { voice: "mina" }), never),
  );
  for (const { audio, phonemes } of parts) {
    assert.ok(Math.abs(audio.samples.length / audio.sampleRate - (phonemes?.at(-1)?.end ?? 0)) < 0.002);
  }
  const throwing = Object.assign(Object.create(converter) as typeof converter, {
    profile: profileOf,
    convert: () => Promise.reject(new Error("the vocoder broke")),
  });
  await assert.rejects(
    all(clone({ converter: throwing }).synthesize(request("One.", { voice: "mina" }), never)),
    /broke/,
  );
});
