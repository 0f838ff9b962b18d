import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { resolveBinaries } from "../../../src/media/binaries.ts";
import { probe } from "../../../src/media/probe.ts";
import { localServer, scratchFolder } from "../../server/local-server.ts";

type Chunk = { index: number; text: string; video_url: string; audio_url: string; duration: number; start: number };
type Told = {
  type: string;
  stream_url?: string;
  stream_type?: string | null;
  error?: string;
  chunks?: Chunk[];
} & Partial<Chunk>;

const TEXT = "Привет! Это проверка связи. Она совсем короткая.";
const CHUNKS = ["Привет! Это проверка связи.", "Она совсем короткая."];

const server = await localServer();
const folder = await scratchFolder();
const binaries = await resolveBinaries();
const { signal } = new AbortController();

async function tracks(bytes: Uint8Array, name: string): ReturnType<typeof probe> {
  const path = join(folder, name);
  await writeFile(path, bytes);
  return probe(path, { ffprobe: binaries.ffprobe, signal });
}

async function fetchBytes(path: string, init?: RequestInit): Promise<{ response: Response; bytes: Buffer }> {
  const response = await fetch(server.url + path, init);
  return { response, bytes: Buffer.from(await response.arrayBuffer()) };
}

describe("the chunk API", () => {
  let chunks: Chunk[] = [];
  let stream = "";

  it("002 §POST /api/stream_chunks: answers JSON whose chunks give back the text, each with its files and length", async () => {
    const { status, body } = await server.call("/api/stream_chunks", {
      body: { text: TEXT, language: "ru", chunk_size: 5 },
    });
    assert.equal(status, 200, JSON.stringify(body));
    chunks = body["chunks"] as Chunk[];
    stream = String(body["stream_url"]);
    assert.deepEqual(
      chunks.map(({ index, text }) => [index, text]),
      CHUNKS.map((text, index) => [index, text]),
    );
    assert.equal(chunks.map(({ text }) => text).join(" "), TEXT);
    for (const { video_url, audio_url } of chunks) {
      assert.match(video_url, /^\/api\/chunk\/video\/\w+$/);
      assert.match(audio_url, /^\/api\/chunk\/audio\/\w+$/);
    }
  });

  it("002 §GET /api/chunk/video/{id}: is the chunk as MP4, in ranges too", async () => {
    for (const { index, video_url, duration } of chunks) {
      const { response, bytes } = await fetchBytes(video_url);
      assert.equal(response.headers.get("content-type"), "video/mp4");
      assert.match(response.headers.get("content-disposition") ?? "", /chunk_video_\w+\.mp4/);
      const { video, audio, duration: long } = await tracks(bytes, `chunk-${index}.mp4`);
      assert.equal(video?.codec, "h264");
      assert.equal(video?.height, 480);
      assert.equal(audio?.codec, "aac");
      assert.ok(Math.abs((long ?? 0) - duration) < 0.01, `${long} s of ${duration}`);
      const part = await fetchBytes(video_url, { headers: { range: "bytes=4-7" } });
      assert.equal(part.response.status, 206);
      assert.equal(part.bytes.toString("latin1"), "ftyp");
    }
  });

  it("002 §GET /api/chunk/audio/{id}: is the chunk's sound as WAV, 16 kHz, one channel", async () => {
    for (const { audio_url, duration } of chunks) {
      const { response, bytes } = await fetchBytes(audio_url);
      assert.equal(response.headers.get("content-type"), "audio/wav");
      assert.equal(bytes.readUInt32LE(24), 16_000);
      assert.equal(bytes.readUInt16LE(22), 1);
      assert.ok(Math.abs((bytes.length - 44) / 32_000 - duration) < 0.001);
    }
  });

  it("002 §Автоочистка: files live for an hour, and POST /api/cleanup says how many it removed", async () => {
    const store = await server.services.store();
    const id = String(chunks[0]?.video_url.split("/").at(-1));
    const file = await store.stat(`chunks/chunk_video_${id}.mp4`);
    assert.ok(Math.abs((file.expiresAt ?? 0) - Date.now() - 3_600_000) < 600_000);
    await writeFile(join(folder, "old.mp4"), "old");
    await store.put(join(folder, "old.mp4"), { key: "chunks/chunk_video_0.mp4", mime: "video/mp4", ttlSeconds: 0 });
    const { status, body } = await server.call("/api/cleanup", { method: "POST" });
    assert.equal(status, 200);
    assert.match(String(body["message"]), /удалено файлов — 1$/);
    assert.equal((await fetch(server.url + chunks[0]?.video_url)).status, 200);
  });

  it("002 §POST /api/stream_chunks: delivers each chunk as it is ready where events are accepted, in order", async () => {
    const response = await fetch(`${server.url}/api/stream_chunks`, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "text/event-stream" },
      body: JSON.stringify({ text: TEXT, chunk_size: 5 }),
    });
    assert.match(response.headers.get("content-type") ?? "", /^text\/event-stream/);
    const told: Told[] = [];
    let live: Promise<Buffer> | undefined;
    let held = "";
    for await (const text of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      held += text;
      for (let end = held.indexOf("\n\n"); end >= 0; end = held.indexOf("\n\n")) {
        const data = /^data: (.*)$/m.exec(held.slice(0, end))?.[1];
        held = held.slice(end + 2);
        if (data === undefined) continue;
        const event = JSON.parse(data) as Told;
        told.push(event);
        // Opened before there is anything of it, read while it is made.
        if (event.type === "stream") live ??= fetchBytes(event.stream_url ?? "").then(({ bytes }) => bytes);
      }
    }
    assert.deepEqual(
      told.map(({ type, text }) => text ?? type),
      ["stream", "stream", ...CHUNKS, "complete"],
    );
    assert.match(told[1]?.stream_type ?? "", /^video\/mp4; codecs="avc1\.\w+,mp4a\.40\.2"$/);
    const bytes = (await live) ?? Buffer.alloc(0);
    const { duration } = await tracks(bytes, "live.mp4");
    const last = told.at(-1)?.chunks?.at(-1);
    assert.ok(Math.abs((duration ?? 0) - ((last?.start ?? 0) + (last?.duration ?? 0))) < 0.05);
    assert.equal(bytes.compare((await fetchBytes(told[0]?.stream_url ?? "")).bytes), 0);
  });

  it("002 §POST /api/stream_chunks: who comes back with Last-Event-ID gets the rest", async () => {
    const ask = (headers: Record<string, string> = {}): Promise<Response> =>
      fetch(`${server.url}/api/stream_chunks`, {
        method: "POST",
        headers: { "content-type": "application/json", accept: "text/event-stream", ...headers },
        body: JSON.stringify({ text: TEXT, chunk_size: 5 }),
      });
    const whole = await (await ask()).text();
    const [, id = ""] = /id: (\S+)\ndata: [^\n]*"type":"chunk","index":0/.exec(whole) ?? [];
    assert.match(id, /^[0-9a-f-]{36}\/\d+$/);
    const rest = await (await ask({ "last-event-id": id })).text();
    assert.equal(rest, whole.slice(whole.indexOf("\n\n", whole.indexOf(`id: ${id}\n`)) + 2));
    assert.match(rest, /"index":1,[\s\S]*"type":"complete"/);
    // A job of another kind is none to go on with.
    const { body } = await server.call("/runsync", { body: { input: { operation: "list_models" } } });
    assert.equal((await ask({ "last-event-id": `${String(body["id"])}/1` })).status, 404);
    const stream = "/api/v2/lipsync/stream";
    const headers = { "last-event-id": `${String(body["id"])}/1` };
    assert.equal((await server.call(stream, { body: { text: "가" }, headers })).status, 404);
  });

  it("002 §GET /api/stream/{id}.mp4: is all chunks as one stream when they are made, in ranges too", async () => {
    const { response, bytes } = await fetchBytes(stream);
    assert.equal(response.headers.get("content-type"), "video/mp4");
    const total = chunks.reduce((sum, { duration }) => sum + duration, 0);
    const { duration } = await tracks(bytes, "stream.mp4");
    assert.ok(Math.abs((duration ?? 0) - total) < 0.05, `${duration} s of ${total}`);
    assert.equal((await fetchBytes(stream, { headers: { range: "bytes=0-99" } })).bytes.length, 100);
  });

  it("002 §POST /api/generate: answers the whole video as MP4, to JSON", async () => {
    const { response, bytes } = await fetchBytes("/api/generate", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ text: "Привет!", language: "ru" }),
    });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-type"), "video/mp4");
    assert.match(response.headers.get("content-disposition") ?? "", /avatar_[0-9a-f]{8}\.mp4/);
    assert.equal((await tracks(bytes, "whole.mp4")).video?.height, 480);
  });

  it("002 §POST /api/generate_stream: answers a form with an MP4 that begins before it is whole", async () => {
    for (const body of [new URLSearchParams({ text: "Привет!" }), form({ text: "Сәлем!", language: "kk" })]) {
      const { response, bytes } = await fetchBytes("/api/generate_stream", { method: "POST", body });
      assert.equal(response.status, 200, bytes.subarray(0, 300).toString());
      assert.equal(response.headers.get("content-type"), "video/mp4");
      assert.equal(response.headers.get("content-length"), null);
      const { video, audio } = await tracks(bytes, "form.mp4");
      assert.deepEqual([video?.codec, audio?.codec], ["h264", "aac"]);
    }
  });

  it("002 §GET /api/avatar: is a picture of the avatar", async () => {
    const { response, bytes } = await fetchBytes("/api/avatar");
    assert.equal(response.headers.get("content-type"), "image/jpeg");
    assert.deepEqual([...bytes.subarray(0, 3)], [0xff, 0xd8, 0xff]);
  });

  it("002 §GET /api/health: says status, models_loaded and device", async () => {
    const { status, body } = await server.call("/api/health");
    assert.equal(status, 200);
    assert.deepEqual(Object.keys(body).toSorted(), ["device", "models_loaded", "status"]);
    assert.equal(body["status"], "ok");
    assert.equal(typeof body["models_loaded"], "boolean");
  });

  it("002 §Валидация: text is needed, language is ru, kk or en, chunk_size is 5 to 30, in the form {error}", async () => {
    const cases: readonly (readonly [string, object, RegExp])[] = [
      ["/api/stream_chunks", {}, /^Не указан текст$/],
      ["/api/stream_chunks", { text: "  " }, /^Не указан текст$/],
      ["/api/generate", { text: "" }, /^Не указан текст$/],
      ["/api/generate_stream", { language: "ru" }, /^Не указан текст$/],
      ["/api/stream_chunks", { text: "да", language: "de" }, /language/],
      ["/api/stream_chunks", { text: "да", chunk_size: 4 }, /chunk_size/],
      ["/api/stream_chunks", { text: "да", chunk_size: 31 }, /chunk_size/],
      ["/api/stream_chunks", { text: "да", chunk_size: 7.5 }, /chunk_size/],
      ["/api/stream_chunks", { text: "слово ".repeat(5000) }, /20.?000|20000/],
    ];
    for (const [path, sent, message] of cases) {
      const { status, body } = await server.call(path, { body: sent });
      assert.equal(
        status,
        JSON.stringify(sent).length > 20_000 ? 413 : 400,
        `${path} ${JSON.stringify(sent).slice(0, 60)}: ${JSON.stringify(body)}`,
      );
      assert.deepEqual(Object.keys(body), ["error"]);
      assert.match(String(body["error"]), message);
    }
  });

  it("002 §Файловая система: an unknown, foreign or crafted id is 404, {error}", async () => {
    const ids = ["nothing", "..%2f..%2fetc%2fpasswd", "0123456789abcdef_0", "%00", "stream_0123456789abcdef"];
    for (const id of ids) {
      for (const path of [`/api/chunk/video/${id}`, `/api/chunk/audio/${id}`, `/api/stream/${id}.mp4`]) {
        const { status, body } = await server.call(path);
        assert.equal(status, 404, path);
        assert.equal(typeof body["error"], "string");
      }
    }
  });

  it("002 §CORS: pages of any origin may call", async () => {
    const response = await fetch(`${server.url}/api/health`, { headers: { origin: "https://site.example" } });
    assert.equal(response.headers.get("access-control-allow-origin"), "*");
  });

  it("002 §API Endpoints Дерево: /, /realtime and /api-test are pages, POST / stays the endpoint's door", async () => {
    for (const path of ["/", "/realtime", "/api-test"]) {
      const { response, bytes } = await fetchBytes(path);
      assert.match(response.headers.get("content-type") ?? "", /^text\/html/);
      const page = bytes.toString();
      assert.match(page, /<html lang="ru">/);
      for (const [, script = ""] of page.matchAll(/src="(\/pages\/[^"]+)"/g)) {
        assert.equal((await fetchBytes(script)).response.status, 200);
      }
    }
    const { body } = await server.call("/", { body: { operation: "list_engines", params: {} } });
    assert.ok(Array.isArray(body["engines"]));
  });

  it("002 §POST /api/stream_chunks: a caller who goes away ends the work", async () => {
    const leaving = new AbortController();
    const response = await fetch(`${server.url}/api/stream_chunks`, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "text/event-stream" },
      body: JSON.stringify({ text: `${TEXT} `.repeat(60) }),
      signal: leaving.signal,
    });
    await response.body?.getReader().read();
    leaving.abort();
    const patience = Date.now() + 60_000;
    while (server.jobs.places().unsettled > 0 && Date.now() < patience)
      await new Promise((done) => setTimeout(done, 50));
    assert.equal(server.jobs.places().unsettled, 0);
  });
});

function form(fields: Readonly<Record<string, string>>): FormData {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) data.append(name, value);
  return data;
}
