import assert from "node:assert/strict";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import { OPERATIONS } from "../../src/operations/index.ts";
import { base64Of, sha256, WOMAN, workbench } from "../cloning/workbench.ts";

const bench = await workbench({ TALKBOX_ALLOW_PRIVATE_URLS: "1" });
const { job, config } = bench;
const woman = await base64Of(WOMAN);

type Voice = {
  name: string;
  description: string;
  kind: string;
  engine: string | null;
  pitch_hz?: number;
  duration?: number;
};
const listed = async (): Promise<Voice[]> => (await job<{ voices: Voice[] }>("list_voices", {})).voices;
const references = async (): Promise<string[]> =>
  (await listed()).filter(({ kind }) => kind === "reference").map(({ name }) => name);

test("a recording is kept under its name, listed with what was measured, and forgotten again", async () => {
  const kept = await job<{ sha256: string; duration: number; sample_rate: number; pitch_hz: number }>("upload_voice", {
    audio: woman,
    name: "슬트",
    description: "An Arctic voice",
  });
  assert.ok(
    Math.abs(kept.duration - 3.095) < 0.002 && kept.sample_rate === 16_000 && Math.abs(kept.pitch_hz - 190) < 8,
  );
  const found = (await listed()).find(({ name }) => name === "슬트");
  assert.deepEqual(
    [found?.kind, found?.engine, found?.description, found?.duration, found?.pitch_hz],
    ["reference", null, "An Arctic voice", kept.duration, kept.pitch_hz],
  );
  const folder = join(config.dataDir, "voices/슬트");
  const recording = (await readdir(folder)).find((name) => name.endsWith(".wav")) ?? "";
  assert.equal(sha256(await readFile(join(folder, recording))), kept.sha256);
  await job("delete_voice", { name: "슬트" });
  assert.deepEqual(await references(), []);
  await assert.rejects(job("tts", { text: "네.", voice: "슬트" }), { code: "invalid_input" });
  await bench.assertNothingLeft();
});

test("a taken name is a conflict that names the way out", async () => {
  await job("upload_voice", { audio: woman, name: "mina", description: "first" });
  await assert.rejects(job("upload_voice", { audio: woman, name: "mina" }), { code: "conflict", message: /overwrite/ });
  await job("upload_voice", { audio: woman, name: "mina", description: "second", overwrite: true });
  assert.equal((await listed()).find(({ name }) => name === "mina")?.description, "second");
});

test("voices that ship cannot be replaced or deleted", async () => {
  for (const name of ["belinda", "Belinda", "custom", "alto-warm"]) {
    await assert.rejects(job("upload_voice", { audio: woman, name, overwrite: true }), { code: "conflict" });
    await assert.rejects(job("delete_voice", { name }), { code: "conflict" });
  }
  await assert.rejects(job("delete_voice", { name: "nobody" }), { code: "not_found", message: /mina/ });
});

test("a voice by URL is named after its file", async () => {
  const bytes = await readFile(WOMAN);
  const server = createServer((_, response) => response.end(bytes)).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  try {
    const url = `http://127.0.0.1:${port}/folder/${encodeURIComponent("유 나")}.final.wav?key=1`;
    assert.equal((await job<{ name: string }>("upload_voice", { audio: url }))["name"], "유 나.final");
  } finally {
    server.close();
  }
  await assert.rejects(job("upload_voice", { audio: woman }), { code: "invalid_input", message: /`name`/ });
});

test("names from outside stay inside: path characters go, what is left is the name", async () => {
  const { name } = await job<{ name: string }>("upload_voice", { audio: woman, name: "../../evil/../na:me*" });
  assert.equal(name, "name");
  assert.ok((await readdir(join(config.dataDir, "voices"))).includes("name"));
  await assert.rejects(job("upload_voice", { audio: woman, name: "../.." }), { code: "invalid_input" });
  await assert.rejects(job("delete_voice", { name: "../voices/name" }), { code: "not_found" });
  await job("delete_voice", { name: "name" });
});

test("a damaged voice does not break the list, and one of an old analysis is measured anew", async () => {
  await mkdir(join(config.dataDir, "voices/broken"), { recursive: true });
  await writeFile(join(config.dataDir, "voices/broken/voice.json"), "{");
  assert.ok(!(await references()).includes("broken"));
  const path = join(config.dataDir, "voices/mina/voice.json");
  const record = JSON.parse(await readFile(path, "utf8")) as object;
  await writeFile(path, JSON.stringify({ ...record, profile: { version: 0 } }));
  assert.equal((await listed()).find(({ name }) => name === "mina")?.pitch_hz, undefined);
  await job("tts", { text: "네.", voice: "mina" });
  assert.ok(Math.abs(((await listed()).find(({ name }) => name === "mina")?.pitch_hz ?? 0) - 190) < 8);
});

test("answers are as their schemas say", async () => {
  const ajv = new Ajv2020({ strict: false });
  const params = {
    list_voices: {},
    tts: { text: "네.", voice: "belinda", seed: 1, timings: true },
    voice_clone: { text: "네.", reference_voice: "belinda" },
    multi_speaker: OPERATIONS.get("multi_speaker")?.example ?? {},
    convert_voice: { audio: woman, voice: "bass-deep" },
    upload_voice: { audio: woman, name: "other" },
    delete_voice: { name: "other" },
  };
  const schemas = join(import.meta.dirname, "../../schemas");
  for (const [name, own] of Object.entries(params)) {
    const { artifacts: _, receipt: __, warnings: ___, ...fields } = await job(name, own);
    const schema = JSON.parse(await readFile(join(schemas, `${name}.result.json`), "utf8")) as object;
    assert.ok(ajv.validate(schema, fields), `${name}: ${ajv.errorsText()}`);
  }
});

test("examples are params that their schemas accept", () => {
  for (const { name, params, example } of OPERATIONS.values()) assert.ok(params.safeParse(example).success, name);
});
