import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";
import type { ConversionOptions } from "../../src/engines/voice/voice-converter.ts";
import { createWorldEngine, type WorldEngine } from "../../src/engines/voice/world/world-engine.ts";
import { voiceProfileSchema } from "../../src/library/voice-profile.ts";
import { median, pitches } from "../speech/acoustics.ts";
import { agreementDb, concat, gather, levels, noise, phrase, streamOf, vowel } from "./sound.ts";

const modelsDir = join(import.meta.dirname, "../../models");
const never = new AbortController().signal;
const RATE = 16_000;
const engine = createWorldEngine({ modelsDir });
after(() => engine[Symbol.asyncDispose]());

function convert(
  samples: Float32Array,
  voice: string,
  own: Partial<ConversionOptions> = {},
  by: WorldEngine = engine,
  sampleRate = RATE,
): Promise<Float32Array> {
  const options: ConversionOptions = { pitch: 0, pitchMapping: "range", ...own };
  return by.convert(streamOf(samples, sampleRate), voice, options, never).then(gather);
}

test("a voice in blocks is what it is in one piece", async () => {
  for (const sampleRate of [16_000, 44_100]) {
    const source = phrase(sampleRate, 4, 140);
    await using whole = createWorldEngine({ modelsDir, blockSeconds: 60 });
    await using pieces = createWorldEngine({ modelsDir, blockSeconds: 1.5 });
    const sourceProfile = await engine.profile(streamOf(source, sampleRate), never);
    const one = await convert(source, "child", { sourceProfile }, whole, sampleRate);
    const many = await convert(source, "child", { sourceProfile }, pieces, sampleRate);
    assert.equal(one.length, many.length);
    assert.ok(agreementDb(one, many) > 30, `${agreementDb(one, many)} dB`);
  }
});

test("a long tone goes on over the seams, its periods alike", async () => {
  await using pieces = createWorldEngine({ modelsDir, blockSeconds: 0.5 });
  const result = await convert(
    vowel(RATE, 3, () => 150),
    "child",
    {},
    pieces,
  );
  // Each period against the next one: a seam that does not fit would break the row.
  const hz = median(pitches(result, RATE));
  const period = RATE / hz;
  let worst = 1;
  for (let from = Math.round(0.2 * RATE); from + 3 * period < result.length - 0.2 * RATE; from += Math.round(period)) {
    let best = 0;
    for (let lag = Math.floor(period * 0.97); lag <= Math.ceil(period * 1.03); lag++) {
      let cross = 0;
      let own = 0;
      let other = 0;
      for (let n = from; n < from + 2 * period; n++) {
        cross += (result[n] as number) * (result[n + lag] as number);
        own += (result[n] as number) ** 2;
        other += (result[n + lag] as number) ** 2;
      }
      best = Math.max(best, cross / Math.sqrt(own * other));
    }
    worst = Math.min(worst, best);
  }
  assert.ok(worst > 0.9, `the least likeness of two periods is ${worst}`);
});

test("the number of threads changes no bit", async () => {
  await using one = createWorldEngine({ modelsDir, threads: 1, blockSeconds: 1 });
  await using three = createWorldEngine({ modelsDir, threads: 3, blockSeconds: 1 });
  const source = phrase(RATE, 3, 120);
  assert.deepEqual(
    await convert(source, "alto-warm", { seed: 9 }, one),
    await convert(source, "alto-warm", { seed: 9 }, three),
  );
  assert.notDeepEqual(
    await convert(source, "alto-warm", { seed: 9 }, one),
    await convert(source, "alto-warm", { seed: 8 }, one),
  );
});

test("by octaves a song stays in key; by range it takes the target's pitch", async () => {
  const source = vowel(RATE, 2, (t) => 104 * (1 + 0.1 * Math.sin(5 * t)));
  const from = median(pitches(source, RATE));
  const sung = median(pitches(await convert(source, "alto-warm", { pitchMapping: "octave" }), RATE));
  assert.ok(Math.abs(12 * Math.log2(sung / from / 2)) < 0.3, `${from} to ${sung} Hz is an octave`);
  const said = median(pitches(await convert(source, "alto-warm"), RATE));
  assert.ok(Math.abs(said / 178 - 1) < 0.06, `${said} Hz`);
});

test("high song is followed", async () => {
  const source = vowel(RATE, 1.5, (t) => 520 * 2 ** (0.3 * t), [
    [700, 90],
    [1300, 110],
    [2900, 160],
  ]);
  const result = await convert(source, "mezzo-clear", { pitchMapping: "octave" });
  const found = median(pitches(result.subarray(0.2 * RATE, 0.5 * RATE), RATE));
  const wanted = (520 * 2 ** (0.3 * 0.35)) / 2;
  assert.ok(Math.abs(12 * Math.log2(found / wanted)) < 0.5, `${found} Hz for ${wanted} Hz`);
});

test("hisses and breaths are the source's own", async () => {
  const hiss = noise(8000, 4).map((x) => 0.1 * x);
  const emphasised = hiss.map((x, n) => x - 0.95 * (hiss[n - 1] ?? 0));
  const source = concat([vowel(RATE, 0.8, () => 130), emphasised, vowel(RATE, 0.8, () => 130)]);
  const result = await convert(source, "child");
  const [from, to] = [0.8 * RATE + 1500, 0.8 * RATE + 6500];
  assert.ok(agreementDb(source.subarray(from, to), result.subarray(from, to)) > 60);
  assert.ok(agreementDb(source.subarray(1000, 10_000), result.subarray(1000, 10_000)) < 3, "the vowel has changed");
});

