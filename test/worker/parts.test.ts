import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, normalize } from "node:path";
import { test } from "node:test";
import { splitText, takeApart } from "../../src/worker/encode.ts";
import { cut, errorReport } from "../../src/worker/errors.ts";
import { HeartbeatList, readHeartbeatList } from "../../src/worker/heartbeat-list.ts";
import { LIMITS } from "../../src/worker/limits.ts";
import { createLog } from "../../src/worker/log.ts";
import { parseJobs, refuseUnread } from "../../src/worker/parse-jobs.ts";
import { Backoff, throttlePause } from "../../src/worker/pauses.ts";
import { readPlatform, withQuery } from "../../src/worker/platform.ts";
import { VERSION } from "../../src/worker/version.ts";

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

test("the module's version is the package's", () => {
  const text = readFileSync(join(import.meta.dirname, "../../package.json"), "utf8");
  assert.equal(VERSION, (JSON.parse(text) as { version: string }).version);
});

test("the module stands alone: it imports Node's modules and its own", () => {
  const folder = join(import.meta.dirname, "../../src/worker");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  const foreign = files.flatMap((name) =>
    [...readFileSync(join(folder, name), "utf8").matchAll(/(?:\bfrom|\bimport)\s*\(?\s*"([^"]+)"/g)]
      .map(([, what = ""]) => ({ name, what, path: normalize(join(name, "..", what)) }))
      .filter(({ what, path }) => !what.startsWith("node:") && !(what.startsWith(".") && files.includes(path))),
  );
  assert.deepEqual(foreign, []);
  assert.ok(files.length > 20);
});

test("$ID is the worker in the take URL and the job in the others", () => {
  const platform = readPlatform({
    RUNPOD_WEBHOOK_GET_JOB: "https://h/v2/e/job-take/$ID?gpu=A",
    RUNPOD_WEBHOOK_POST_OUTPUT: "https://h/v2/e/job-done/$RUNPOD_POD_ID/$ID?gpu=A",
    RUNPOD_WEBHOOK_POST_STREAM: "https://h/v2/e/job-stream/$RUNPOD_POD_ID/$ID?",
    RUNPOD_WEBHOOK_PING: "https://h/v2/e/ping/$RUNPOD_POD_ID",
    RUNPOD_AI_API_KEY: "k",
    RUNPOD_POD_ID: "pod",
    RUNPOD_PING_INTERVAL: "400",
  });
  assert.equal(platform.takeUrl(1, false), "https://h/v2/e/job-take/pod?gpu=A&job_in_progress=0");
  assert.equal(platform.takeUrl(3, true), "https://h/v2/e/job-take-batch/pod?gpu=A&batch_size=3&job_in_progress=1");
  assert.equal(platform.stopUrl(), "https://h/v2/e/job-stop/pod?gpu=A");
  assert.equal(platform.doneUrl("j", true), "https://h/v2/e/job-done/pod/j?gpu=A&isStream=true");
  assert.equal(platform.streamUrl("j"), "https://h/v2/e/job-stream/pod/j?isStream=false");
  assert.equal(platform.pingUrl, "https://h/v2/e/ping/pod");
  assert.equal(platform.pingMs, 1000, "a period under a second would be a flood");
});

test("a query is appended once, whatever the template ends in", () => {
  for (const [url, expected] of [
    ["http://h/p", "http://h/p?a=1%2C2"],
    ["http://h/p?", "http://h/p?a=1%2C2"],
    ["http://h/p?x=1", "http://h/p?x=1&a=1%2C2"],
    ["http://h/p?x=1&", "http://h/p?x=1&a=1%2C2"],
  ] as const) {
    assert.equal(withQuery(url, [["a", "1,2"]]), expected);
  }
});

test("each bad job is refused on its own", () => {
  const elements: [element: unknown, why: RegExp, id?: string][] = [
    [null, /JSON object/],
    ["text", /JSON object/],
    [[], /JSON object/],
    [{ input: 1 }, /no id/],
    [{ id: 7, input: 1 }, /id must be/],
    [{ id: "", input: 1 }, /id must be/],
    [{ id: "a/b", input: 1 }, /id must be/],
    [{ id: "..", input: 1 }, /id must be/],
    [{ id: "a?b", input: 1 }, /id must be/],
    [{ id: "x\r\ny", input: 1 }, /id must be/],
    [{ id: "x".repeat(300), input: 1 }, /id must be/],
    [{ id: "ok" }, /no input/, "ok"],
    [{ id: "poison", input: JSON.parse('{"a":[{"__proto__":{}}]}') }, /__proto__/, "poison"],
    [{ id: "built", input: { constructor: { prototype: {} } } }, /constructor\.prototype/, "built"],
  ];
  const taken = parseJobs(json([...elements.map(([element]) => element), { id: "good", input: null }]), LIMITS);
  assert.deepEqual(taken?.jobs, [{ id: "good", input: null }]);
  for (const [index, [, why, id]] of elements.entries()) {
    const refused: { id?: string; error: Error } | undefined = taken?.refused[index];
    assert.match(refused?.error.message ?? "", why);
    assert.equal(refused?.id, id);
  }
});

test("JSON that is deep beyond any stack is refused without one", () => {
  const body = Buffer.from(`{"id":"deep","input":${"[".repeat(100_000)}${"]".repeat(100_000)}}`);
  const taken = parseJobs(body, LIMITS);
  assert.match(taken?.refused[0]?.error.message ?? "", /levels deep/);
  assert.equal(taken?.refused[0]?.id, "deep");
  assert.equal(parseJobs(Buffer.from('{"id":"x"'), LIMITS), undefined);
});

test("the id of a job that was too large to read is found near its beginning, and only there", () => {
  const idOf = (text: string): string | undefined => refuseUnread(Buffer.from(text), LIMITS).refused[0]?.id;
  assert.equal(idOf('{"id":"big-u1","input":"xxxx'), "big-u1");
  assert.equal(idOf('{ "delayTime": 5, "webhook": "http://h", "id" : "late", "input": "xxxx'), "late");
  assert.equal(idOf('[{"id":"first","input":"xxxx'), "first");
  assert.equal(idOf('{"input":{"id":"not-me","data":"xxxx'), undefined);
  assert.equal(idOf('{"id":"a/b","input":"xxxx'), undefined);
});

test("text is cut into parts that fit and join to the whole, within no character", () => {
  const texts = [
    "",
    "a",
    "é".repeat(1000),
    "😀".repeat(700),
    "\u0000".repeat(500),
    `${"a".repeat(995)}😀${"ж".repeat(90)}`,
  ];
  for (const text of texts) {
    const pieces = splitText(text, 400);
    assert.equal(pieces.join(""), text);
    for (const piece of pieces) {
      assert.ok(Buffer.byteLength(JSON.stringify(piece)) <= 400);
      assert.ok(piece.isWellFormed());
    }
  }
  assert.ok(splitText("a".repeat(100_000), 10_000).length <= 12, "parts are as large as they may be");
});

test("error and refresh_worker are taken out of a result, which keeps the rest and is not changed", () => {
  const value = { a: 1, error: "no", refresh_worker: true };
  const result = takeApart({ kind: "returned", value });
  assert.deepEqual(result.output, { a: 1 });
  assert.equal(result.refresh, true);
  assert.match(String(result.failure), /no/);
  assert.deepEqual(value, { a: 1, error: "no", refresh_worker: true });
  assert.deepEqual(takeApart({ kind: "returned", value: { error: "" } }), { output: {}, refresh: false });
  assert.deepEqual(takeApart({ kind: "returned", value: [] }), { output: [], refresh: false });
});

test("a failure report has six keys and a bounded size", () => {
  const described = { type: "E", message: "ж".repeat(50_000), traceback: "x".repeat(50_000) };
  const text = errorReport(described, { hostname: "h", workerId: "w", version: "v" }, 1000);
  const parsed = JSON.parse(text) as Record<string, string>;
  assert.deepEqual(Object.keys(parsed), [
    "error_type",
    "error_message",
    "error_traceback",
    "hostname",
    "worker_id",
    "runpod_version",
  ]);
  assert.ok(Buffer.byteLength(parsed["error_message"] ?? "") <= 1000);
  assert.equal(cut("short", 1000), "short");
});

test("the heartbeat's list holds the ids, and whole ones when there is no room for all", () => {
  const list = new HeartbeatList(20);
  assert.equal(readHeartbeatList(list.memory), "");
  assert.equal(list.write(["one", "two"]), true);
  assert.equal(readHeartbeatList(list.memory), "one,two");
  assert.equal(list.write(["aaaaaaaa", "bbbbbbbb", "cccccccc"]), false);
  assert.equal(readHeartbeatList(list.memory), "aaaaaaaa,bbbbbbbb");
  list.write([]);
  assert.equal(readHeartbeatList(list.memory), "");
});

test("pauses double with jitter up to the most, and begin again", () => {
  const backoff = new Backoff(100, 300);
  for (const nominal of [100, 200, 300, 300]) {
    const pause = backoff.next();
    assert.ok(pause >= nominal / 2 && pause <= nominal, `${pause} for ${nominal}`);
  }
  backoff.reset();
  assert.ok(backoff.next() <= 100);
  assert.ok(throttlePause("2", 5000, 60_000) >= 2000 && throttlePause("2", 5000, 60_000) <= 2400);
  assert.ok(throttlePause("soon", 5000, 60_000) >= 5000);
  assert.ok(throttlePause("86400", 5000, 60_000) <= 72_000);
});

test("the log has the platform's two forms, and loses the middle of what is long", () => {
  const lines: string[] = [];
  const write = (line: string): void => void lines.push(line);
  createLog({}, write)("info", "Started.", "job");
  createLog({ RUNPOD_ENDPOINT_ID: "e" }, write)("warn", "Careful.");
  createLog({ RUNPOD_LOG_LEVEL: "ERROR" }, write)("warn", "not shown");
  createLog({ RUNPOD_DEBUG_LEVEL: "nonsense" }, write)("debug", "not shown");
  createLog({}, write)("error", "x".repeat(10_000));
  assert.equal(lines[0], "INFO   | job | Started.");
  assert.deepEqual(JSON.parse(lines[1] ?? ""), { requestId: null, message: "Careful.", level: "WARN" });
  assert.equal(lines.length, 3);
  assert.ok((lines[2] ?? "").length < 4200);
});
