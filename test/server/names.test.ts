import assert from "node:assert/strict";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { OPERATIONS } from "../../src/operations/index.ts";
import { encodeWav } from "../../src/media/wav.ts";
import { localServer, scratchFolder } from "./local-server.ts";
import { RawConnection } from "./raw-http.ts";

/** What no answer may hold. It lies beside the folder of the server's data, where a name that climbs would find it. */
const SECRET = "what lies outside";

const folder = await scratchFolder();
const data = join(folder, "data");
await mkdir(data);
await writeFile(join(folder, "secret.txt"), SECRET);
// What is made all the same, because a name meant nothing, need not be made to its end.
const patience = { jobMs: 1000 };
const server = await localServer({ patience, env: { TALKBOX_DATA: data, TALKBOX_CONCURRENCY: "2" } });

const CLIMBS = [1, 2, 3, 4].map((levels) => `${"../".repeat(levels)}secret.txt`);
const NAMES = [
  "../../secret.txt",
  join(folder, "secret.txt"),
  "..\\..\\secret.txt",
  "%2e%2e%2fsecret.txt",
  "..\0/secret.txt",
];

/** Fields by which something is looked up or kept. Texts that are spoken are none. */
const NAMED =
  /^(name|voice|avatar|avatar_path|engine|tts_engine|tts_voice|llm_engine|model|voice_model|reference_voices?|company_name|job_name|language|languages|keys|job_id|video_url|output_format|quality|resolution)$/;

/** Whether a field is worth a look: an interview's, where no video is made after it. */
function isNamed(field: string, owner: string): boolean {
  return NAMED.test(field) && !(owner.includes("lipsync") && /^(company|job)_name$/.test(field));
}

type Described = {
  paths: Record<
    string,
    Record<
      string,
      {
        parameters?: readonly { name: string; in: string }[];
        requestBody?: {
          content: Record<string, { schema: { properties?: Record<string, unknown> }; example?: unknown }>;
        };
      }
    >
  >;
};
const { paths } = (await server.call("/openapi.json")).body as unknown as Described;

/** A WAV of half a second, as base64. */
const recording = (): string => {
  const samples = Float32Array.from({ length: 12_000 }, (_, at) => 0.2 * Math.sin(at / 20));
  return Buffer.from(encodeWav({ sampleRate: 24_000, channels: [samples] })).toString("base64");
};

async function nothingOutside(): Promise<void> {
  assert.deepEqual((await readdir(folder)).toSorted(), ["data", "secret.txt"]);
  assert.equal(await readFile(join(folder, "secret.txt"), "utf8"), SECRET);
}

