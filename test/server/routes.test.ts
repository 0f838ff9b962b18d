import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { localServer } from "./local-server.ts";
import { scripted, scriptedRun } from "./scripted-run.ts";

const { run, running } = scriptedRun();
const server = await localServer({ run, env: { TALKBOX_CONCURRENCY: "1", TALKBOX_QUEUE_SIZE: "3" } });
const call: typeof server.call = (path, init) => server.call(path, init);

test("every route answers under /v2/{any id} and without it, status and stream by GET and POST", async () => {
  for (const base of ["", "/v2/abc"]) {
    const sync = await call(`${base}/runsync`, { body: scripted({ echo: 1 }) });
    assert.deepEqual([sync.status, sync.body["status"]], [200, "COMPLETED"]);
    const { body: accepted } = await call(`${base}/run`, { body: scripted({}) });
    for (const method of ["GET", "POST"]) {
      for (const route of ["status", "status-sync", "stream"]) {
        const answer = await call(`${base}/${route}/${String(accepted["id"])}`, { method });
        assert.equal(answer.status, 200, `${method} ${base}/${route}`);
      }
    }
    assert.equal((await call(`${base}/cancel/${String(accepted["id"])}`, { body: {} })).body["status"], "COMPLETED");
  }
});

test("a body without input is answered with the operation's bare result, at the root of the endpoint too", async () => {
  for (const path of ["/", "/runsync", "/v2/abc", "/v2/abc/runsync"]) {
    const { status, body } = await call(path, { body: { operation: "tts", params: { echo: "x" } } });
    assert.deepEqual([status, body], [200, { success: true, echo: "x" }]);
  }
  const failed = await call("/", { body: { operation: "tts", params: { fail: "Voice model not found" } } });
  assert.deepEqual([failed.status, failed.body], [500, { error: "Voice model not found" }]);
  const asynchronous = await call("/run", { body: { operation: "tts", params: {} } });
  assert.deepEqual([asynchronous.status, asynchronous.body["code"]], [400, "invalid_input"]);
});

test("a caller of the bare form who goes away cancels the job", async () => {
  const leave = new AbortController();
  const gone = call("/", { body: { operation: "tts", params: { ms: 20_000 } }, signal: leave.signal });
  while (running() === 0) await sleep(5);
  leave.abort();
  await assert.rejects(gone);
  for (let waited = 0; running() > 0 && waited < 200; waited += 5) await sleep(5);
  assert.equal(running(), 0);
});

const DEEP = `{"input":${'{"a":'.repeat(5000)}1${"}".repeat(5000)}}`;
const REFUSED: readonly [what: string, body: unknown, status: number, code: string][] = [
  ["nothing", "", 400, "invalid_input"],
  ["broken JSON", "{", 400, "invalid_input"],
  ["an array", [], 400, "invalid_input"],
  ["null", "null", 400, "invalid_input"],
  ["no input", { policy: {} }, 400, "invalid_input"],
  ["an input that is null", { input: null }, 400, "invalid_input"],
  ["an input that is a list", { input: [1] }, 400, "invalid_input"],
  ["deep JSON", DEEP, 400, "invalid_input"],
  ["a prototype key", '{"input":{"operation":"tts","__proto__":{"polluted":1}}}', 400, "invalid_input"],
  ["a constructor key", '{"input":{"constructor":{"prototype":{"polluted":1}}}}', 400, "invalid_input"],
  ["a policy that is a text", { ...scripted({}), policy: "fast" }, 400, "invalid_input"],
  ["a timeout that is a text", { ...scripted({}), policy: { executionTimeout: "1" } }, 400, "invalid_input"],
  ["a timeout that is too short", { ...scripted({}), policy: { executionTimeout: 10 } }, 400, "invalid_input"],
  ["a ttl of a year", { ...scripted({}), policy: { ttl: 365 * 24 * 3_600_000 } }, 400, "invalid_input"],
  ["a priority that is a list", { ...scripted({}), policy: { lowPriority: [] } }, 400, "invalid_input"],
  ["a webhook that is no URL", { ...scripted({}), webhook: "here" }, 400, "invalid_input"],
  ["a webhook to a file", { ...scripted({}), webhook: "file:///etc/passwd" }, 400, "invalid_input"],
  ["21 MB", `{"input":{"operation":"tts","audio":"${"A".repeat(21 << 20)}"}}`, 413, "input_too_large"],
  ["2 MB that are no long strings", `{"input":{"a":[${"1,".repeat(1 << 20)}1]}}`, 413, "input_too_large"],
];
for (const route of ["/run", "/v2/abc/runsync"]) {
  for (const [what, body, status, code] of REFUSED) {
    test(`${route} refuses ${what}`, async () => {
      const answer = await call(route, { method: "POST", body });
      assert.deepEqual([answer.status, answer.body["code"]], [status, code]);
      assert.equal(typeof answer.body["error"], "string");
      assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
    });
  }
}

test("every fault of a policy is listed", async () => {
  const { body } = await call("/run", { body: { ...scripted({}), policy: { ttl: "x", lowPriority: 1 }, webhook: 5 } });
  const violations = body["violations"] as { path: string }[];
  assert.deepEqual(violations.map(({ path }) => path).toSorted(), ["policy.lowPriority", "policy.ttl", "webhook"]);
});

test("11 MB are too much for run and not for runsync", async () => {
  const body = `{"input":{"operation":"tts","params":{},"audio":"${"A".repeat(11 << 20)}"}}`;
  assert.equal((await call("/run", { method: "POST", body })).status, 413);
  assert.equal((await call("/runsync", { method: "POST", body })).body["status"], "COMPLETED");
});

