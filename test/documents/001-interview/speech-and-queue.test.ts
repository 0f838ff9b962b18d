import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { localServer } from "../../server/local-server.ts";
import { rawStream } from "../avatar-client.ts";

const server = await localServer({ profile: "interview-2025-01", env: { TALKBOX_CONCURRENCY: "1" } });
const SMALL = { text: "안녕하세요", avatar: "talk_long", resolution: "360p", frame_skip: 3 };

async function until(settled: () => boolean): Promise<void> {
  for (let waited = 0; !settled() && waited < 60_000; waited += 20) await sleep(20);
  assert.ok(settled());
}

it("001 §1 GET /api/v2/status: every field", async () => {
  const { body } = await server.call("/api/v2/status");
  assert.deepEqual([body["status"], body["models_loaded"]], ["ok", true]);
  for (const id of ["talk_long_720p", "talk_short_720p", "talk_long_480p", "talk_short_480p"]) {
    assert.ok((body["available_avatars"] as string[]).includes(id), id);
  }
  assert.ok(Array.isArray(body["tts_engines"]));
});

describe("POST /api/v2/tts", () => {
  it("001 §3 POST /api/v2/tts: success, audio_path, audio_url, duration and elapsed; empty fields are absent ones", async () => {
    const { status, body } = await server.call("/api/v2/tts", {
      body: { text: "안녕하세요, 반갑습니다.", engine: "", voice: "Custom" },
    });
    assert.deepEqual([status, body["success"], body["engine"]], [200, true, "espeak"]);
    assert.match(String(body["audio_path"]), /^assets\/audio\/안녕하세요, 반갑습_[0-9a-f]{8}\.wav$/);
    assert.equal(decodeURIComponent(String(body["audio_url"])), `/${String(body["audio_path"])}`);
    const sound = await fetch(server.url + String(body["audio_url"]));
    const bytes = Buffer.from(await sound.arrayBuffer());
    assert.equal(bytes.toString("latin1", 0, 4), "RIFF");
    const seconds = (bytes.length - 44) / bytes.readUInt32LE(28);
    assert.ok(Math.abs(seconds - Number(body["duration"])) < 0.05);
    assert.ok(Number(body["elapsed"]) > 0);
  });

  it("001 §3 POST /api/v2/tts: without text 400; an engine that is not set up 503; unknown voices 400", async () => {
    const missing = await server.call("/api/v2/tts", { body: { engine: "espeak" } });
    assert.deepEqual([missing.status, missing.body], [400, { success: false, error: "텍스트가 필요합니다" }]);
    const engine = await server.call("/api/v2/tts", { body: { text: "가", engine: "elevenlabs" } });
    assert.deepEqual([engine.status, engine.body["success"]], [503, false]);
    const voice = await server.call("/api/v2/tts", { body: { text: "가", voice: "nobody" } });
    assert.equal(voice.status, 400);
  });
});

