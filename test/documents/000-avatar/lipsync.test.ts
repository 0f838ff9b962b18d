import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { liveChildren } from "../../../src/media/child-registry.ts";
import { liveTempDirs } from "../../../src/media/temp.ts";
import { localServer, scratchFolder } from "../../server/local-server.ts";
import { rawStream } from "../avatar-client.ts";

const server = await localServer({ env: { TALKBOX_CONCURRENCY: "1" } });
const STREAM = `${server.url}/api/v2/lipsync/stream`;
const SMALL = { text: "안녕하세요", quality: "low" };

const until = async (settled: () => boolean, what: string): Promise<void> => {
  for (let waited = 0; !settled() && waited < 60_000; waited += 20) await sleep(20);
  assert.ok(settled(), what);
};

/** Seconds and size of a video, as ffprobe reads it. */
function look(bytes: Uint8Array): { seconds: number; width: number; codecs: string[] } {
  const { stdout } = spawnSync("ffprobe", ["-v", "error", "-show_streams", "-show_format", "-of", "json", "-"], {
    input: bytes,
  });
  const { streams, format } = JSON.parse(String(stdout)) as {
    streams: { codec_type: string; codec_name: string; width?: number }[];
    format: { duration?: string };
  };
  return {
    seconds: Number(format.duration),
    width: streams.find(({ codec_type }) => codec_type === "video")?.width ?? 0,
    codecs: streams.map(({ codec_name }) => codec_name).toSorted(),
  };
}

