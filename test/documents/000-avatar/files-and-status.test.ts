import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { GpuMemoryReader } from "../../../src/inference/gpu-memory.ts";
import type { RunJob } from "../../../src/jobs/job-runner.ts";
import type { Log } from "../../../src/log.ts";
import { localServer, scratchFolder } from "../../server/local-server.ts";

/** Work that takes until it is told to stop: what the queue looks like does not depend on how fast a machine is. */
const run: RunJob = async function* (_job, signal) {
  yield { type: "status", stage: "tts", message: "begun" };
  await sleep(60_000, undefined, { signal });
  return { success: true };
};

const lines: string[] = [];
const log = {
  info: (_fields: object, line: string) => lines.push(line),
  warn: () => {},
  error: () => {},
  debug: () => {},
  child: () => log,
} as unknown as Log;

const server = await localServer({ run, log, env: { TALKBOX_CONCURRENCY: "1", VIDEO_CLEANUP_TTL: "600" } });
const store = await server.services.store();
const scratch = await scratchFolder();

/** Stores bytes under a key, as a job would. */
async function put(key: string, bytes: string, ttlSeconds: number | null = 600): Promise<void> {
  const path = join(scratch, "file");
  await writeFile(path, bytes);
  await store.put(path, { key, mime: "video/mp4", ttlSeconds });
}

async function until(settled: () => boolean | Promise<boolean>): Promise<void> {
  for (let waited = 0; waited < 30_000; waited += 20) {
    if (await settled()) return;
    await sleep(20);
  }
  assert.fail("it did not come to be");
}

const NAME = "안녕하세요_a1b2c3d4.mp4";
const URL_OF_NAME = `/video/${encodeURIComponent(NAME)}`;

describe("GET /video/{filename}", () => {
  it("000 §GET /video/{filename}: the whole, a range, what the caller has already, the head alone, by a Korean name", async () => {
    await put(`realtime/${NAME}`, "0123456789");
    const whole = await fetch(server.url + URL_OF_NAME);
    assert.deepEqual([whole.status, await whole.text()], [200, "0123456789"]);
    assert.deepEqual([whole.headers.get("content-type"), whole.headers.get("accept-ranges")], ["video/mp4", "bytes"]);
    assert.match(whole.headers.get("content-disposition") ?? "", /filename\*=UTF-8''%EC%95%88/);
    const etag = whole.headers.get("etag") ?? "";
    assert.match(etag, /^"[0-9a-f]{64}"$/);

    const part = await fetch(server.url + URL_OF_NAME, { headers: { range: "bytes=2-4" } });
    assert.deepEqual([part.status, part.headers.get("content-range"), await part.text()], [206, "bytes 2-4/10", "234"]);
    const beyond = await fetch(server.url + URL_OF_NAME, { headers: { range: "bytes=10-" } });
    assert.deepEqual([beyond.status, beyond.headers.get("content-range")], [416, "bytes */10"]);
    assert.equal((await fetch(server.url + URL_OF_NAME, { headers: { "if-none-match": etag } })).status, 304);
    const head = await fetch(server.url + URL_OF_NAME, { method: "HEAD" });
    assert.deepEqual([head.status, head.headers.get("content-length")], [200, "10"]);
    // A client on macOS sends the name's letters apart.
    const apart = `/video/${encodeURIComponent(NAME.normalize("NFD"))}`;
    assert.equal((await fetch(server.url + apart)).status, 200);
  });

  it("000 §트러블슈팅: the log carries the document's lines", () => {
    for (const line of [
      "[설정] LIPSYNC_BASE_URL = ''",
      "[자동 정리] 백그라운드 스레드 시작 (TTL: 600초, 주기: 60초)",
      `URL: ${server.url}`,
      `[비디오 요청] filename = ${NAME}`,
      `[비디오 서빙] results/realtime/${NAME} (임시)`,
    ]) {
      assert.ok(lines.includes(line), line);
    }
  });

  const OUTSIDE = [
    "/video/..%2f..%2fetc%2fpasswd",
    "/video/%2e%2e%2f.talkbox",
    "/video/nobody.mp4",
    "/video/.talkbox",
    "/video/a%00.mp4",
    "/video/%E0%A4%A",
    "/assets/../package.json",
    "/assets/audio/..%2f..%2fx",
    "/assets/audio/",
    "/assets/other/x.wav",
    `/assets/${"a/".repeat(50)}x`,
  ];
  for (const path of OUTSIDE) {
    it(`000 §에러 응답: ${path.slice(0, 40)} is not found`, async () => {
      const answer = await server.call(path);
      assert.ok(answer.status === 404 || answer.status === 400, String(answer.status));
      assert.equal(typeof answer.body["error"], "string");
    });
  }

  it("000 §파일 저장 위치: what is not kept is gone after its time, on the disk too", async () => {
    await put("realtime/soon_00000000.mp4", "x", 1);
    assert.equal((await fetch(`${server.url}/video/soon_00000000.mp4`)).status, 200);
    await until(async () => (await fetch(`${server.url}/video/soon_00000000.mp4`)).status === 404);
    await store.sweep(Date.now() + 1000);
    await assert.rejects(store.stat("realtime/soon_00000000.mp4"));
  });

  it("000 §파일 저장 위치: sound is served under /assets/audio/", async () => {
    await put("audio/소리_00000000.wav", "RIFF");
    const answer = await fetch(`${server.url}/assets/audio/${encodeURIComponent("소리_00000000.wav")}`);
    assert.deepEqual([answer.status, await answer.text()], [200, "RIFF"]);
  });
});

