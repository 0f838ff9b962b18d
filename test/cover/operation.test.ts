import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { after, test } from "node:test";
import { handler, type JobResult, run } from "../../handler/index.ts";
import type { JobEvent } from "../../src/events.ts";
import { probe } from "../../src/media/probe.ts";
import { listVoiceModels } from "../../src/library/voice-models.ts";
import { passThrough, sampled, testServices, wav } from "./stems.ts";

const { services } = await testServices();
const RATE = 22_050;

/** Two seconds of something like a sung vowel: a saw-tooth with a vibrato. */
const vowel = sampled(RATE, 2, (t) => {
  const phase = 220 * t + 0.4 * Math.sin(2 * Math.PI * 5 * t);
  return [1, 2, 3, 4, 5, 6, 7, 8].reduce((sum, k) => sum + (0.15 / k) * Math.sin(2 * Math.PI * k * phase), 0);
});
const music = sampled(RATE, 2, (t) => 0.2 * Math.sin(2 * Math.PI * 110 * t));

/** The document's payload, with sounds and a voice in it. */
const PAYLOAD = {
  voice_audio: wav(RATE, [vowel], { samples: "s16" }),
  instrument_audio: wav(RATE, [music], { samples: "s16" }),
  voice_model: "alto-warm",
  pitch_adjust: 0,
  index_rate: 0.5,
  filter_radius: 3,
  rms_mix_rate: 0.25,
  protect: 0.33,
  f0_method: "rmvpe",
  crepe_hop_length: 128,
  pitch_change_all: 0,
  reverb_rm_size: 0.15,
  reverb_wet: 0.2,
  reverb_dry: 0.8,
  reverb_damping: 0.7,
  main_gain: 0,
  backup_gain: 0,
  inst_gain: 0,
  output_format: "mp3",
};

type Cover = JobResult & {
  success: true;
  output_audio: string | null;
  output_url?: string;
  filename: string;
  size: number;
  model_used: string;
  parameters: Record<string, unknown>;
};

async function cover(params: object, output: object = {}): Promise<Cover> {
  return (await run({ operation: "generate_cover_from_separate_audio", params, output }, { services })) as Cover;
}

test("the document's payload gets the document's answer, with the artifact and the receipt beside it", async () => {
  const made = await cover(PAYLOAD);
  const { artifacts, receipt, warnings, ...fields } = made;
  assert.deepEqual(Object.keys(fields), ["success", "output_audio", "filename", "size", "model_used", "parameters"]);
  const { voice_audio: _v, instrument_audio: _i, voice_model, crepe_hop_length: _c, ...documented } = PAYLOAD;
  assert.deepEqual(made.parameters, documented);
  assert.deepEqual(Object.keys(made.parameters), Object.keys(documented), "in the document's order");
  assert.equal(made.success, true);
  assert.equal(made.model_used, voice_model);
  assert.equal(made.filename, "cover_alto-warm.mp3");
  const bytes = Buffer.from(made.output_audio ?? "", "base64");
  assert.equal(made.size, bytes.length);

  const [artifact] = artifacts;
  assert.equal(artifact?.filename, "cover_alto-warm.mp3");
  assert.equal(artifact?.mime, "audio/mpeg");
  assert.equal(artifact?.base64, undefined, "the sound is in the answer once");
  assert.equal(artifact?.base64_field, "output_audio");
  assert.equal(artifact?.bytes, bytes.length);
  assert.deepEqual(
    receipt.engines.map(({ kind, model }) => `${kind} ${model}`),
    ["voice alto-warm", "pitch harvest"],
  );
  assert.equal(receipt.measures?.["limiter_reduction_db"], 0);
  assert.match((warnings ?? []).join(" "), /f0_method .*harvest/);
});

test("what is left out has the document's defaults", async () => {
  const { voice_audio, instrument_audio, voice_model, crepe_hop_length: _, ...documented } = PAYLOAD;
  const made = await cover({ voice_audio, instrument_audio, voice_model });
  assert.deepEqual(made.parameters, documented);
});

