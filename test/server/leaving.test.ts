import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { RunJob } from "../../src/jobs/job-runner.ts";
import { encodeWav } from "../../src/media/wav.ts";
import { liveChildren } from "../../src/media/child-registry.ts";
import { liveTempDirs } from "../../src/media/temp.ts";
import { localServer, type LocalServer } from "./local-server.ts";
import { RawConnection } from "./raw-http.ts";

type Call = {
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
};

const KOREAN = "안녕하세요, 면접에 오신 것을 환영합니다. 먼저 자기소개를 해 주시겠어요? ".repeat(20);
const RUSSIAN = "Привет! Это первый кусок видео, а второй готовится сразу за первым. ".repeat(20);
const EVENTS = { accept: "text/event-stream" };
const video = { quality: "high", avatar: "auto" };
const message = { message: KOREAN, company_name: "삼성전자", job_name: "개발엔지니어링" };

/** Every documented route on which a job is done while its caller waits, or listens. */
const CALLS: readonly Call[] = [
  { path: "/api/v2/lipsync", body: { text: KOREAN, ...video } },
  { path: "/api/v2/lipsync/stream", body: { text: KOREAN, ...video } },
  { path: "/api/v2/tts", body: { text: KOREAN } },
  { path: "/api/v2/chat_and_lipsync", body: { ...message, ...video } },
  { path: "/api/v2/chat_and_lipsync/stream", body: { ...message, ...video } },
  { path: "/generate", body: { text: KOREAN } },
  { path: "/generate/voice-clone", body: { text: KOREAN, reference_voice: "belinda" } },
  { path: "/generate/multi-speaker", body: { text: `[SPEAKER0] ${KOREAN}\n[SPEAKER1] ${KOREAN}` } },
  { path: "/v1/audio/speech", body: { model: "tts-1", input: KOREAN, voice: "alloy" } },
  { path: "/v1/audio/speech", body: { model: "tts-1", input: KOREAN, voice: "alloy", stream_format: "sse" } },
];

/** Those whose document says that there is no limit of time. */
const UNLIMITED: readonly Call[] = [
  { path: "/api/generate", body: { text: RUSSIAN } },
  { path: "/api/generate_stream", body: { text: RUSSIAN } },
  { path: "/api/stream_chunks", body: { text: RUSSIAN } },
  { path: "/api/stream_chunks", body: { text: RUSSIAN }, headers: EVENTS },
];

function post(server: LocalServer, { path, body, headers }: Call, signal: AbortSignal): Promise<Response> {
  return fetch(server.url + path, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
    signal,
  });
}

async function until(settled: () => boolean, what: string): Promise<void> {
  for (let waited = 0; !settled() && waited < 30_000; waited += 10) await sleep(10);
  assert.ok(settled(), what);
}

describe("callers who go away while their job is under way", () => {
  for (const [at, call] of [...CALLS, ...UNLIMITED].entries()) {
    it(`${call.path} (${at}): the job is cancelled, and nothing is left of it`, async () => {
      const server = await localServer();
      const leaving = new AbortController();
      const answer = post(server, call, leaving.signal).then(
        async (response) => response.text(),
        () => "",
      );
      answer.catch(() => undefined);
      await until(() => server.jobs.queue().underWay.length === 1, "a job is under way");
      const [job] = server.jobs.queue().underWay;
      const id = String(job?.id);
      await until(() => server.jobs.logs(id).events.after(0).events.length > 0, "it has told something");
      leaving.abort();
      // Streams of events are waited for a little, in case their reader comes back: a short reply may be done by then.
      const short = call.path === "/api/v2/chat_and_lipsync/stream" ? "COMPLETED" : "CANCELLED";
      await until(() => ["CANCELLED", short].includes(server.jobs.view(id).record.state), "the job is cancelled");
      await until(() => server.jobs.places().unsettled === 0, "its work has stopped");
      assert.deepEqual([liveChildren(), liveTempDirs()], [[], []]);
      await server.close(0);
    });
  }

  it("one who reads a stream of chunks that somebody else started leaves, and the job goes on", async () => {
    const server = await localServer();
    const [stays, leaves] = [new AbortController(), new AbortController()];
    const events = (await post(server, UNLIMITED[3] as Call, stays.signal)).body?.getReader();
    let told = "";
    while (!told.includes("stream_url")) told += Buffer.from((await events?.read())?.value ?? []).toString();
    const [, path = ""] = /"stream_url":"([^"]+)"/.exec(told) ?? [];
    const reader = (await fetch(server.url + path, { signal: leaves.signal })).body?.getReader();
    await reader?.read();
    leaves.abort();
    await sleep(100);
    const [job] = server.jobs.queue().underWay;
    assert.equal(job?.operation, "stream_chunks");
    stays.abort();
    await until(() => server.jobs.places().unsettled === 0, "its work has stopped");
    assert.deepEqual([liveChildren(), liveTempDirs()], [[], []]);
  });

  it("one who listens to a job of the endpoint leaves, and the job is there for others", async () => {
    const server = await localServer();
    const { body } = await server.call("/run", { body: { input: { operation: "tts", params: { text: KOREAN } } } });
    const id = String(body["id"]);
    const leaving = new AbortController();
    const listening = await fetch(`${server.url}/stream/${id}`, { headers: EVENTS, signal: leaving.signal });
    await listening.body?.getReader().read();
    leaving.abort();
    const { body: ended } = await server.call(`/status-sync/${id}?wait=60000`);
    assert.equal(ended["status"], "COMPLETED");
  });
});