test("the level follows the source", async () => {
  const source = phrase(RATE, 4, 120).map((x, n) => x * (0.15 + 0.85 * Math.abs(Math.sin(n / 9000))));
  const [before, behind] = [levels(source, RATE, 0.1), levels(await convert(source, "bass-deep"), RATE, 0.1)];
  const off = before.flatMap((level, i) => (level > -45 ? [Math.abs(level - (behind[i] as number))] : []));
  assert.ok(median(off) < 2, `median ${median(off)} dB`);
});

test("settings of retrieval are told to be without effect, once set", async () => {
  const plain = {
    indexRate: 0.5,
    filterRadius: 3,
    rmsMixRate: 0.25,
    protect: 0.33,
    f0Method: "rmvpe",
    crepeHopLength: 128,
  };
  const told: string[] = [];
  const warn = (message: string): number => told.push(message);
  const source = vowel(RATE, 0.3, () => 150);
  await convert(source, "child", { retrieval: plain, warn });
  assert.deepEqual(told, ["f0_method applies to RVC voices; this embedded voice was converted with harvest."]);
  await convert(source, "child", { retrieval: { ...plain, indexRate: 0.7, protect: 0.1 }, warn });
  assert.equal(told.length, 3);
  assert.match(told[2] ?? "", /^index_rate, protect apply to RVC voices/);
});

test("a cancel leaves no thread at work", async () => {
  await using own = createWorldEngine({ modelsDir });
  const abort = new AbortController();
  const result = await own.convert(
    streamOf(phrase(44_100, 20, 130), 44_100),
    "child",
    { pitch: 0, pitchMapping: "range" },
    abort.signal,
  );
  const work = gather(result);
  setTimeout(() => abort.abort(), 400);
  await assert.rejects(work, { code: "cancelled" });
  assert.equal(own.working, 0);
});

test("a reader who leaves early stops the work", async () => {
  await using own = createWorldEngine({ modelsDir, blockSeconds: 1 });
  let read = 0;
  const source = phrase(RATE, 2, 130);
  const endless = (async function* () {
    for (;;) {
      read += source.length;
      yield source;
    }
  })();
  const { blocks } = await own.convert(
    { sampleRate: RATE, blocks: endless },
    "child",
    { pitch: 0, pitchMapping: "range" },
    never,
  );
  let got = 0;
  for await (const block of blocks) {
    got += block.length;
    if (got > 3 * RATE) break;
  }
  assert.equal(own.working, 0);
  assert.ok(read - got < 60 * RATE, "no more is read ahead than is needed to know the speaker");
});

test("a process ends with its threads up", async () => {
  const script = `
    import { createWorldEngine } from ${JSON.stringify(join(import.meta.dirname, "../../src/engines/voice/world/world-engine.ts"))};
    const engine = createWorldEngine({ modelsDir: ${JSON.stringify(modelsDir)} });
    const blocks = (async function* () { yield Float32Array.from({ length: 8000 }, (_, n) => 0.2 * Math.sin(n / 15)); })();
    const result = await engine.convert({ sampleRate: 16000, blocks }, "child", { pitch: 0, pitchMapping: "range" }, new AbortController().signal);
    let count = 0;
    for await (const block of result.blocks) count += block.length;
    console.log(count, engine.threads > 0);`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], {
    timeout: 20_000,
  });
  assert.equal(stdout.trim(), "8000 true");
});

test("what is known of a speaker fits the schema and the speaker", async () => {
  const profile = await engine.profile(streamOf(phrase(RATE, 4, 180), RATE), never);
  assert.deepEqual(voiceProfileSchema.parse(JSON.parse(JSON.stringify(profile))), profile);
  assert.ok(Math.abs(profile.f0.median / 180 - 1) < 0.12);
  const longer = await engine.profile(
    streamOf(
      vowel(RATE, 2, () => 180, [
        [595, 90],
        [1020, 110],
        [2210, 160],
        [3060, 220],
        [3900, 260],
      ]),
      RATE,
    ),
    never,
  );
  const shorter = await engine.profile(
    streamOf(
      vowel(RATE, 2, () => 180, [
        [770, 90],
        [1320, 110],
        [2860, 160],
        [3960, 220],
        [5000, 260],
      ]),
      RATE,
    ),
    never,
  );
  const ratio = longer.vocalTract / shorter.vocalTract;
  assert.ok(Math.abs(ratio / (1.1 / 0.85) - 1) < 0.08, `tracts of ${ratio}`);
});

test("a broken timbre file is named, and its trouble", async () => {
  const folder = await mkdtemp(join(tmpdir(), "timbres-"));
  try {
    await mkdir(join(folder, "timbres"));
    const own = createWorldEngine({ modelsDir: folder });
    assert.deepEqual(await own.voices(), []);
    for (const [content, message] of [
      ["{", /broken\.json is not readable JSON/],
      ['{"name":"broken"}', /broken\.json does not describe a timbre\. description: .*f0/],
    ] as const) {
      await writeFile(join(folder, "timbres", "broken.json"), content);
      await assert.rejects(createWorldEngine({ modelsDir: folder }).voices(), { code: "engine_failed", message });
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});
