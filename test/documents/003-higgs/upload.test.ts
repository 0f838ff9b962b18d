import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { join } from "node:path";
import { describe, it } from "node:test";
import { encodeAudio } from "../../../src/media/encode-audio.ts";
import { parseWav } from "../../../src/media/parse-wav.ts";
import { TempDir } from "../../../src/media/temp.ts";
import { readFile } from "node:fs/promises";
import { scratchFolder } from "../../server/local-server.ts";
import { higgsServer, recording, soundOf, type Spoken, upload } from "./server.ts";

const data = await scratchFolder();
const server = await higgsServer({ TALKBOX_DATA: data });
const WAV = await recording();

/** The recording in another form. */
async function coded(format: "mp3" | "flac"): Promise<Buffer> {
  await using folder = await TempDir.create();
  const path = folder.file(`voice.${format}`);
  const binaries = () => server.services.binaries();
  await encodeAudio(parseWav(WAV), { path, format, binaries, signal: new AbortController().signal });
  return await readFile(path);
}

/** Names of the voices that are kept. */
function kept(): string[] {
  const folder = join(data, "voices");
  return existsSync(folder) ? readdirSync(folder).filter((name) => !name.startsWith(".")) : [];
}

describe("003 upload", () => {
  it("003 §참조 음성 업로드: WAV, MP3 and FLAC are kept, whatever the file is called", async () => {
    const files = { wav: WAV, mp3: await coded("mp3"), flac: await coded("flac") };
    for (const [name, bytes] of Object.entries(files)) {
      const { status, body } = await upload(server.url, {
        file: { bytes, filename: "recording.bin" },
        name: `voice-${name}`,
        description: "테스트 음성",
      });
      assert.equal(status, 200, JSON.stringify(body));
      assert.deepEqual(Object.keys(body), ["name", "description", "duration"]);
      assert.deepEqual([body["name"], body["description"]], [`voice-${name}`, "테스트 음성"]);
      assert.ok(Math.abs(Number(body["duration"]) - parseWav(WAV).channels[0]!.length / 24_000) < 0.1);
    }
    const listed = (await server.call("/voices")).body as unknown as { name: string; description: string }[];
    assert.deepEqual(
      listed.find(({ name }) => name === "voice-flac"),
      { name: "voice-flac", description: "테스트 음성" },
    );
  });

  it("003 §참조 음성 업로드: name defaults to the file's, without its folder and extension", async () => {
    const { status, body } = await upload(server.url, { file: { bytes: WAV, filename: "C:\\음성\\미나.wav" } });
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal(body["name"], "미나");
  });

  it("003 §제로샷 음성 복제: an uploaded voice is a reference_voice", async () => {
    const answer = await server.call("/generate/voice-clone", {
      body: { text: "업로드한 음성으로 말하고 있습니다.", reference_voice: "미나" },
    });
    const spoken = answer.body as unknown as Spoken;
    assert.equal(answer.status, 200, spoken.detail);
    assert.ok(soundOf(spoken).seconds > 1);
  });

  it("003 §참조 음성 업로드: a name that is taken is 409, unless overwrite is set", async () => {
    const file = { bytes: WAV, filename: "a.wav" };
    assert.equal((await upload(server.url, { file, name: "twice" })).status, 200);
    const again = await upload(server.url, { file, name: "twice" });
    assert.equal(again.status, 409);
    assert.match(String(again.body["detail"]), /'twice'/);
    assert.equal((await upload(server.url, { file, name: "twice", overwrite: "true" })).status, 200);
    assert.equal(
      (await upload(server.url, { file, name: "belinda", overwrite: "true" })).status,
      409,
      "voices that ship stay",
    );
  });

  const WAV_FILE = { bytes: WAV, filename: "a.wav" };
  const BAD: readonly [string, Parameters<typeof upload>[1]][] = [
    ["no file", { name: "x" }],
    ["a file that is text", { file: WAV_FILE.filename, name: "x" }],
    ["an empty file", { file: { bytes: Buffer.alloc(0), filename: "a.wav" } }],
    ["a picture that calls itself WAV", { file: { bytes: Buffer.from("\x89PNG\r\n\x1a\n0000"), filename: "a.wav" } }],
    ["an Ogg file", { file: { bytes: Buffer.from("OggS000000000000"), filename: "a.mp3" } }],
    ["a WAV file of nothing but its head", { file: { bytes: WAV.subarray(0, 44), filename: "a.wav" }, name: "head" }],
    ["a name that leads out", { file: WAV_FILE, name: "../../etc/passwd" }],
    ["a name that leads out in another way", { file: WAV_FILE, name: "..\\..\\windows" }],
    ["a name of dots", { file: WAV_FILE, name: ".." }],
    ["a name with a zero", { file: WAV_FILE, name: "a\u0000b" }],
    ["a name that is too long", { file: WAV_FILE, name: "x".repeat(61) }],
    ["a file without a name for its voice", { file: { bytes: WAV, filename: ".wav" } }],
  ];
  for (const [what, form] of BAD) {
    it(`003 §오류 처리: ${what} is 400 with a detail, and nothing is kept`, async () => {
      const before = kept();
      const { status, body } = await upload(server.url, form);
      assert.equal(status, 400, JSON.stringify(body));
      assert.deepEqual(Object.keys(body), ["detail"]);
      assert.deepEqual(kept(), before);
      assert.equal(existsSync(join(data, "..", "etc")), false);
    });
  }

  it("003 §오류 처리: JSON in the place of a form is 400", async () => {
    const { status, body } = await server.call("/upload-voice", { body: { file: "x" } });
    assert.deepEqual([status, Object.keys(body)], [400, ["detail"]]);
  });

  it("003 §참조 음성 업로드: a gigabyte that announces itself is refused before it is sent", async () => {
    const before = kept();
    const { status, sent } = await sendMuch(true);
    assert.equal(status, 413);
    assert.ok(sent < 96 * 1024 * 1024, `${sent} bytes were taken`);
    assert.deepEqual(kept(), before);
  });

  it("003 §참조 음성 업로드: a gigabyte that does not announce itself is refused on the way", async () => {
    const before = kept();
    const { status, sent } = await sendMuch(false);
    assert.ok(status === 413 || status === 0, `${status}`);
    assert.ok(sent < 256 * 1024 * 1024, `${sent} bytes were taken`);
    assert.deepEqual(kept(), before);
  });
});

/** Uploads up to 1 GiB, and stops when the answer is there or the connection is gone. Status 0 is a broken connection. */
function sendMuch(announced: boolean): Promise<{ status: number; sent: number }> {
  const GIGABYTE = 1024 ** 3;
  const block = Buffer.alloc(1024 * 1024);
  return new Promise((resolve) => {
    let sent = 0;
    let done = false;
    const end = (status: number): void => {
      if (!done) resolve({ status, sent });
      done = true;
      request.destroy();
    };
    const request = httpRequest(`${server.url}/upload-voice`, {
      method: "POST",
      headers: {
        "content-type": "multipart/form-data; boundary=b",
        ...(announced ? { "content-length": String(GIGABYTE) } : {}),
      },
    });
    request.once("response", (response) => end(response.statusCode ?? 0));
    request.once("error", () => end(0));
    request.write('--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n');
    const more = (): void => {
      if (done || sent >= GIGABYTE) return;
      sent += block.length;
      if (request.write(block)) setImmediate(more);
      else request.once("drain", more);
    };
    more();
  });
}