describe("POST /api/video/save", () => {
  it("000 §3 POST /api/video/save: a copy for good, by the relative and the absolute form, twice without harm", async () => {
    await put("realtime/output_1234abcd.mp4", "film", 600);
    for (const video_url of [
      "/video/output_1234abcd.mp4",
      "https://avatar.example/video/output_1234abcd.mp4",
      "output_1234abcd.mp4",
    ]) {
      const { status, body } = await server.call("/api/video/save", { body: { video_url } });
      assert.deepEqual(
        [status, body],
        [200, { success: true, saved_url: "/video/output_1234abcd.mp4", message: "파일이 영구 저장되었습니다" }],
      );
    }
    assert.equal((await store.stat("saved/output_1234abcd.mp4")).expiresAt, null);
    await store.delete("realtime/output_1234abcd.mp4");
    const kept = await fetch(`${server.url}/video/output_1234abcd.mp4`);
    assert.deepEqual([kept.status, await kept.text()], [200, "film"]);
    assert.ok(lines.some((line) => line.endsWith("results/saved/output_1234abcd.mp4 (영구)")));
  });

  it("000 §3 POST /api/video/save: the percent-encoded form of a Korean name", async () => {
    await put(`realtime/${NAME}`, "0123456789");
    const { body } = await server.call("/api/video/save", { body: { video_url: URL_OF_NAME } });
    assert.equal(body["saved_url"], URL_OF_NAME);
  });

  it("000 §3 POST /api/video/save: unknown, expired and outside are 404; nothing is 400", async () => {
    await put("realtime/gone_00000000.mp4", "x", 1);
    await sleep(1100);
    for (const video_url of [
      "/video/nobody.mp4",
      "/video/gone_00000000.mp4",
      "../../etc/passwd",
      "/video/..%2f..%2fx",
      "https://x/%E0%A4%A",
    ]) {
      const { status, body } = await server.call("/api/video/save", { body: { video_url } });
      assert.deepEqual([status, body], [404, { success: false, error: "파일을 찾을 수 없습니다" }], video_url);
    }
    for (const body of [{}, { video_url: "" }]) {
      const answer = await server.call("/api/video/save", { body });
      assert.deepEqual([answer.status, answer.body], [400, { success: false, error: "video_url이 필요합니다" }]);
    }
  });
});

describe("what there is", () => {
  it("000 §1 GET /api/v2/status: status, models_loaded, available_avatars and tts_engines", async () => {
    const { status, body } = await server.call("/api/v2/status");
    assert.deepEqual([status, body["status"], body["models_loaded"]], [200, "ok", true]);
    const avatars = body["available_avatars"] as string[];
    for (const id of ["new_talk_short_720p", "new_talk_short_480p", "new_talk_short_360p", "talk_long_720p"]) {
      assert.ok(avatars.includes(id), id);
    }
    assert.deepEqual(body["tts_engines"], ["espeak"]);
  });

  it("000 §4 GET /api/tts_engines: an array, the documented engines in it with their names and voices", async () => {
    const { body } = await server.call("/api/tts_engines");
    const engines = body as unknown as {
      id: string;
      name: string;
      voices: string[];
      available: boolean;
      reason?: string;
    }[];
    assert.ok(Array.isArray(engines));
    const [cosyvoice, elevenlabs] = engines;
    assert.deepEqual([cosyvoice?.id, cosyvoice?.name, cosyvoice?.available], ["cosyvoice", "CosyVoice (로컬)", false]);
    assert.deepEqual([elevenlabs?.id, elevenlabs?.name], ["elevenlabs", "ElevenLabs"]);
    for (const voice of ["Custom", "Rachel", "Bella", "Antoni", "Domi"])
      assert.ok(elevenlabs?.voices.includes(voice), voice);
    assert.match(elevenlabs?.reason ?? "", /ELEVENLABS_API_KEY/);
    const espeak = engines.find(({ id }) => id === "espeak");
    assert.ok(espeak?.available && espeak.voices[0] === "Custom" && espeak.voices.length > 1);
  });

  it("000 §5 GET /api/avatars: id, name and path", async () => {
    const { body } = await server.call("/api/avatars");
    const avatars = body["avatars"] as object[];
    assert.ok(
      avatars.some(
        (avatar) =>
          JSON.stringify(avatar) ===
          JSON.stringify({
            id: "new_talk_short_720p",
            name: "new_talk_short_720p",
            path: "precomputed/720p/new_talk_short_720p_precomputed.pkl",
          }),
      ),
    );
  });

  it("000 §6 GET /api/queue_status: empty, then one under way and one that waits", async () => {
    const empty = await server.call("/api/queue_status");
    const { gpu, ...rest } = empty.body;
    assert.deepEqual(rest, {
      queue_size: 0,
      is_processing: false,
      queue_length: 0,
      processing_count: 0,
      max_concurrent: 1,
      processing: [],
      queue: [],
    });
    if (gpu !== null) {
      const fields = ["memory_free_mb", "memory_total_mb", "memory_used_mb", "utilization_percent"];
      assert.deepEqual(Object.keys(gpu as object).toSorted(), fields);
    }
    const leave = new AbortController();
    const calls = ["first", "second"].map((sid) =>
      server.call("/api/v2/lipsync", { body: { text: "가", sid }, signal: leave.signal }).catch(() => undefined),
    );
    await until(async () => (await server.call("/api/queue_status")).body["queue_size"] === 1);
    const { body } = await server.call("/api/queue_status");
    assert.deepEqual([body["is_processing"], body["processing_count"], body["queue_length"]], [true, 1, 1]);
    const [under] = body["processing"] as { request_id: string; sid: string; started_at: number }[];
    assert.deepEqual(Object.keys(under ?? {}), ["request_id", "sid", "started_at"]);
    assert.ok(
      ["first", "second"].includes(under?.sid ?? "") && Math.abs(Date.now() / 1000 - (under?.started_at ?? 0)) < 60,
    );
    assert.deepEqual((body["queue"] as { started_at: unknown }[])[0]?.started_at, null);
    leave.abort();
    await Promise.all(calls);
    await until(async () => (await server.call("/api/queue_status")).body["is_processing"] === false);
  });
});