test("values beyond the document's ranges are refused, all of them named", async () => {
  const wrong = {
    pitch_adjust: 13,
    index_rate: 1.1,
    filter_radius: 8,
    rms_mix_rate: -0.1,
    protect: 0.6,
    f0_method: "guess",
    pitch_change_all: -13,
    reverb_rm_size: 2,
    reverb_wet: -1,
    reverb_dry: 1.5,
    reverb_damping: 7,
    main_gain: 21,
    backup_gain: -21,
    inst_gain: 99,
    output_format: "midi",
    bitrate: 100,
    bit_depth: 8,
    pich: 1,
  };
  await assert.rejects(cover({ ...PAYLOAD, ...wrong }), (error: { code: string; message: string }) => {
    assert.equal(error.code, "invalid_input");
    for (const name of Object.keys(wrong)) assert.ok(error.message.includes(name), `${name} is named`);
    return true;
  });
});

test("every format and quality is what was asked for", async () => {
  const binaries = await services.binaries();
  const cases = [
    [{ output_format: "wav" }, "pcm_s16le"],
    [{ output_format: "wav", bit_depth: 24 }, "pcm_s24le"],
    [{ output_format: "flac" }, "flac"],
    [{ output_format: "flac", bit_depth: 24 }, "flac"],
    [{ output_format: "mp3", bitrate: 128 }, "mp3"],
    [{ output_format: "mp3", bitrate: 320 }, "mp3"],
  ] as const;
  const sizes = new Map<string, number>();
  const { services: quick } = await testServices([passThrough()]);
  for (const [params, codec] of cases) {
    const job = {
      operation: "generate_cover_from_separate_audio",
      params: { ...PAYLOAD, voice_model: "same", ...params },
    };
    const made = (await run({ ...job, output: { delivery: "url" } }, { services: quick })) as Cover;
    assert.equal(made.output_audio, null);
    const url = made.output_url ?? "";
    assert.match(url, new RegExp(`/cover_same_[0-9a-f]{8}\\.${params.output_format}$`));
    const info = await probe(fileURLToPath(url), { ffprobe: binaries.ffprobe });
    assert.equal(info.audio?.codec, codec);
    assert.equal(info.audio?.channels, 2);
    assert.equal(info.audio?.sampleRate, 44_100);
    sizes.set(JSON.stringify(params), made.size);
  }
  const [wav16, wav24, flac16, flac24, low, high] = [...sizes.values()] as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  assert.equal((wav24 - 44) / (wav16 - 44), 1.5);
  assert.ok(flac24 > flac16);
  assert.ok(high / low > 2.2 && high / low < 2.6, `320 against 128 kbit/s: ${high / low}`);
});

test("a file too large for the answer is stored, and the answer says so", async () => {
  const { services: small } = await testServices([passThrough()], { TALKBOX_INLINE_LIMIT: "1000" });
  const job = { operation: "generate_cover_from_separate_audio", params: { ...PAYLOAD, voice_model: "same" } };
  const made = (await run(job, { services: small })) as Cover;
  assert.equal(made.output_audio, null);
  assert.ok(existsSync(fileURLToPath(made.output_url ?? "")));
  assert.equal(made.artifacts[0]?.url, made.output_url);
  assert.match((made.warnings ?? []).join(" "), /output_audio.* null/);
});