describe("POST /api/v2/lipsync", () => {
  it("001 §4 POST /api/v2/lipsync/stream: the events in the document's form, done with text and audio_url", async () => {
    const { events } = await rawStream(`${server.url}/api/v2/lipsync/stream`, { ...SMALL, tts_voice: "" });
    assert.deepEqual(
      events.map(({ type, stage }) => stage ?? type),
      ["tts", "tts_done", "lipsync", "done"],
    );
    const [tts, ttsDone, lipsync, done] = events;
    assert.deepEqual(tts, { type: "status", stage: "tts", message: "TTS 음성 생성 중..." });
    assert.deepEqual(lipsync, { type: "status", stage: "lipsync", message: "립싱크 비디오 생성 중..." });
    assert.deepEqual([ttsDone?.type, done?.type], ["status", "done"]);
    assert.equal(ttsDone?.["message"], `TTS 완료 (${Number(ttsDone?.["duration"]).toFixed(1)}초)`);
    assert.equal(done?.["audio_duration"], ttsDone?.["duration"]);
    assert.ok(Number(ttsDone?.["elapsed"]) > 0);
    assert.deepEqual([done?.["text"], done?.["audio_url"]], [SMALL.text, ttsDone?.["audio_url"]]);
    assert.match(String(done?.["video_url"]), /^\/video\/.*\.mp4$/);
    assert.deepEqual(Object.keys(done?.["elapsed"] as object).toSorted(), ["lipsync", "total", "tts"]);
    assert.equal(done?.["avatar"], "talk_long");
  });

  it("001 §4 POST /api/v2/lipsync: avatar_path is an id by its base name", async () => {
    const { status, body } = await server.call("/api/v2/lipsync", {
      body: { ...SMALL, avatar: "", avatar_path: "precomputed/360p/talk_short_360p_precomputed.pkl" },
    });
    assert.deepEqual(
      [status, body["success"], body["avatar"], typeof body["elapsed"]],
      [200, true, "talk_short", "number"],
    );
    assert.match(String(body["video_path"]), /^results\/realtime\//);
    assert.match(String(body["video_url"]), /^\/video\//);
  });

  it("001 §4 POST /api/v2/lipsync: neither avatar nor avatar_path is 400; an unknown avatar 404", async () => {
    for (const route of ["/api/v2/lipsync", "/api/v2/lipsync/stream"]) {
      const answer = await server.call(route, { body: { text: "가", avatar: "" } });
      assert.deepEqual(
        [answer.status, answer.body],
        [400, { success: false, error: "avatar 또는 avatar_path가 필요합니다" }],
      );
    }
    assert.equal((await server.call("/api/v2/lipsync", { body: { ...SMALL, avatar: "nobody" } })).status, 404);
  });
});

it("001 §6 GET /api/avatars: id, name and path", async () => {
  const { body } = await server.call("/api/avatars");
  const wanted = {
    id: "talk_long_720p",
    name: "talk_long_720p",
    path: "precomputed/720p/talk_long_720p_precomputed.pkl",
  };
  assert.deepEqual(
    (body["avatars"] as { id: string }[]).find(({ id }) => id === wanted.id),
    wanted,
  );
});

it("001 §6 GET /api/tts_engines: under `engines`", async () => {
  const { body } = await server.call("/api/tts_engines");
  const elevenlabs = (body["engines"] as { id: string; name: string; voices: string[] }[]).find(
    ({ id }) => id === "elevenlabs",
  );
  assert.equal(elevenlabs?.name, "ElevenLabs");
  for (const voice of ["Custom", "Rachel", "Domi", "Bella"]) assert.ok(elevenlabs?.voices.includes(voice), voice);
});

it("001 §6 GET /api/queue_status: one under way with its request_id, sid and start, and one that waits", async () => {
  const text = "안녕하세요, 면접에 오신 것을 환영합니다. ".repeat(60);
  const leaving = new AbortController();
  const calls = ["first", "second"].map((sid) =>
    server.call("/api/v2/lipsync", { body: { ...SMALL, text, sid }, signal: leaving.signal }).catch(() => undefined),
  );
  await until(() => server.jobs.queue().underWay.length === 1 && server.jobs.queue().waiting.length === 1);
  const { body } = await server.call("/api/queue_status");
  assert.deepEqual([body["queue_length"], body["processing_count"], body["max_concurrent"]], [1, 1, 1]);
  const [under] = body["processing"] as { request_id: string; sid: string; started_at: number }[];
  const [waiting] = body["queue"] as { request_id: string; sid: string }[];
  assert.match(String(under?.request_id), /^[0-9a-f-]{36}$/);
  assert.deepEqual(new Set([under?.sid, waiting?.sid]), new Set(["first", "second"]));
  assert.ok(Math.abs(Date.now() / 1000 - Number(under?.started_at)) < 120);
  leaving.abort();
  await Promise.all(calls);
  await until(() => server.jobs.queue().underWay.length === 0 && server.jobs.queue().waiting.length === 0);
});

it("001 §6 POST /api/cancel: by sid, its own callers' jobs; unknown 404, none 400", async () => {
  const text = "안녕하세요, 면접에 오신 것을 환영합니다. ".repeat(60);
  const begun = Promise.withResolvers<void>();
  const stream = rawStream(
    `${server.url}/api/v2/lipsync/stream`,
    { ...SMALL, text, sid: "session_id" },
    {
      enough: ({ stage }) => {
        if (stage === "tts") begun.resolve();
        return false;
      },
    },
  );
  await begun.promise;
  const { body: queue } = await server.call("/api/queue_status");
  assert.equal((queue["processing"] as { sid: string }[])[0]?.sid, "session_id");
  const unknown = await server.call("/api/cancel", { body: { sid: "another" } });
  assert.deepEqual([unknown.status, unknown.body], [404, { error: "취소할 작업을 찾을 수 없습니다" }]);
  const { status, body } = await server.call("/api/cancel", { body: { sid: "session_id" } });
  assert.deepEqual([status, body], [200, { status: "cancelled" }]);
  assert.deepEqual((await stream).events.at(-1), { type: "error", message: "생성이 취소되었습니다" });
  await until(() => server.jobs.queue().underWay.length === 0);
  assert.equal((await server.call("/api/cancel", { body: { sid: "session_id" } })).status, 404);
  const none = await server.call("/api/cancel", { body: { sid: "" } });
  assert.deepEqual([none.status, none.body], [400, { error: "sid가 필요합니다" }]);
});