it("000 §6 GET /api/queue_status: a GPU's memory and use, as its driver tells", async () => {
  const command = join(scratch, "nvidia-smi");
  await writeFile(command, "#!/bin/sh\necho '0, 8192, 24576, 45'\n", { mode: 0o755 });
  const withGpu = await localServer({ run, gpus: new GpuMemoryReader(command, () => true) });
  assert.deepEqual((await withGpu.call("/api/queue_status")).body["gpu"], {
    memory_total_mb: 24_576,
    memory_used_mb: 8192,
    memory_free_mb: 16_384,
    utilization_percent: 45,
  });
});

describe("LIPSYNC_BASE_URL", () => {
  it("000 §LIPSYNC_BASE_URL 설정: every URL in an answer is absolute, and the log has no names where none are wanted", async () => {
    const before = lines.length;
    const outside = await localServer({
      run,
      log,
      env: {
        LIPSYNC_BASE_URL: "https://avatar.mindprep.co.kr/",
        TALKBOX_LOG_NAMES: "0",
        VIDEO_CLEANUP_ENABLED: "False",
      },
    });
    const there = await outside.services.store();
    const path = join(scratch, "file");
    await writeFile(path, "x");
    await there.put(path, { key: `realtime/${NAME}`, mime: "video/mp4", ttlSeconds: 600 });
    const { body } = await outside.call("/api/video/save", {
      body: { video_url: `https://avatar.mindprep.co.kr${URL_OF_NAME}` },
    });
    assert.equal(body["saved_url"], `https://avatar.mindprep.co.kr${URL_OF_NAME}`);
    assert.equal((await fetch(outside.url + URL_OF_NAME)).status, 200);
    const own = lines.slice(before);
    assert.ok(own.includes("[설정] LIPSYNC_BASE_URL = 'https://avatar.mindprep.co.kr'"));
    assert.ok(own.includes("[비디오 서빙] results/saved/… (영구)"));
    assert.ok(!own.some((line) => line.includes("안녕")), "no name is logged");
    assert.ok(!own.some((line) => line.startsWith("[자동 정리]")), "no clean-up where it is turned off");
  });

  it("000 §GET /video/{filename}: with an API key the URL carries a signature that opens it", async () => {
    const locked = await localServer({ run, env: { TALKBOX_API_KEY: "a-key" } });
    const there = await locked.services.store();
    const path = join(scratch, "file");
    await writeFile(path, "x");
    await there.put(path, { key: `saved/${NAME}`, mime: "video/mp4", ttlSeconds: null });
    assert.equal((await fetch(locked.url + URL_OF_NAME)).status, 401);
    const headers = { authorization: "Bearer a-key" };
    const { body } = await locked.call("/api/video/save", { body: { video_url: URL_OF_NAME }, headers });
    assert.match(String(body["saved_url"]), /\?signature=[0-9a-f]{32}$/);
    assert.equal((await fetch(locked.url + String(body["saved_url"]))).status, 200);
  });
});