test("what no page of a stranger may do: a body that is not JSON, a name that is not this machine's", async () => {
  for (const type of ["text/plain", "application/x-www-form-urlencoded"]) {
    const answer = await call("/runsync", { body: scripted({}), headers: { "content-type": type } });
    assert.deepEqual([answer.status, answer.body["code"]], [415, "invalid_input"]);
  }
  const { hostname, port } = new URL(server.url);
  const answer = await new Promise<string>((resolve) => {
    const socket = connect(Number(port), hostname, () =>
      socket.end("GET /v2/a/health HTTP/1.1\r\nHost: attacker.example\r\nConnection: close\r\n\r\n"),
    );
    socket.once("data", (chunk) => resolve(String(chunk)));
  });
  assert.match(answer, /^HTTP\/1.1 401/);
});

test("unknown jobs, routes and waits", async () => {
  for (const path of [
    "/status/nope",
    "/v2/a/stream/nope",
    "/v2/a/status/..%2f..%2fjobs",
    `/status/${"a".repeat(150)}`,
  ]) {
    const answer = await call(path);
    assert.deepEqual([answer.status, answer.body["code"]], [404, "not_found"], path);
  }
  assert.equal((await call("/cancel/nope", { body: {} })).status, 404);
  assert.equal((await call("/retry/nope", { body: {} })).status, 404);
  assert.equal((await call("/nowhere")).body["code"], "not_found");
  assert.equal((await call("/runsync?wait=soon", { body: scripted({}) })).status, 400);
});

test("a full queue refuses with 429 and says when to come again", async () => {
  const ids: string[] = [];
  for (let count = 0; count < 4; count++) {
    const { body } = await call("/run", { body: scripted({ ms: 10_000 }) });
    ids.push(String(body["id"]));
    if (count === 0) while (running() === 0) await sleep(5);
  }
  const answer = await call("/run", { body: scripted({}) });
  assert.deepEqual([answer.status, answer.body["code"], answer.body["retryable"]], [429, "queue_full", true]);
  assert.ok(Number(answer.headers.get("retry-after")) >= 1);
  const bare = await call("/", { body: { operation: "tts" } });
  assert.deepEqual([bare.status, bare.headers.has("retry-after")], [429, true]);
  const light = await call("/run", { body: { input: { operation: "list_models" } } });
  assert.equal(light.status, 429, "the bound is that of all jobs");
  for (const id of ids) await call(`/cancel/${id}`, { body: {} });
  assert.equal((await call("/runsync", { body: scripted({}) })).body["status"], "COMPLETED");
});

test("look-ups do not wait behind heavy jobs", async () => {
  const busy = await call("/run", { body: scripted({ ms: 10_000 }) });
  const answer = await call("/runsync", { body: scripted({}, "list_models") });
  assert.equal(answer.body["status"], "COMPLETED");
  await call(`/cancel/${String(busy.body["id"])}`, { body: {} });
});

test("a job that failed is run again under its id; others are not", async () => {
  const { body } = await call("/runsync", { body: scripted({ fail: "once" }) });
  const again = await call(`/v2/a/retry/${String(body["id"])}`, { body: {} });
  assert.deepEqual([again.status, again.body], [200, { id: body["id"], status: "IN_QUEUE" }]);
  assert.equal((await call(`/status-sync/${String(body["id"])}`)).body["status"], "FAILED");
  assert.equal((await call("/v2/a/health")).body["jobs"] instanceof Object, true);
  const done = await call("/runsync", { body: scripted({}) });
  assert.equal((await call(`/retry/${String(done.body["id"])}`, { body: {} })).status, 409);
});

test("server-sent events: from the beginning, from an id, with their end", async () => {
  const { body } = await call("/run", { body: scripted({ ms: 60, chunks: 3 }) });
  const headers = { accept: "text/event-stream" };
  const { body: events } = await call(`/stream/${String(body["id"])}`, { headers });
  const ids = [...(events.text ?? "").matchAll(/^id: (\d+)\nevent: chunk\ndata: (.*)$/gm)].map(([, id]) => Number(id));
  assert.equal(ids.length, 3);
  assert.match(events.text ?? "", /event: end\ndata: \{"status":"COMPLETED"\}\n\n$/);
  const { body: rest } = await call(`/stream/${String(body["id"])}`, {
    headers: { ...headers, "last-event-id": String(ids[1]) },
  });
  assert.deepEqual(
    [...(rest.text ?? "").matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id)),
    ids.slice(2),
  );
  const { body: polled } = await call(`/stream/${String(body["id"])}?after=${ids[0]}`);
  assert.deepEqual(
    (polled["stream"] as { id: number }[]).map(({ id }) => id),
    ids.slice(1),
  );
});

test("ping and metrics", async () => {
  assert.equal((await call("/ping")).status, 200);
  const { body } = await call("/metrics");
  for (const expected of [
    /^talkbox_jobs_total\{operation="tts",state="COMPLETED"\} \d+$/m,
    /^talkbox_jobs_refused_total\{code="queue_full"\} 3$/m,
    /^talkbox_jobs_in_queue 0$/m,
    /^talkbox_job_run_seconds_count\{operation="tts"\} \d+$/m,
    /^talkbox_lane_permits\{lane="upload"\} 4$/m,
    /^talkbox_lane_taken\{lane="encode"\} 0$/m,
    /^talkbox_models_loaded \d+$/m,
    /^talkbox_model_runs_total \d+$/m,
    /^# TYPE talkbox_gpu_memory_used_bytes gauge$/m,
    /^nodejs_eventloop_lag_p99_seconds /m,
  ]) {
    assert.match(body.text ?? "", expected);
  }
  await call("/runsync", { body: scripted({}, "made-up") });
  assert.doesNotMatch((await call("/metrics")).body.text ?? "", /made-up/);
});
