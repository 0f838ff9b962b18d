import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { call, scratchFolder } from "../server/local-server.ts";

const launcher = join(import.meta.dirname, "../../src/cli/talkbox.mjs");
const children = new Set<ChildProcess>();
after(() => {
  for (const child of children) child.kill("SIGKILL");
});

type Serving = {
  child: ChildProcess;
  out: () => string;
  err: () => string;
  url: () => string;
  ended: Promise<number | null>;
};

/** Starts `talkbox serve`; resolves when it listens or has ended. */
async function serve(args: readonly string[], env: Record<string, string>, { group = false } = {}): Promise<Serving> {
  const child = spawn(process.execPath, [launcher, "serve", ...args], {
    env: { ...process.env, TALKBOX_LOG_FORMAT: "json", ...env },
    detached: group,
  });
  children.add(child);
  let stdout = "";
  let stderr = "";
  const listens = new Promise<void>((resolve) => {
    child.stdout.on("data", (chunk) => {
      stdout += String(chunk);
      if (stdout.includes("metrics")) resolve();
    });
  });
  child.stderr.on("data", (chunk) => (stderr += String(chunk)));
  const ended = once(child, "close").then(([code]) => code as number | null);
  await Promise.race([listens, ended]);
  const url = (): string => /http:\/\/[\d.]+:\d+/.exec(stdout)?.[0] ?? assert.fail(stdout + stderr);
  return { child, out: () => stdout, err: () => stderr, url, ended };
}

/** A port that was free a moment ago. */
async function freePort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return String(port);
}

const SPEECH = { input: { operation: "tts", params: { text: "안녕하세요. ".repeat(12) } } };

test("told to stop, it finishes what is under way, answers those who wait, and keeps what waits for the next start", async () => {
  const TALKBOX_DATA = await scratchFolder();
  const first = await serve(["--port", "0"], { TALKBOX_DATA, TALKBOX_CONCURRENCY: "1" });
  assert.match(first.out(), /runpodSdk\(key, \{ baseUrl: "http:\/\/127\.0\.0\.1:\d+\/v2" \}\)/);
  const underWay = call(`${first.url()}/v2/a/runsync`, { body: SPEECH });
  for (let busy = 0; busy === 0; ) {
    const { body } = await call(`${first.url()}/v2/a/health`);
    busy = Number((body["jobs"] as Record<string, number>)["inProgress"]);
    await sleep(10);
  }
  const { body: waiting } = await call(`${first.url()}/run`, { body: SPEECH });
  first.child.kill("SIGTERM");
  while (!first.err().includes("stopping")) await sleep(5);
  const refused = await call(`${first.url()}/run`, { body: SPEECH });
  assert.deepEqual(
    [refused.status, refused.body["code"], refused.headers.has("retry-after")],
    [503, "shutting_down", true],
  );
  assert.equal((await call(`${first.url()}/ping`)).status, 503);
  assert.equal((await underWay).body["status"], "COMPLETED");
  assert.equal(await first.ended, 0);

  const second = await serve(["--port", "0"], { TALKBOX_DATA });
  assert.match(second.out(), /jobs taken up +1 from an earlier run/);
  const { body } = await call(`${second.url()}/status-sync/${String(waiting["id"])}`);
  assert.equal(body["status"], "COMPLETED");

  const third = await serve(["--port", "0"], { TALKBOX_DATA });
  assert.equal(await third.ended, 1);
  assert.match(third.err(), /Another Talkbox serves jobs from the same TALKBOX_DATA/);
  const fourth = await serve(["--port", new URL(second.url()).port], { TALKBOX_DATA: await scratchFolder() });
  assert.equal(await fourth.ended, 1);
  assert.match(fourth.err(), /is in use already.* --port/);
  second.child.kill("SIGKILL");
});