describe("POST /api/v2/lipsync/stream", () => {
  it("000 §2 POST /api/v2/lipsync/stream: the stages in their order, each event whole in one read", async () => {
    const { head, events } = await rawStream(STREAM, SMALL);
    assert.match(head, /^HTTP\/1\.1 200 /);
    assert.match(head, /content-type: text\/event-stream/i);
    const [tts, ttsDone, lipsync, done, ...more] = events;
    assert.deepEqual(more, []);
    assert.deepEqual(tts, { type: "status", stage: "tts", message: "TTS 음성 생성 중..." });
    assert.deepEqual([ttsDone?.["type"], ttsDone?.["stage"], ttsDone?.["message"]], ["status", "tts_done", "TTS 완료"]);
    assert.match(String(ttsDone?.["audio_url"]), /^\/assets\/audio\/%EC%95%88.*_[0-9a-f]{8}\.wav$/);
    assert.deepEqual(lipsync, { type: "status", stage: "lipsync", message: "립싱크 비디오 생성 중..." });
    assert.equal(done?.type, "done");
    assert.equal(
      decodeURIComponent(String(done?.["video_url"])).replace(/[0-9a-f]{8}/, "8"),
      "/video/안녕하세요_8.mp4",
    );
    assert.deepEqual([done?.["persistent"], done?.["audio_duration"]], [false, ttsDone?.["duration"]]);
    const elapsed = done?.["elapsed"] as { tts: number; lipsync: number; total: number };
    assert.deepEqual(Object.keys(elapsed).toSorted(), ["lipsync", "total", "tts"]);
    assert.ok(Math.abs(elapsed.tts + elapsed.lipsync - elapsed.total) < 0.02 && elapsed.tts > 0 && elapsed.lipsync > 0);
    assert.equal(done?.["tts_engine"], "espeak", "the engine that spoke is named");

    const sound = await fetch(server.url + String(ttsDone?.["audio_url"]));
    assert.deepEqual([sound.status, sound.headers.get("content-type")], [200, "audio/wav"]);
    await sound.arrayBuffer();
    const video = await fetch(server.url + String(done?.["video_url"]));
    assert.equal(video.headers.get("content-type"), "video/mp4");
    const { seconds, width, codecs } = look(new Uint8Array(await video.arrayBuffer()));
    assert.ok(Math.abs(seconds - Number(done?.["audio_duration"])) < 0.15, `${seconds} s`);
    assert.deepEqual([width, codecs], [640, ["aac", "h264"]]);
  });

  it("000 §2 POST /api/v2/lipsync/stream: an error before the first event is the status with the error body", async () => {
    const { head, reads } = await rawStream(STREAM, { text: "", quality: "low" });
    assert.match(head, /^HTTP\/1\.1 400 /);
    assert.match(reads.join(""), /\{"success":false,"error":"텍스트가 필요합니다"\}/);
    const unknown = await server.call("/api/v2/lipsync/stream", { body: { text: "가", avatar: "nobody" } });
    assert.deepEqual([unknown.status, unknown.body["success"]], [404, false]);
  });

  it("000 §2 POST /api/v2/lipsync/stream: a client that goes away mid-stream ends the job and leaves nothing", async () => {
    const text = "안녕하세요, 면접에 오신 것을 환영합니다. 먼저 자기소개를 해 주시겠어요? ".repeat(20);
    await rawStream(STREAM, { text, quality: "high" }, { enough: ({ stage }) => stage === "tts" });
    await until(() => server.jobs.queue().underWay.length === 0, "the job is cancelled");
    await until(
      () => liveChildren().length === 0 && liveTempDirs().length === 0,
      "children and temporary files are gone",
    );
    assert.equal(server.jobs.places().unsettled, 0);
  });

  it("000 §2 POST /api/v2/lipsync/stream: an error event ends the stream of a job that is cancelled", async () => {
    const text = "안녕하세요, 면접에 오신 것을 환영합니다. 먼저 자기소개를 해 주시겠어요? ".repeat(20);
    let cancelled: Promise<unknown> | undefined;
    const { events } = await rawStream(
      STREAM,
      { text, quality: "high", sid: "mine" },
      {
        enough: ({ stage }) => {
          if (stage === "tts") cancelled ??= server.call("/api/cancel", { body: { sid: "mine" } });
          return false;
        },
      },
    );
    await cancelled;
    assert.deepEqual(events.at(-1), { type: "error", message: "생성이 취소되었습니다" });
  });

  it("000 §2 POST /api/v2/lipsync/stream: tts_done comes while the video is still being made", async () => {
    const text = "안녕하세요, 면접에 오신 것을 환영합니다. 먼저 간단히 자기소개를 해 주시겠어요? ".repeat(2);
    const { events, reads } = await rawStream(STREAM, { text, quality: "low" });
    assert.equal(events.at(-1)?.type, "done", reads.at(-1));
    const id = String(events.at(-1)?.["request_id"]);
    // What the job told, in its order: how far the picture was when the speech was there as a whole.
    const told = server.jobs
      .logs(id)
      .events.after(0)
      .events.map(({ event }) => event as Record<string, unknown>);
    const at = told.findIndex(({ stage, type }) => type === "status" && stage === "tts_done");
    const before = told.slice(0, at).findLast(({ type, stage }) => type === "progress" && stage === "lipsync");
    assert.ok(at > 0 && Number(before?.["stage_progress"] ?? 0) < 0.7, JSON.stringify(before));
  });

  it("000 §2 POST /api/v2/lipsync/stream: who comes back with Last-Event-ID gets the rest", async () => {
    const { reads } = await rawStream(STREAM, SMALL);
    const [, id = ""] = /id: (\S+)\ndata: [^\n]*"stage":"tts",/.exec(reads.join("")) ?? [];
    assert.match(id, /^[0-9a-f-]{36}\/\d+$/);
    const rest = await rawStream(STREAM, SMALL, { headers: { "Last-Event-ID": id } });
    assert.deepEqual(
      rest.events.map(({ type, stage }) => stage ?? type),
      ["tts_done", "lipsync", "done"],
      rest.reads.join(""),
    );
    const forgotten = { "Last-Event-ID": `${"0".repeat(36)}/1` };
    assert.match((await rawStream(STREAM, SMALL, { headers: forgotten })).head, /^HTTP\/1\.1 404 /);
  });

  it("000 §2 POST /api/v2/lipsync/stream: a job that must wait tells its place at once", async () => {
    const first = rawStream(STREAM, { ...SMALL, text: "안녕하세요, 반갑습니다. 잘 부탁드립니다." });
    await until(() => server.jobs.queue().underWay.length === 1, "one is under way");
    const { events } = await rawStream(STREAM, SMALL, { enough: ({ stage }) => stage === "tts" });
    const [queued] = events;
    assert.deepEqual(
      [queued?.["stage"], queued?.["position"], queued?.["message"]],
      ["queue", 1, "대기 중... (1번째)"],
    );
    assert.ok(queued?.["estimated_wait"] === null || Number(queued?.["estimated_wait"]) >= 0);
    const last = (await first).events.at(-1);
    assert.equal(last?.type, "done", String(last?.["message"]));
  });
});

