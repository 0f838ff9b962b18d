import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { appendFile, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { LedgerEntry } from "../../src/cli/batch/ledger.ts";
import { call, localServer, scratchFolder } from "../server/local-server.ts";
import { scripted, scriptedRun } from "../server/scripted-run.ts";

const launcher = join(import.meta.dirname, "../../src/cli/talkbox.mjs");
const children = new Set<ChildProcess>();
after(() => {
  for (const child of children) child.kill("SIGKILL");
});

type Batch = {
  child: ChildProcess;
  ended: Promise<{ code: number | null; stdout: string; stderr: string }>;
  /** Waits until the standard error has a text. */
  says: (text: RegExp) => Promise<void>;
};

/** Starts `talkbox` in a folder. */
function start(folder: string, args: readonly string[], env: Record<string, string> = {}): Batch {
  const child = spawn(process.execPath, [launcher, ...args], {
    cwd: folder,
    env: { ...process.env, TALKBOX_DATA: join(folder, "data"), TALKBOX_LOG_LEVEL: "warn", ...env },
  });
  children.add(child);
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk) => (stdout += String(chunk)));
  child.stderr.on("data", (chunk) => (stderr += String(chunk)));
  const ended = once(child, "close").then(([code]) => ({ code: code as number | null, stdout, stderr }));
  const says = async (text: RegExp): Promise<void> => {
    for (let waited = 0; !text.test(stderr); waited += 20) {
      assert.ok(waited < 30_000, `it never said ${String(text)}: ${stderr}`);
      await sleep(20);
    }
  };
  return { child, ended, says };
}

async function serve(folder: string): Promise<{ child: ChildProcess; url: string }> {
  const { child } = start(folder, ["serve", "--port", "0"], { TALKBOX_CONCURRENCY: "2" });
  const [line] = (await once(child.stdout as NonNullable<ChildProcess["stdout"]>, "data")) as [Buffer];
  return { child, url: /http:\S+/.exec(String(line))?.[0] ?? assert.fail(String(line)) };
}

async function jobsFile(folder: string, jobs: readonly unknown[], name = "jobs.jsonl"): Promise<void> {
  await writeFile(
    join(folder, name),
    jobs.map((job) => `${typeof job === "string" ? job : JSON.stringify(job)}\n`).join(""),
  );
}

async function ledger(folder: string, out = "jobs.out"): Promise<LedgerEntry[]> {
  const text = await readFile(join(folder, out, "ledger.jsonl"), "utf8").catch(() => "");
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as LedgerEntry);
}

/** The last entry of each line. */
function lastOf(entries: readonly LedgerEntry[]): Map<number, LedgerEntry> {
  return new Map(entries.map((entry) => [entry.line, entry]));
}

test("a batch on talkbox serve: outputs by URL and by base64 are saved, the summary has time and cost", async () => {
  const folder = await scratchFolder();
  const server = await serve(folder);
  await jobsFile(folder, [
    "# one by URL, one inline, one that needs no envelope",
    { input: { operation: "tts", params: { text: "안녕하세요" } } },
    { input: { operation: "tts", params: { text: "반갑습니다" }, output: { delivery: "inline" } } },
    "",
    { operation: "list_voices" },
  ]);
  const args = ["batch", "jobs.jsonl", "--endpoint", "any", "--base-url", server.url];
  const { code, stdout, stderr } = await start(folder, args, { TALKBOX_GPU_PRICE: "3600" }).ended;
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, /3 completed, 0 failed, 0 unknown/);
  const [, seconds = "", cost = ""] =
    /Time {4}([\d.]+) s of work[^]*Cost {4}([\d.]+) at 3600 an hour/.exec(stdout) ?? [];
  assert.ok(Number(seconds) > 0 && Math.abs(Number(cost) - Number(seconds)) < 0.06, `${seconds} s cost ${cost}`);
  const folders = (await readdir(join(folder, "jobs.out"))).filter((name) => /^\d{5}-/.test(name)).toSorted();
  assert.deepEqual(
    folders.map((name) => name.slice(0, 5)),
    ["00002", "00003", "00005"],
  );
  for (const name of folders.slice(0, 2)) {
    const result = JSON.parse(await readFile(join(folder, "jobs.out", name, "result.json"), "utf8")) as {
      artifacts: { url?: string; base64?: string; sha256: string }[];
    };
    const [artifact] = result.artifacts;
    const file = await readFile(join(folder, "jobs.out", name, artifact?.url ?? artifact?.base64 ?? ""));
    assert.equal(createHash("sha256").update(file).digest("hex"), artifact?.sha256);
    assert.equal(
      (await readdir(join(folder, "jobs.out", name))).length,
      4,
      "the sound, its captions in two forms, and the result",
    );
  }
  const again = await start(folder, args).ended;
  assert.equal(again.code, 0);
  assert.match(again.stdout, /0 completed, .* 3 finished before/);
  server.child.kill("SIGKILL");
});

