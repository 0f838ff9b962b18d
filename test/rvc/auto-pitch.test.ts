import assert from "node:assert/strict";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { type JobResult, run } from "../../handler/index.ts";
import { createServices } from "../../handler/services.ts";
import { readConfig } from "../../src/config.ts";
import type { EngineSource } from "../../src/engines/catalog.ts";
import { createHarvestEngine } from "../../src/engines/pitch/harvest/harvest-engine.ts";
import { createCenterEngine } from "../../src/engines/stems/center/center-engine.ts";
import type { ConversionOptions, VoiceConverter } from "../../src/engines/voice/voice-converter.ts";
import { PitchRanges } from "../../src/library/pitch-ranges.ts";
import { findVoicePitch } from "../../src/library/voice-pitch.ts";
import { silentLog } from "../../src/log.ts";
import { TempDir } from "../../src/media/temp.ts";
import { semitonesBetween } from "../../src/pipelines/auto-pitch.ts";
import { sampled, tone, wav } from "../cover/stems.ts";

const root = join(import.meta.dirname, "../..");
const dir = await TempDir.create();
const rvc = join(dir.path, "models/rvc");
const config = readConfig(
  {
    TALKBOX_MODELS: join(dir.path, "models"),
    TALKBOX_DATA: join(dir.path, "data"),
    TALKBOX_VOLUME: join(dir.path, "volume"),
    TALKBOX_RVC_MODELS: join(dir.path, "second"),
    PATH: process.env["PATH"],
  },
  root,
);