test("a Ctrl-C in a terminal, which signals all that it has started, too, lets what is under way finish", {
  skip: process.platform === "linux" ? false : "the processes under it are read from /proc",
}, async () => {
  const TALKBOX_DATA = await scratchFolder();
  const first = await serve(["--port", "0"], { TALKBOX_DATA }, { group: true });
  const text = "안녕하세요. ".repeat(15);
  const params = { text, quality: "low", frame_skip: 3 };
  const { body } = await call(`${first.url()}/run`, { body: { input: { operation: "lipsync", params } } });
  const pid = first.child.pid as number;
  while (!startedBy(pid).some((name) => name.startsWith("ffmpeg"))) await sleep(5);
  process.kill(-pid, "SIGINT");
  assert.equal(await first.ended, 0, first.err());
  const second = await serve(["--port", "0"], { TALKBOX_DATA });
  assert.doesNotMatch(second.out(), /taken up/);
  const { body: status } = await call(`${second.url()}/status/${String(body["id"])}`);
  assert.equal(status["status"], "COMPLETED", JSON.stringify(status));
  second.child.kill("SIGKILL");
});

/** Names of the processes that a process has started. */
function startedBy(pid: number): string[] {
  const found: string[] = [];
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    for (const child of read(`/proc/${pid}/task/${task}/children`).split(" ").filter(Boolean)) {
      found.push(read(`/proc/${child}/comm`).trim());
    }
  }
  return found;
}

/** Empty for a process that has ended in the meantime. */
function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

test("where PORT is set it listens on all addresses, and on PORT_HEALTH too", async () => {
  const [PORT, PORT_HEALTH] = [await freePort(), await freePort()];
  const env = {
    TALKBOX_DATA: await scratchFolder(),
    PORT,
    PORT_HEALTH,
    TALKBOX_PUBLIC_URL: "https://abc.api.runpod.ai/",
  };
  const serving = await serve([], env);
  let status = 0;
  const seen = new Set<number>();
  for (let waited = 0; status !== 200 && waited < 20_000; waited += 20) {
    ({ status } = await call(`http://127.0.0.1:${PORT_HEALTH}/ping`));
    seen.add(status);
    await sleep(20);
  }
  assert.deepEqual([...seen], [204, 200]);
  const { body } = await call(`http://127.0.0.1:${PORT}/runsync`, {
    body: { input: { operation: "tts", params: { text: "안녕" }, output: { delivery: "url" } } },
  });
  const { audio_url: url } = body["output"] as { audio_url: string };
  assert.match(url, /^https:\/\/abc\.api\.runpod\.ai\/files\/audio\//);
  const { pathname } = new URL(url);
  assert.equal((await fetch(`http://127.0.0.1:${PORT_HEALTH}${pathname}`)).status, 200);
  assert.match(serving.err(), /other workers of the endpoint cannot hand them out/);
  serving.child.kill("SIGTERM");
  assert.equal(await serving.ended, 0);
});

test("a port or host that is none is said to be that", async () => {
  const TALKBOX_DATA = await scratchFolder();
  for (const args of [
    ["--port", "x"],
    ["--port", "99999"],
    ["--host", "203.0.113.1", "--port", "0"],
  ]) {
    const { ended, err } = await serve(args, { TALKBOX_DATA });
    assert.equal(await ended, 1);
    assert.match(err(), /port/i);
  }
});

test("--device says where networks run, and what is no device is refused before anything starts", async () => {
  const wrong = await serve(["--port", "0", "--device", "rocm"], { TALKBOX_DATA: await scratchFolder() });
  assert.equal(await wrong.ended, 1);
  assert.match(wrong.err(), /"rocm" is no device\. Give cuda/);
  const env = { TALKBOX_DATA: await scratchFolder(), TALKBOX_PROVIDERS: "webgpu" };
  const served = await serve(["--port", "0", "--device", "tensorrt:1"], env);
  const body = { input: { operation: "list_engines", params: {} } };
  const { body: answer } = await call(`${served.url()}/v2/a/runsync`, { body });
  const { providers } = answer["output"] as { providers: { name: string }[] };
  assert.deepEqual(
    providers.map(({ name }) => name),
    ["tensorrt", "cpu"],
  );
  served.child.kill("SIGTERM");
  assert.equal(await served.ended, 0, served.err());
});