test("killed in the middle again and again, it goes on where it was and repeats no finished line", async () => {
  const folder = await scratchFolder();
  const server = await serve(folder);
  const LINES = 12;
  const jobs = Array.from({ length: LINES }, (_, index) => ({
    input: { operation: "tts", params: { text: `${index + 1}번 문장입니다. ${"긴 글을 읽습니다. ".repeat(8)}` } },
  }));
  await jobsFile(folder, jobs);
  const args = ["batch", "jobs.jsonl", "--endpoint", "any", "--base-url", server.url, "--concurrency", "2"];
  for (const ms of [1500, 1900, 1200]) {
    const { child, ended } = start(folder, args);
    await sleep(ms);
    child.kill("SIGKILL");
    await ended;
  }
  const { code, stdout } = await start(folder, args).ended;
  const unknown = [...lastOf(await ledger(folder)).values()].filter(({ state }) => state === "unknown").length;
  assert.equal(code, unknown > 0 ? 1 : 0, stdout);
  const health = async (): Promise<number> => {
    const { body } = await call(`${server.url}/v2/any/health`);
    return Number((body["jobs"] as Record<string, number>)["completed"]);
  };
  for (let waited = 0; (await health()) < LINES - unknown && waited < 5000; waited += 100) await sleep(100);
  const ran = await health();
  assert.ok(ran >= LINES - unknown && ran <= LINES, `${ran} jobs for ${LINES} lines, ${unknown} unknown`);
  const last = await start(folder, [...args, "--retry-unknown"]).ended;
  assert.equal(last.code, 0, last.stdout);
  const done = lastOf(await ledger(folder));
  assert.equal(done.size, LINES);
  for (const { state, status, files } of done.values()) {
    assert.deepEqual([state, status, files?.length], ["done", "COMPLETED", 4]);
  }
  assert.ok((await health()) <= LINES + unknown);
  server.child.kill("SIGKILL");
});

const script = scriptedRun();
const server = await localServer({ run: script.run, env: { TALKBOX_CONCURRENCY: "8" } });
const onServer = ["--endpoint", "any", "--base-url", server.url];

test("what has no id is unknown, what has one is looked up, a torn last line is passed over", async () => {
  const folder = await scratchFolder();
  const jobs = [1, 2, 3, 4].map((echo) => scripted({ ms: 300, echo }));
  await jobsFile(folder, jobs);
  const first = start(folder, ["batch", "jobs.jsonl", ...onServer]);
  for (let waited = 0; (await ledger(folder)).length < 4 && waited < 5000; waited += 5) await sleep(5);
  first.child.kill("SIGKILL");
  await first.ended;
  const cut = lastOf(await ledger(folder));
  assert.ok([...cut.values()].every(({ state }) => state === "submitting"));
  // As if the answer for the first line had come before the end, and half of the next entry been written.
  const { body } = await server.call("/run", { body: jobs[0] });
  const known = { ...cut.get(1), state: "submitted", id: body["id"] };
  await appendFile(join(folder, "jobs.out/ledger.jsonl"), `${JSON.stringify(known)}\n{"at":"2026`);
  const before = script.began.length;
  const second = await start(folder, ["batch", "jobs.jsonl", ...onServer]).ended;
  assert.equal(second.code, 1);
  assert.match(second.stdout, /1 completed, 0 failed, 3 unknown/);
  assert.match(second.stdout, /line 2 unknown: .*--retry-unknown/);
  assert.equal(script.began.length, before, "nothing was submitted");
  const third = await start(folder, ["batch", "jobs.jsonl", ...onServer, "--retry-unknown"]).ended;
  assert.equal(third.code, 0, third.stdout);
  assert.match(third.stdout, /3 completed, .* 1 finished before/);
  assert.equal(script.began.length, before + 3);
});

test("failures that another try may mend are tried again, others are not", async () => {
  const folder = await scratchFolder();
  await jobsFile(folder, [
    scripted({ fail: "engine lost" }),
    { input: { operation: "tts" }, policy: { ttl: "x" } },
    scripted({}),
  ]);
  const before = script.began.length;
  const { code, stdout } = await start(folder, ["batch", "jobs.jsonl", ...onServer, "--retries", "1"]).ended;
  assert.equal(code, 1);
  assert.match(stdout, /1 completed, 2 failed/);
  assert.match(stdout, /line 1 failed: FAILED engine_failed: engine lost/);
  assert.match(stdout, /line 2 failed: .*policy\.ttl/);
  assert.equal(script.began.length, before + 3);
  const states = (await ledger(folder))
    .filter(({ line }) => line === 1)
    .map(({ state, attempt }) => `${attempt} ${state}`);
  assert.deepEqual(states, ["1 submitting", "1 submitted", "1 open", "2 submitting", "2 submitted", "2 done"]);
  await start(folder, ["batch", "jobs.jsonl", ...onServer]).ended;
  assert.equal(script.began.length, before + 3, "a line that failed is finished");
  await start(folder, ["batch", "jobs.jsonl", ...onServer, "--retry-failed", "--retries", "0"]).ended;
  assert.equal(script.began.length, before + 4);
});