/** What each conversion was asked for. */
const asked: ConversionOptions[] = [];
const VOICES = ["recorded", "noted", "bare", "packed", "broken", "mute"];
const converter: VoiceConverter = {
  info: { id: "rvc", kind: "voice", description: "", embedded: false, license: "", languages: ["*"] },
  availability: async () => ({ available: true }),
  voices: async () => VOICES.map((name) => ({ name, description: "", gender: "neutral" })),
  async convert(source, _target, options) {
    asked.push(options);
    return source;
  },
};
const engines: readonly EngineSource[] = [
  { id: "rvc", kind: "voice", load: async () => converter },
  { id: "harvest", kind: "pitch", load: async () => createHarvestEngine(1) },
  { id: "center", kind: "stems", load: async () => createCenterEngine() },
];
const services = createServices(config, silentLog(), { tempRoot: join(dir.path, "temp"), engines });
after(async () => {
  await services[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

/** Somebody who sings around a pitch: partials, vibrato of a third of a semitone, a breath each second. */
function singer(hz: number, seconds: number, rate = 16_000): Float32Array {
  let phase = 0;
  return sampled(rate, seconds, (t) => {
    phase += (hz * 2 ** (Math.sin(2 * Math.PI * 5 * t) / 36)) / rate;
    let sound = 0;
    for (let k = 1; k < 9; k++) sound += Math.sin(2 * Math.PI * k * phase) / k;
    return t % 1 < 0.8 ? 0.15 * sound : 0;
  });
}

for (const name of VOICES) {
  await mkdir(join(rvc, name), { recursive: true });
  await writeFile(join(rvc, name, `${name}.pth`), "weights");
}
await rm(join(rvc, "packed"), { recursive: true });
await writeFile(join(rvc, "packed.pth"), "weights");
await writeFile(join(rvc, "packed.json"), '{"pitch_hz": 400, "maker": "me"}');
await writeFile(join(rvc, "recorded/song.wav"), Buffer.from(wav(16_000, [singer(222, 6)]), "base64"));
await writeFile(join(rvc, "noted/voice.json"), '{"pitch_hz": 110}');
await writeFile(join(rvc, "noted/song.wav"), Buffer.from(wav(16_000, [singer(330, 3)]), "base64"));
await writeFile(join(rvc, "broken/voice.json"), '{"pitch_hz": "high"}');
await writeFile(join(rvc, "mute/mute.wav"), Buffer.from(wav(16_000, [new Float32Array(32_000)]), "base64"));

type Answer = JobResult & {
  readonly auto_pitch?: {
    readonly semitones: number;
    readonly singer: { readonly median: number; readonly low: number; readonly high: number } | null;
    readonly voice_pitch_hz: number;
    readonly from: string;
  };
};

async function job(operation: string, params: object): Promise<Answer & { readonly pitch: number }> {
  asked.length = 0;
  const made = (await run({ operation, params, output: { delivery: "url" } }, { services })) as Answer;
  return { ...made, pitch: asked.at(-1)?.pitch ?? Number.NaN };
}

const low = wav(16_000, [singer(118, 5)]);
const speak = (voice: string, more: object = {}) =>
  job("convert_voice", { audio: low, voice, auto_pitch: true, f0_method: "harvest", ...more });

describe("auto_pitch", () => {
  it("moves a recording to where a voice's own recording sings, by semitones", async () => {
    const { auto_pitch: chosen, pitch, warnings } = await speak("recorded");
    assert.equal(warnings, undefined);
    assert.ok(chosen?.singer);
    // 12 · log2(222 / 118) is 10.94.
    assert.equal(chosen.semitones, 11);
    assert.equal(pitch, 11);
    assert.equal(chosen.from, "song.wav");
    assert.ok(Math.abs(chosen.voice_pitch_hz / 222 - 1) < 0.01, `${chosen.voice_pitch_hz} Hz`);
    assert.ok(Math.abs(chosen.singer.median / 118 - 1) < 0.01, `${chosen.singer.median} Hz`);
    assert.ok(chosen.singer.low < chosen.singer.median && chosen.singer.median < chosen.singer.high);
  });

  it("keeps the key where that is wanted, and lets the caller's own pitch go on top", async () => {
    const { auto_pitch: chosen, pitch } = await speak("recorded", { keep_key: true, pitch: -2 });
    assert.equal(chosen?.semitones, 12);
    assert.equal(pitch, 10);
  });

  it("takes the caller's word before a note, and a note before a recording", async () => {
    const noted = await speak("noted");
    assert.deepEqual([noted.auto_pitch?.semitones, noted.auto_pitch?.from], [-1, "voice.json"]);
    const packed = await speak("packed");
    assert.deepEqual([packed.auto_pitch?.semitones, packed.auto_pitch?.from], [21, "packed.json"]);
    const said = await speak("noted", { voice_pitch_hz: 236 });
    assert.deepEqual([said.auto_pitch?.semitones, said.auto_pitch?.from], [12, "voice_pitch_hz"]);
  });

  it("says what to do where nothing tells, or what tells is broken; without it nothing is looked at", async () => {
    await assert.rejects(speak("bare"), {
      code: "invalid_input",
      message: /Nothing tells where "bare" sings.*voice\.json/,
    });
    await assert.rejects(speak("broken"), { code: "model_unusable", message: /^voice\.json: it is no note.*pitch_hz/ });
    await assert.rejects(speak("mute"), { code: "model_unusable", message: /^mute\.wav: no pitch was found/ });
    const { auto_pitch: none, pitch } = await speak("bare", { auto_pitch: false });
    assert.equal(none, undefined);
    assert.equal(pitch, 0);
  });

  it("leaves what has no pitch where it is, and says so", async () => {
    const { auto_pitch: chosen, warnings } = await speak("noted", { audio: wav(16_000, [new Float32Array(16_000)]) });
    assert.deepEqual([chosen?.semitones, chosen?.singer], [0, null]);
    assert.match((warnings ?? []).join(), /No pitch was found in what is to be sung/);
  });

  it("moves the vocal of a cover by whole octaves; the answer's parameters stay as they were asked for", async () => {
    const cover = {
      voice_audio: wav(44_100, [singer(160, 4, 44_100)]),
      instrument_audio: wav(44_100, [tone(44_100, 4, 110, 0.2)]),
      output_format: "wav",
      pitch_change_all: 1,
      auto_pitch: true,
    };
    const up = await job("generate_cover_from_separate_audio", { ...cover, voice_model: "recorded", pitch_adjust: 2 });
    // 222 Hz is 5.7 semitones away, 160 Hz itself less than the octave above.
    assert.equal(up.auto_pitch?.semitones, 0);
    assert.equal(up.pitch, 3);
    assert.equal((up["parameters"] as { pitch_adjust: number }).pitch_adjust, 2);
    const down = await job("generate_cover_from_separate_audio", {
      ...cover,
      voice_model: "noted",
      voice_pitch_hz: 76,
    });
    assert.equal(down.auto_pitch?.semitones, -12);
    assert.equal(down.pitch, -11);
    const plain = await job("generate_cover_from_separate_audio", { ...cover, voice_model: "bare", auto_pitch: false });
    assert.ok(!("auto_pitch" in plain));
  });

  it("moves the lead of a whole song, and measures it once", async () => {
    const band = tone(44_100, 6, 97, 0.05);
    const lead = singer(200, 6, 44_100);
    const sides = [1, -1].map((side) => lead.map((x, n) => x + side * (band[n] as number)));
    const song = { audio: wav(44_100, sides), voice_model: "packed", auto_pitch: true, output_format: "wav" };
    const made = await job("generate_cover", song);
    assert.equal(made.auto_pitch?.semitones, 12);
    assert.equal(made.pitch, 12);
    assert.ok(Math.abs((made.auto_pitch.singer?.median ?? 0) / 200 - 1) < 0.02);
    const kept = await readFile(join(config.cacheDir, "pitch-ranges.json"), "utf8");
    const again = await job("generate_cover", { ...song, main_gain: -3 });
    assert.equal(again["conversion_reused"], true);
    assert.deepEqual(again.auto_pitch, made.auto_pitch);
    assert.equal(await readFile(join(config.cacheDir, "pitch-ranges.json"), "utf8"), kept);
    // Another word on where the voice sings is another song.
    const other = await job("generate_cover", { ...song, voice_pitch_hz: 90 });
    assert.deepEqual([other["conversion_reused"], other.auto_pitch?.semitones, other.pitch], [false, -12, -12]);
  });
});

describe("semitones from one pitch to another", () => {
  it("are the nearest of their steps, never above two octaves", () => {
    for (const [from, to, octaves, semitones] of [
      [220, 220, 0, 0],
      [110, 221, 12, 12],
      [440, 110, -24, -24],
      [200, 290, 12, 6],
      [290, 200, -12, -6],
      [50, 1600, 24, 24],
    ] as const) {
      assert.equal(semitonesBetween(from, to, "octaves"), octaves);
      assert.equal(semitonesBetween(from, to, "semitones"), semitones);
    }
    assert.ok(Object.is(semitonesBetween(230, 220, "octaves"), 0));
  });
});

describe("what is known of where a voice sings", () => {
  it("lies in its folder, or beside its file under its name", async () => {
    const { recordings } = await findVoicePitch("recorded", config);
    assert.deepEqual(recordings, [join(rvc, "recorded/song.wav")]);
    assert.deepEqual((await findVoicePitch("packed", config)).noted, { hz: 400, file: "packed.json" });
    assert.deepEqual(await findVoicePitch("nobody", config), { recordings: [] });
    await writeFile(join(rvc, "recorded/Recorded.flac"), "");
    const [first] = (await findVoicePitch("recorded", config)).recordings;
    assert.equal(first, join(rvc, "recorded/Recorded.flac"));
    await rm(join(rvc, "recorded/Recorded.flac"));
  });

  it("is kept over starts; a file of another form is written anew", async () => {
    const folder = join(dir.path, "ranges");
    const range = { median: 200, low: 150, high: 250 };
    await new PitchRanges(folder).remember("a", range);
    await new PitchRanges(folder).remember("b", null);
    assert.deepEqual(await new PitchRanges(folder).recall("a"), range);
    assert.equal(await new PitchRanges(folder).recall("b"), null);
    assert.equal(await new PitchRanges(folder).recall("c"), undefined);
    await writeFile(join(folder, "pitch-ranges.json"), '{"version": 9}');
    assert.equal(await new PitchRanges(folder).recall("a"), undefined);
    await new PitchRanges(folder).remember("a", range);
    assert.deepEqual(await new PitchRanges(folder).recall("a"), range);
  });
});