describe("names that climb out of their folder", () => {
  it("find nothing in any path, however they are written", async () => {
    const attacks = [
      ...CLIMBS,
      ...CLIMBS.map((name) => name.replaceAll("/", "%2f")),
      ...CLIMBS.map((name) => name.replaceAll(".", "%2e")),
      ...CLIMBS.map((name) => name.replaceAll("/", "%5c")),
      ...CLIMBS.map((name) => name.replaceAll("../", "..%c0%af")),
      `%00${SECRET.length}`,
      "..%00/secret.txt",
      encodeURIComponent(join(folder, "secret.txt")),
    ];
    const named = Object.entries(paths).flatMap(([written, methods]) => {
      // The endpoint's name is any: nothing is looked up by it.
      const path = written.replace("{endpoint}", "any");
      return path.includes("{") ? Object.keys(methods).map((method) => ({ path, method: method.toUpperCase() })) : [];
    });
    assert.ok(named.length > 15, `${named.length} routes have a name in their path`);
    for (const { path, method } of [...named, { path: "/studio/{path}", method: "GET" }]) {
      for (const attack of attacks) {
        // By hand: clients put such paths in order before they send them.
        const connection = await RawConnection.open(server.url);
        const target = path.replaceAll(/\{\w+\}/g, () => attack);
        connection.send(
          `${method} ${target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`,
        );
        await connection.closed();
        assert.ok(!connection.read.includes(SECRET), `${method} ${target}`);
        assert.ok(connection.status >= 200 && connection.status < 500, `${method} ${target}: ${connection.read}`);
        // What leads out of the route may meet another one; what stays in it finds nothing.
        if (!attack.includes("../")) assert.ok(connection.status >= 400, `${method} ${target}: ${connection.read}`);
      }
    }
    await nothingOutside();
  });

  it("are refused, or mean nothing, in every field of every route", async () => {
    let asked = 0;
    for (const [path, { post }] of Object.entries(paths)) {
      const { schema, example } = post?.requestBody?.content["application/json"] ?? {};
      if (path.startsWith("/v2/") || path === "/api/jobs") continue;
      for (const field of Object.keys(schema?.properties ?? {}).filter((name) => isNamed(name, path))) {
        for (const name of NAMES) {
          const list = field.endsWith("_voices");
          const body = { ...(example as object), [field]: list ? [name] : name };
          const { status, body: answer } = await server.call(path, { body });
          asked++;
          assert.ok(!JSON.stringify(answer).includes(SECRET), `${path} ${field} ${name}`);
          assert.ok(
            status < 500 || status === 503 || status === 504,
            `${path} ${field} ${name}: ${status} ${JSON.stringify(answer)}`,
          );
        }
      }
    }
    assert.ok(asked > 100, `${asked} requests`);
    await nothingOutside();
  });

  it("are refused as a file's name in a form", async () => {
    for (const name of NAMES) {
      for (const [field, filename] of [
        [name, "a.wav"],
        ["", name],
      ] as const) {
        const form = new FormData();
        form.append("file", new Blob([Buffer.from(recording(), "base64")]), filename);
        form.append("name", field);
        const response = await fetch(`${server.url}/upload-voice`, { method: "POST", body: form });
        assert.ok(response.status < 500, `${field} ${filename}: ${await response.text()}`);
      }
    }
    await nothingOutside();
    for (const kept of await readdir(data, { recursive: true })) assert.ok(!/(^|\/)\.\.(\/|$)/.test(kept), kept);
  });

  it("are refused, or mean nothing, in every parameter of every operation", async () => {
    let asked = 0;
    for (const { name: operation, params, example: given } of OPERATIONS.values()) {
      const example = given as Record<string, unknown>;
      const shape = Object.keys((params as unknown as { shape?: object }).shape ?? {});
      for (const field of shape.filter((name) => isNamed(name, operation))) {
        for (const name of NAMES) {
          const list = /^(keys|languages|reference_voices)$/.test(field);
          const sound = "audio" in example ? { audio: recording() } : {};
          const input = { operation, params: { ...example, ...sound, [field]: list ? [name] : name } };
          const { body } = await server.call("/runsync", { body: { input } });
          asked++;
          const text = JSON.stringify(body);
          assert.ok(!text.includes(SECRET), `${operation} ${field} ${name}`);
          assert.ok(!text.includes("internal"), `${operation} ${field} ${name}: ${text}`);
        }
      }
    }
    assert.ok(asked > 60, `${asked} jobs`);
    await nothingOutside();
  });

  it("of local files are no inputs", async () => {
    for (const [operation, field] of [
      ["upload_voice", "audio"],
      ["upload_avatar", "image"],
      ["upload_avatar", "video"],
      ["convert_voice", "audio"],
      ["generate_cover_from_separate_audio", "voice_audio"],
      ["generate_cover_from_separate_audio", "voice_audio_url"],
      ["lipsync", "avatar_image"],
    ] as const) {
      const { example = {} } = OPERATIONS.get(operation) ?? {};
      const { image: _image, voice_audio: _voice, ...rest } = example as Record<string, unknown>;
      for (const source of [`file://${join(folder, "secret.txt")}`, join(folder, "secret.txt"), "concat:/etc/passwd"]) {
        const input = { operation, params: { ...rest, [field]: source } };
        const { body } = await server.call("/runsync", { body: { input } });
        assert.equal(body["status"], "FAILED", `${operation} ${field}: ${JSON.stringify(body)}`);
        assert.ok(!JSON.stringify(body).includes(SECRET));
      }
    }
    await nothingOutside();
  });
});
