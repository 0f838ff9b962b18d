import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { OpenAiHost, saying } from "../../chat/openai-host.ts";
import { localServer } from "../../server/local-server.ts";

type Event = Record<string, unknown>;

/** The second sentence comes only after the test has seen that the avatar is at work on the first. */
const REPLY = "네, 반갑습니다. 자기소개를 부탁드립니다.";
const FAST = { avatar: "talk_short", resolution: "360p", frame_skip: 3 } as const;
const ASKED = { message: "자기소개를 해주세요", history: [], org_type: "일반기업", company_name: "삼성전자", ...FAST };

const llm = new OpenAiHost(saying(REPLY));
const server = await localServer({
  env: { TALKBOX_LLM_TIMEOUT: "300", LLM_API_URL: await llm.listen(), LLM_MODEL: "test-model" },
});

async function eventsOf(body: object): Promise<Event[]> {
  const response = await fetch(`${server.url}/api/v2/chat_and_lipsync/stream`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  assert.equal(response.status, 200, await (response.ok ? "" : response.text()));
  const text = await response.text();
  return text
    .split("\n")
    .filter((line) => line.startsWith("data: "))
    .map((line) => JSON.parse(line.slice(6)) as Event);
}

/** Seconds of sound and of pictures in a video that is served. */
async function lengthsOf(url: string): Promise<{ audio: number; video: number }> {
  const response = await fetch(server.url + url);
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "video/mp4");
  const folder = await mkdtemp(join(tmpdir(), "talkbox-chat-"));
  try {
    const path = join(folder, "video.mp4");
    await writeFile(path, Buffer.from(await response.arrayBuffer()));
    const { ffprobe } = await server.services.binaries();
    const probe = ["-v", "error", "-show_entries", "stream=codec_type,duration", "-of", "json", path];
    const { stdout } = await promisify(execFile)(ffprobe.path, probe);
    const { streams } = JSON.parse(stdout) as { streams: { codec_type: string; duration: string }[] };
    const of = (type: string): number => Number(streams.find((stream) => stream.codec_type === type)?.duration ?? 0);
    return { audio: of("audio"), video: of("video") };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

describe("001 chat and lipsync", () => {
  it("001 §5 POST /api/v2/chat_and_lipsync/stream: llm, tokens, llm_done, tts, tts_done, lipsync, done, each with its fields", async () => {
    const events = await eventsOf(ASKED);
    const steps = events.map(({ type, stage }) => (type === "status" ? String(stage) : String(type)));
    const order = steps.filter((step, place) => step !== "queue" && (step !== "token" || steps[place - 1] !== "token"));
    assert.deepEqual(order, ["llm", "token", "llm_done", "tts", "tts_done", "lipsync", "done"]);
    const of = (step: string): Event => events[steps.indexOf(step)] ?? {};
    assert.equal(of("llm")["message"], "LLM 응답 생성 중...");
    assert.equal(of("tts")["message"], "TTS 음성 생성 중...");
    assert.match(String(of("tts_done")["message"]), /^TTS 완료/);
    assert.equal(of("lipsync")["message"], "립싱크 비디오 생성 중...");
    assert.equal(
      events
        .filter(({ type }) => type === "token")
        .map(({ content }) => content)
        .join(""),
      REPLY,
    );
    const { response, llm_source: source, elapsed } = of("llm_done");
    assert.deepEqual([response, source, typeof elapsed], [REPLY, "LLM API (test-model)", "number"]);
    const spoken = of("tts_done");
    assert.match(String(spoken["audio_url"]), /^\/assets\/audio\/.+\.wav$/);
    assert.ok(Number(spoken["duration"]) > 1 && typeof spoken["elapsed"] === "number");

    const done = of("done");
    assert.deepEqual([done["response"], done["llm_source"]], [REPLY, "LLM API (test-model)"]);
    assert.equal(done["audio_url"], spoken["audio_url"]);
    const stages = done["elapsed"] as Record<string, number>;
    assert.deepEqual(Object.keys(stages), ["llm", "tts", "lipsync", "total"]);
    const { llm: written = 0, tts = 0, lipsync = 0, total = 0 } = stages;
    assert.ok(Math.abs(written + tts + lipsync - total) < 0.05, JSON.stringify(stages));
    const { audio, video } = await lengthsOf(String(done["video_url"]));
    const duration = Number(done["audio_duration"]);
    assert.ok(Math.abs(audio - duration) < 0.2 && Math.abs(video - duration) < 0.2, `${audio} ${video} ${duration}`);
    assert.equal((await fetch(server.url + String(done["audio_url"]))).status, 200);
  });

  it("001 §5 POST /api/v2/chat_and_lipsync: the answer has success, response, video_path, video_url and elapsed", async () => {
    const { status, body } = await server.call("/api/v2/chat_and_lipsync", { body: ASKED });
    assert.equal(status, 200, JSON.stringify(body));
    assert.deepEqual([body["success"], body["response"]], [true, REPLY]);
    assert.match(String(body["video_path"]), /^results\/realtime\/.+\.mp4$/);
    assert.match(String(body["video_url"]), /^\/video\/.+\.mp4$/);
    assert.equal(typeof body["elapsed"], "number");
    assert.deepEqual([body["avatar"], body["resolution"], body["frame_skip"]], ["talk_short", "360p", 3]);
    assert.equal(body["llm_source"], "LLM API (test-model)");
  });

  it("001 §5 chat_and_lipsync: bad fields are refused before anything is begun, in the document's form", async () => {
    const before = llm.requests.length;
    const cases: readonly [body: object, status: number, error: RegExp][] = [
      [{ ...ASKED, message: "" }, 400, /^메시지가 필요합니다$/],
      [{ ...ASKED, avatar: "nobody" }, 404, /nobody/],
      [{ ...ASKED, resolution: "999p" }, 400, /resolution/],
      [{ ...ASKED, frame_skip: 9 }, 400, /frame_skip/],
      [{ ...ASKED, tts_engine: "no-such-engine" }, 400, /tts_engine/],
      [{ ...ASKED, org_type: "학교" }, 400, /org_type/],
    ];
    for (const path of ["/api/v2/chat_and_lipsync", "/api/v2/chat_and_lipsync/stream"]) {
      for (const [body, status, error] of cases) {
        const answer = await server.call(path, { body });
        assert.equal(answer.status, status, JSON.stringify(answer.body));
        assert.equal(answer.body["success"], false);
        assert.match(String(answer.body["error"]), error);
      }
    }
    assert.equal(llm.requests.length, before, "nobody was asked for a reply");
  });

  it("001 §5 chat_and_lipsync/stream: a reply that breaks off after its first words ends in an error event", async () => {
    llm.replies = [{ steps: [{ say: "네, 반갑습니다. 자기" }, "cut"] }];
    const events = await eventsOf(ASKED);
    llm.replies = [saying(REPLY)];
    assert.equal(events.at(-1)?.["type"], "error");
    assert.match(String(events.at(-1)?.["message"]), /broke off/);
    assert.ok(!events.some(({ type }) => type === "done" || type === "llm_done"));
  });
});
