import assert from "node:assert/strict";
import { after, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { io, type Socket } from "socket.io-client";
import { localServer } from "../../server/local-server.ts";

const server = await localServer({ env: { TALKBOX_CONCURRENCY: "1" }, morePorts: [0] });
const sockets = new Set<Socket>();
after(() => {
  for (const socket of sockets) socket.disconnect();
});
const SMALL = { text: "안녕하세요", avatar: "talk_short", resolution: "360p", frame_skip: 3 };
const LONG = { ...SMALL, text: "안녕하세요, 면접에 오신 것을 환영합니다. ".repeat(60) };

/** A client, with everything that it hears. */
function client(url: string, transports: string[]): { socket: Socket; heard: [string, Record<string, unknown>][] } {
  const socket = io(url, { transports, forceNew: true, reconnection: false });
  sockets.add(socket);
  const heard: [string, Record<string, unknown>][] = [];
  socket.onAny((name: string, data: Record<string, unknown>) => heard.push([name, data]));
  return { socket, heard };
}

async function until(settled: () => boolean, what: string): Promise<void> {
  for (let waited = 0; !settled() && waited < 90_000; waited += 20) await sleep(20);
  assert.ok(settled(), what);
}

for (const [transport, url] of [
  ["websocket", server.url],
  ["polling", server.moreUrls[0] ?? ""],
] as const) {
  it(`001 §7 WebSocket 이벤트: generate over ${transport}: progress, then generation_complete with a video that is there`, async () => {
    const { socket, heard } = client(url, [transport]);
    socket.emit("generate", SMALL);
    await until(() => heard.some(([name]) => name === "generation_complete" || name === "error"), "it ends");
    const steps = heard.filter(([name]) => name === "progress").map(([, data]) => data);
    assert.ok(steps.length > 2);
    for (const [at, { progress, message }] of steps.entries()) {
      assert.ok(Number.isInteger(progress) && Number(progress) >= 0 && Number(progress) <= 100);
      assert.ok(at === 0 || Number(progress) >= Number(steps[at - 1]?.["progress"]), "progress never falls");
      assert.equal(typeof message, "string");
    }
    assert.equal(steps.at(-1)?.["progress"], 100);
    assert.ok(steps.some(({ message }) => message === "프레임 처리 중..."));
    const [name, done] = heard.at(-1) ?? [];
    assert.equal(name, "generation_complete");
    assert.match(String(done?.["video_url"]), /^\/video\/.*\.mp4$/);
    assert.equal(typeof done?.["elapsed"], "number");
    assert.equal((await fetch(url + String(done?.["video_url"]))).status, 200);
    socket.disconnect();
  });
}

it("001 §7 WebSocket 이벤트: error for a bad request, in `error`", async () => {
  const { socket, heard } = client(server.url, ["websocket"]);
  for (const [payload, error] of [
    [{ avatar: "talk_short" }, /^텍스트가 필요합니다$/],
    [undefined, /^텍스트가 필요합니다$/],
    ["text", /JSON/],
    [{ ...SMALL, avatar: "../../etc/passwd" }, /passwd/],
    [{ ...SMALL, resolution: "1080p" }, /^resolution: /],
  ] as const) {
    heard.length = 0;
    socket.emit("generate", payload);
    await until(() => heard.length > 0, "an answer");
    assert.deepEqual([heard[0]?.[0], Object.keys(heard[0]?.[1] ?? {})], ["error", ["error"]]);
    assert.match(String(heard[0]?.[1]["error"]), error);
  }
  socket.disconnect();
});

it("001 §7 WebSocket 이벤트: queue_position with an estimate, cancel, and a client that goes away", async () => {
  const first = client(server.url, ["websocket"]);
  first.socket.emit("generate", LONG);
  await until(() => server.jobs.queue().underWay.length === 1, "the first is under way");
  const second = client(server.url, ["websocket"]);
  second.socket.emit("generate", LONG);
  await until(() => second.heard.some(([name]) => name === "queue_position"), "the second is told its place");
  const [, place] = second.heard.find(([name]) => name === "queue_position") ?? [];
  assert.deepEqual([place?.["position"], typeof place?.["estimated_wait"]], [1, "number"], "runs have been measured");

  // By its own name over HTTP, too.
  const { body } = await server.call("/api/cancel", { body: { sid: second.socket.id } });
  assert.deepEqual(body, { status: "cancelled" });
  await until(() => second.heard.some(([name]) => name === "error"), "the second hears of it");
  assert.deepEqual(second.heard.at(-1), ["error", { error: "생성이 취소되었습니다" }]);

  first.socket.emit("cancel");
  await until(() => first.heard.some(([name]) => name === "error"), "the first is cancelled");
  await until(() => server.jobs.queue().underWay.length === 0, "nothing is under way");

  second.socket.emit("generate", LONG);
  await until(() => server.jobs.queue().underWay.length === 1, "another is under way");
  second.socket.disconnect();
  await until(() => server.jobs.queue().underWay.length === 0, "who goes away cancels");
  await until(() => server.jobs.places().unsettled === 0, "and nothing goes on");
});

it("001 §7 WebSocket 이벤트: with an API key a client without it is not let in", async () => {
  const locked = await localServer({ env: { TALKBOX_API_KEY: "a-key" } });
  const refused = io(locked.url, { forceNew: true, reconnection: false });
  sockets.add(refused);
  const error = await new Promise<Error>((resolve) => refused.once("connect_error", resolve));
  assert.match(error.message, /key is missing/);
  const admitted = io(locked.url, { forceNew: true, reconnection: false, auth: { token: "a-key" } });
  sockets.add(admitted);
  await new Promise<void>((resolve, reject) => admitted.once("connect", resolve).once("connect_error", reject));
});