describe("jobs that take longer than a request may", () => {
  /** A job that tells that it has begun, and comes to no end by itself. */
  const endless: RunJob = async function* (_job, signal) {
    yield { type: "status", stage: "tts", message: "begun" };
    await sleep(10 * 60_000, undefined, { signal });
    return {};
  };
  const audio = Buffer.from(encodeWav({ sampleRate: 24_000, channels: [new Float32Array(24_000).fill(0.1)] }));
  const patience = { jobMs: 300 };

  it("end with 504, or an error event, and are stopped: on every route but those of the chunk API", async () => {
    const server = await localServer({ run: endless, patience });
    const stays = new AbortController();
    for (const call of [...CALLS, { path: "/api/chat", body: message }, { path: "/api/chat/stream", body: message }]) {
      const response = await post(server, call, stays.signal);
      const text = await response.text();
      if (response.headers.get("content-type")?.startsWith("text/event-stream")) {
        assert.match(text, /"type":"error","message":"[^"]+"/, call.path);
      } else {
        assert.equal(response.status, 504, `${call.path}: ${text}`);
        assert.ok(JSON.parse(text), call.path);
      }
      const [job] = server.jobs.latest(1);
      assert.equal(job?.record.state, "TIMED_OUT", call.path);
    }
    const form = new FormData();
    form.append("file", new Blob([audio]), "mina.wav");
    const upload = await fetch(`${server.url}/upload-voice`, { method: "POST", body: form });
    assert.equal(upload.status, 504, await upload.text());
    await until(() => server.jobs.places().unsettled === 0, "their work has stopped");
  });

  it("a job that only waits is ended as well", async () => {
    const server = await localServer({ run: endless, patience, env: { TALKBOX_CONCURRENCY: "1" } });
    await server.call("/run", { body: { input: { operation: "tts", params: { text: "a" } } } });
    await until(() => server.jobs.queue().underWay.length === 1, "a job holds the place");
    const { status } = await server.call("/api/v2/tts", { body: { text: "가" } });
    assert.equal(status, 504);
    assert.equal(server.jobs.queue().waiting.length, 0);
  });

  it("the chunk API's go on", async () => {
    const server = await localServer({ run: endless, patience, env: { TALKBOX_CONCURRENCY: "8" } });
    const leaving = new AbortController();
    for (const call of UNLIMITED) void post(server, call, leaving.signal).catch(() => undefined);
    await until(() => server.jobs.queue().underWay.length === UNLIMITED.length, "all are under way");
    await sleep(4 * patience.jobMs);
    assert.equal(server.jobs.queue().underWay.length, UNLIMITED.length);
    leaving.abort();
    await until(() => server.jobs.places().unsettled === 0, "they end with their callers");
  });
});

describe("a server that closes", () => {
  it("lets go of those whose stream ends with it, and in the end of those who never end", async () => {
    const server = await localServer();
    // Keeps its connection for more, and one that has asked for nothing yet.
    await (await fetch(`${server.url}/ping`)).text();
    const silent = await RawConnection.open(server.url);
    const listening = await post(server, UNLIMITED[3] as Call, new AbortController().signal);
    const began = Date.now();
    const closed = server.close(0);
    await listening.text();
    await closed;
    await silent.closed();
    // Far less than the 72 s for which connections are kept otherwise.
    assert.ok(Date.now() - began < 45_000, `${Date.now() - began} ms`);
  });
});