test("a job longer than one request's wait is followed by its id; interrupted, it is left and taken up again", async () => {
  const folder = await scratchFolder();
  await jobsFile(folder, [scripted({ ms: 4000, echo: "slow" })]);
  const first = start(folder, ["batch", "jobs.jsonl", ...onServer]);
  for (let waited = 0; (await ledger(folder)).at(-1)?.state !== "submitted" && waited < 8000; waited += 20)
    await sleep(20);
  first.child.kill("SIGINT");
  const stopped = await first.ended;
  assert.equal(stopped.code, 130);
  assert.match(stopped.stdout, /1 not finished/);
  const before = script.began.length;
  const { code, stdout } = await start(folder, ["batch", "jobs.jsonl", ...onServer]).ended;
  assert.equal(code, 0, stdout);
  assert.equal(script.began.length, before);
});

test("two batches cannot write the same ledger", async () => {
  const folder = await scratchFolder();
  await jobsFile(folder, [scripted({ ms: 2000 })]);
  const first = start(folder, ["batch", "jobs.jsonl", ...onServer]);
  for (let waited = 0; (await ledger(folder)).length < 1 && waited < 5000; waited += 10) await sleep(10);
  const { code, stderr } = await start(folder, ["batch", "jobs.jsonl", ...onServer]).ended;
  assert.equal(code, 1);
  assert.match(stderr, /Another batch/);
  first.child.kill("SIGKILL");
  await first.ended;
});

test("a schedule runs at its times without overlap, and tells what it missed", async () => {
  const folder = await scratchFolder();
  await jobsFile(folder, [scripted({ ms: 2500 })]);
  const args = ["batch", "jobs.jsonl", ...onServer, "--schedule", "* * * * * *", "--tz", "Asia/Seoul"];
  const first = start(folder, args);
  await first.says(/missed \d+ runs?, as another run was under way: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d/);
  first.child.kill("SIGINT");
  const { code, stdout } = await first.ended;
  assert.equal(code, 130);
  assert.match(stdout, /1 completed/);
  const runs = (await readdir(join(folder, "jobs.out"))).filter((name) => /^\d{4}-.*-utc\d\d$/.test(name));
  assert.ok(runs.length >= 1);
  const hour = new Intl.DateTimeFormat("sv-SE", { timeZone: "Asia/Seoul", hour: "2-digit" }).format(Date.now());
  assert.ok(
    runs.some((name) => name.includes(`T${hour}-`)),
    `${runs.join(" ")} at ${hour} h`,
  );
  // A time of the schedule passes while nothing runs.
  await sleep(1500);
  const second = start(folder, args);
  await second.says(/missed \d+ runs?, as this was not running/);
  second.child.kill("SIGKILL");
  await second.ended;
});

const REFUSED: readonly [what: string, args: readonly string[], message: RegExp][] = [
  ["a file that is not there", ["batch", "none.jsonl", ...onServer], /none\.jsonl was not found/],
  ["a file with faults", ["batch", "faulty.jsonl", ...onServer], /line 2: Not valid JSON\. line 3: .*`input`/],
  ["a concurrency of none", ["batch", "good.jsonl", ...onServer, "--concurrency", "0"], /--concurrency is/],
  ["a schedule that is none", ["batch", "good.jsonl", ...onServer, "--schedule", "at dawn"], /--schedule/],
  [
    "a zone that is none",
    ["batch", "good.jsonl", ...onServer, "--schedule", "0 3 * * *", "--tz", "Mars/Olympus"],
    /--tz/,
  ],
  ["a base URL that is none", ["batch", "good.jsonl", "--endpoint", "a", "--base-url", "here"], /--base-url/],
  ["no key for RunPod", ["batch", "good.jsonl", "--endpoint", "a"], /RUNPOD_API_KEY/],
];
test("bad arguments are refused before anything is sent", async () => {
  const folder = await scratchFolder();
  await jobsFile(folder, [scripted({})], "good.jsonl");
  await jobsFile(folder, [scripted({}), "{", { params: {} }], "faulty.jsonl");
  const before = script.began.length;
  for (const [what, args, message] of REFUSED) {
    const { code, stderr } = await start(folder, args, { RUNPOD_API_KEY: "" }).ended;
    assert.equal(code, 1, what);
    assert.match(stderr, message, what);
  }
  assert.equal(script.began.length, before);
});

test("a wrong key ends the batch at once, and its lines stay to be run", async () => {
  const guarded = await localServer({ run: script.run, env: { TALKBOX_API_KEY: "right" } });
  const folder = await scratchFolder();
  await jobsFile(
    folder,
    [1, 2, 3, 4, 5].map((echo) => scripted({ echo })),
  );
  const args = ["batch", "jobs.jsonl", "--endpoint", "any", "--base-url", guarded.url, "--concurrency", "1"];
  const { code, stderr } = await start(folder, args, { RUNPOD_API_KEY: "wrong" }).ended;
  assert.equal(code, 1);
  assert.match(stderr, /does not accept the key/);
  const right = await start(folder, args, { RUNPOD_API_KEY: "right" }).ended;
  assert.equal(right.code, 0, right.stdout + right.stderr);
});
