import assert from "node:assert/strict";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, test } from "node:test";
import { saveOutput } from "../../src/cli/batch/save-output.ts";
import { scratchFolder } from "../server/local-server.ts";

const SOUND = Buffer.alloc(900, "a sound, let us say ");
const BASE64 = SOUND.toString("base64");
const NEVER = new AbortController().signal;

let downloads = 0;
const server = createServer((request, response) => {
  downloads++;
  if (request.url === "/gone") response.writeHead(404).end();
  else response.end(SOUND);
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
after(() => server.close());
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

async function save(output: unknown): Promise<{ folder: string; names: string[]; result: unknown }> {
  const folder = join(await scratchFolder(), "line");
  const names = await saveOutput(output, folder, NEVER);
  return { folder, names, result: JSON.parse(await readFile(join(folder, "result.json"), "utf8")) };
}

test("a cover's base64 stands beside its file name", async () => {
  const { folder, names, result } = await save({
    success: true,
    output_audio: BASE64,
    filename: "cover_model.mp3",
    size: 900,
    artifacts: [{ filename: "cover_model.mp3", base64_field: "output_audio" }],
  });
  assert.deepEqual(names, ["cover_model.mp3", "result.json"]);
  assert.ok((await readFile(join(folder, "cover_model.mp3"))).equals(SOUND));
  assert.equal((result as { output_audio: string }).output_audio, "cover_model.mp3");
});

test("files that other workers carry: base64 under data, data URLs, bare lists", async () => {
  const { names, result } = await save({
    images: [
      { filename: "a.png", type: "base64", data: BASE64 },
      { filename: "a.png", type: "base64", data: BASE64 },
    ],
    thumbnail: `data:image/jpeg;base64,${BASE64}`,
    note: "short",
    count: 3,
    none: null,
  });
  assert.deepEqual(names, ["a.png", "a-2.png", "file.jpeg", "result.json"]);
  assert.deepEqual(result, {
    images: [
      { filename: "a.png", type: "base64", data: "a.png" },
      { filename: "a.png", type: "base64", data: "a-2.png" },
    ],
    thumbnail: "file.jpeg",
    note: "short",
    count: 3,
    none: null,
  });
});

test("a file that several fields point to is downloaded once, and they all get its name", async () => {
  const before = downloads;
  const { folder, result } = await save({
    video_url: `${url}/v`,
    audio_url: null,
    artifacts: [{ filename: "안녕.mp4", url: `${url}/v`, bytes: 900 }],
  });
  assert.equal(downloads, before + 1);
  assert.deepEqual(result, {
    video_url: "안녕.mp4",
    audio_url: null,
    artifacts: [{ filename: "안녕.mp4", url: "안녕.mp4", bytes: 900 }],
  });
  assert.ok((await readFile(join(folder, "안녕.mp4"))).equals(SOUND));
});

test("a name from the endpoint leads nowhere else", async () => {
  const { folder, names } = await save([
    { filename: "../../escape.wav", base64: BASE64 },
    { filename: "/etc/passwd", base64: BASE64 },
    { filename: "result.json", base64: BASE64 },
    { filename: "..", base64: BASE64 },
  ]);
  assert.deepEqual(names, ["escape.wav", "passwd", "result-2.json", "file", "result.json"]);
  assert.deepEqual((await readdir(join(folder, ".."))).toSorted(), ["line"]);
});

test("what cannot be downloaded is said to be that, and no result is written", async () => {
  const folder = await scratchFolder();
  await mkdir(folder, { recursive: true });
  const output = { artifacts: [{ filename: "a.wav", url: `${url}/gone` }] };
  await assert.rejects(saveOutput(output, folder, NEVER), { code: "download_failed", message: /a\.wav .* 404/ });
  assert.deepEqual(await readdir(folder), []);
});