test("stems by URL, in either parameter", async () => {
  const { services: open } = await testServices([passThrough()], { TALKBOX_ALLOW_PRIVATE_URLS: "1" });
  const server = createServer((request, response) => {
    response.end(Buffer.from(request.url === "/vocal.wav" ? PAYLOAD.voice_audio : PAYLOAD.instrument_audio, "base64"));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  after(() => server.close());
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  for (const params of [
    { voice_audio: `${base}/vocal.wav`, instrument_audio: `${base}/music.wav` },
    { voice_audio_url: `${base}/vocal.wav`, instrument_audio_url: `${base}/music.wav` },
  ]) {
    const job = { operation: "generate_cover_from_separate_audio", params: { ...params, voice_model: "same" } };
    const made = (await run(job, { services: open })) as Cover;
    assert.ok(made.size > 10_000);
  }
  server.closeAllConnections();
});

test("progress rises in every stage and ends at one", async () => {
  const events: JobEvent[] = [];
  const job = { operation: "generate_cover_from_separate_audio", params: PAYLOAD };
  for await (const event of handler(job, { services })) events.push(event);
  for (const stage of ["decode", "convert", "mix", "encode"]) {
    assert.ok(
      events.some((event) => event.type === "status" && event.stage === stage),
      `a status of ${stage}`,
    );
    const shares = events.flatMap((event) =>
      event.type === "progress" && event.stage === stage ? [event.stage_progress] : [],
    );
    assert.deepEqual(
      shares,
      shares.toSorted((a, b) => a - b),
    );
    assert.equal(shares.at(-1), 1, stage);
  }
  const overall = events.flatMap((event) => (event.type === "progress" ? [event.progress] : []));
  assert.deepEqual(
    overall,
    overall.toSorted((a, b) => a - b),
  );
  assert.equal(overall.at(-1), 1);
});

test("a stored voice sings, too", async () => {
  const upload = { operation: "upload_voice", params: { audio: PAYLOAD.voice_audio, name: "Mina 미나" } };
  await run(upload, { services });
  const { models } = (await run({ operation: "list_models" }, { services })) as unknown as { models: string[] };
  assert.ok(models.includes("Mina 미나"));
  const made = await cover({ ...PAYLOAD, voice_model: "Mina 미나", f0_method: "harvest" });
  assert.equal(made.model_used, "Mina 미나");
  assert.equal(made.filename, "cover_Mina 미나.mp3");
  assert.equal(made.warnings, undefined);
});

test("list_models and health_check name the voices that a cover can have", async () => {
  const { models, count } = (await run({ operation: "list_models" }, { services })) as unknown as {
    models: string[];
    count: number;
  };
  assert.equal(count, models.length);
  assert.ok(count >= 8 && models.includes("alto-warm"), models.join(", "));
  const health = await run({ operation: "health_check" }, { services });
  assert.deepEqual(health["available_models"], models);
});

test("voices: an unknown one, a folder without its model, a model that nothing here can use", async () => {
  await assert.rejects(cover({ ...PAYLOAD, voice_model: "alto-worm" }), {
    code: "not_found",
    message: /^Voice model not found: "alto-worm"\. Did you mean "alto-warm"\?/,
  });
  const { services: other, folder } = await testServices([passThrough()], { TALKBOX_MODELS: "" });
  assert.deepEqual(await listVoiceModels(other.config), [], "the repository has no RVC voices");
  const models = join(folder, "models");
  await mkdir(join(models, "rvc/empty"), { recursive: true });
  await mkdir(join(models, "rvc/real"), { recursive: true });
  await writeFile(join(models, "rvc/real/real.pth"), "");
  const { services: mine } = await testServices([passThrough()], { TALKBOX_MODELS: models });
  const job = (voice_model: string) => ({
    operation: "generate_cover_from_separate_audio",
    params: { ...PAYLOAD, voice_model },
  });
  await assert.rejects(run(job("empty"), { services: mine }), { code: "not_found", message: /^No model file exists/ });
  await assert.rejects(run(job("real"), { services: mine }), { code: "engine_unavailable", message: /RVC/ });
  await assert.rejects(run(job("../rvc/real"), { services: mine }), {
    code: "not_found",
    message: /^Voice model not found/,
  });
  assert.deepEqual(await readdir(join(folder, "temp")).catch(() => []), []);
});