describe("POST /api/v2/lipsync", () => {
  it("000 §2 POST /api/v2/lipsync: success, video_path, video_url, elapsed and persistent", async () => {
    const { status, body } = await server.call("/api/v2/lipsync", {
      body: { ...SMALL, output_format: "webm", unknown_field: 1, avatar: "" },
    });
    assert.equal(status, 200);
    assert.deepEqual([body["success"], body["persistent"], typeof body["elapsed"]], [true, false, "number"]);
    const [, name] = /^results\/realtime\/(안녕하세요_[0-9a-f]{8}\.webm)$/.exec(String(body["video_path"])) ?? [];
    assert.equal(body["video_url"], `/video/${encodeURIComponent(name ?? "")}`);
    assert.deepEqual([body["resolution"], body["frame_skip"], body["avatar"]], ["360p", 3, "new_talk_short"]);
    const video = await fetch(server.url + String(body["video_url"]));
    assert.equal(video.headers.get("content-type"), "video/webm");
    assert.deepEqual(look(new Uint8Array(await video.arrayBuffer())).codecs, ["opus", "vp9"].toSorted());
  });

  it("000 §2 POST /api/v2/lipsync: persist keeps the file for good, an explicit value wins over quality, a suffix over both", async () => {
    const { body } = await server.call("/api/v2/lipsync", {
      body: {
        text: "a/b:c",
        quality: "high",
        resolution: "480p",
        frame_skip: 3,
        avatar: "talk_short_360p",
        persist: true,
      },
    });
    assert.deepEqual(
      [body["persistent"], body["resolution"], body["frame_skip"], body["avatar"]],
      [true, "360p", 3, "talk_short"],
    );
    assert.match(String(body["video_path"]), /^results\/saved\/abc_[0-9a-f]{8}\.mp4$/);
    const key = String(body["video_path"]).replace("results/", "");
    assert.equal((await (await server.services.store()).stat(key)).expiresAt, null);
  });

  const REFUSED: readonly [what: string, body: unknown, status: number, error: RegExp][] = [
    ["text is missing", {}, 400, /^텍스트가 필요합니다$/],
    ["text is blank", { text: "  " }, 400, /^텍스트가 필요합니다$/],
    ["text is a number", { text: 5 }, 400, /^text: /],
    ["text is too long", { text: "가".repeat(20_001) }, 413, /20000/],
    ["the body is an array", [], 400, /JSON/],
    ["quality is unknown", { text: "가", quality: "best" }, 400, /^quality: /],
    ["resolution is unknown", { text: "가", resolution: "1080p" }, 400, /^resolution: /],
    ["frame_skip is 4", { text: "가", frame_skip: 4 }, 400, /^frame_skip: /],
    ["output_format is unknown", { text: "가", output_format: "avi" }, 400, /^output_format: /],
    ["persist is a text", { text: "가", persist: "yes" }, 400, /^persist: /],
    ["the avatar is unknown", { text: "가", avatar: "nobody" }, 404, /nobody/],
    ["avatar_path leads out", { text: "가", avatar_path: "../../../etc/passwd" }, 404, /passwd/],
    ["tts_engine is unknown", { text: "가", tts_engine: "siri" }, 400, /siri/],
    ["elevenlabs is not set up", { text: "가", tts_engine: "elevenlabs" }, 503, /ELEVENLABS_API_KEY/],
    ["cosyvoice is not set up", { text: "가", tts_engine: "cosyvoice" }, 503, /COSYVOICE_API_URL/],
    ["the voice is unknown", { text: "가", tts_voice: "../nobody" }, 400, /nobody/],
  ];
  for (const [what, body, status, error] of REFUSED) {
    it(`000 §에러 응답: ${what}: ${status}`, async () => {
      const answer = await server.call("/api/v2/lipsync", { body });
      assert.deepEqual([answer.status, answer.body["success"]], [status, false]);
      assert.match(String(answer.body["error"]), error);
      assert.doesNotMatch(String(answer.body["error"]), /\/work|\/tmp|node_modules/);
    });
  }
});

it("000 §에러 응답: without a lip-sync engine every video is 503", async () => {
  const models = await scratchFolder();
  await mkdir(join(models, "avatars"));
  const bare = await localServer({ env: { TALKBOX_MODELS: models } });
  for (const route of ["/api/v2/lipsync", "/api/v2/lipsync/stream"]) {
    const answer = await bare.call(route, { body: SMALL });
    assert.deepEqual(
      [answer.status, answer.body],
      [503, { success: false, error: "립싱크 엔진이 로드되지 않았습니다" }],
    );
  }
  assert.equal((await bare.call("/api/v2/status")).body["models_loaded"], false);
});
