import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";

const launcher = join(import.meta.dirname, "../../src/cli/talkbox.mjs");
let folder = "";
before(async () => (folder = await mkdtemp(join(tmpdir(), "talkbox-cli-"))));
after(() => rm(folder, { recursive: true, force: true }));

type Outcome = { code: number | null; stdout: string; stderr: string };

/** Runs `talkbox` as a person would, in a folder of its own. */
async function talkbox(
  args: readonly string[],
  env: Record<string, string> = {},
  kill?: NodeJS.Signals,
  { group = false } = {},
): Promise<Outcome> {
  const child = spawn(process.execPath, [launcher, ...args], {
    cwd: folder,
    detached: group,
    env: { ...process.env, TALKBOX_DATA: "", ...env },
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk) => (stdout += String(chunk)));
  child.stderr.on("data", (chunk) => {
    stderr += String(chunk);
    if (kill && stderr.includes("started")) {
      if (group) process.kill(-(child.pid as number), kill);
      else child.kill(kill);
      kill = undefined;
    }
  });
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, stdout, stderr };
}

test("without test_input.json it says what to give it, and fails", async () => {
  const { code, stdout } = await talkbox([]);
  assert.equal(code, 1);
  assert.match((JSON.parse(stdout) as { error: { message: string } }).error.message, /test_input\.json .* --input/s);
});

test("without arguments it runs ./test_input.json and prints the result alone on the standard output", async () => {
  await writeFile(join(folder, "test_input.json"), '{"input":{"operation":"list_voices"}}');
  const { code, stdout } = await talkbox([]);
  assert.equal(code, 0);
  const result = JSON.parse(stdout) as { count: number; receipt: { cold_start_ms: number } };
  assert.ok(result.count >= 15);
  assert.ok(result.receipt.cold_start_ms > 0);
});

test("a job as JSON, its output in a folder of the caller's", async () => {
  const job = JSON.stringify({ operation: "tts", params: { text: "안녕하세요" } });
  const { code, stdout } = await talkbox(["run", "--out", "mine", "--input", job]);
  assert.equal(code, 0, stdout);
  const files = await readdir(join(folder, "mine"));
  assert.deepEqual(files.map(extname).toSorted(), [".srt", ".vtt", ".wav"]);
  for (const file of files) assert.match(file, /^안녕하세요_[0-9a-f]{8}\.(wav|srt|vtt)$/);
});

test("a job that fails prints its error and ends with 1", async () => {
  const { code, stdout } = await talkbox(["run", "--input", '{"operation":"tts","params":{"text":""}}']);
  assert.equal(code, 1);
  assert.equal((JSON.parse(stdout) as { error: { code: string } }).error.code, "invalid_input");
});

test("broken JSON is said to be that", async () => {
  await writeFile(join(folder, "broken.json"), "{");
  for (const input of ["broken.json", "{"]) {
    const { code, stdout } = await talkbox(["run", "--input", input]);
    assert.equal(code, 1);
    assert.match(stdout, /not valid JSON/);
  }
});

test("a bad setting stops it before anything runs, all of them named", async () => {
  const { code, stderr } = await talkbox(["run"], { TALKBOX_TTL: "x", TALKBOX_LOG_LEVEL: "y" });
  assert.equal(code, 1);
  assert.match(stderr, /TALKBOX_TTL/);
  assert.match(stderr, /TALKBOX_LOG_LEVEL/);
});

test("interrupted, it cancels the job and ends with 130", async () => {
  const job = JSON.stringify({ operation: "lipsync", params: { text: "안녕하세요. ".repeat(200) } });
  const { code, stdout } = await talkbox(["run", "--input", job], { TALKBOX_LOG_FORMAT: "json" }, "SIGINT");
  assert.equal(code, 130);
  assert.equal((JSON.parse(stdout) as { error: { code: string } }).error.code, "cancelled");
});

test("interrupted as a terminal does it under an older Node, which signals the launcher and what that started, too", async () => {
  const job = JSON.stringify({ operation: "lipsync", params: { text: "안녕하세요. ".repeat(200) } });
  const older = pathToFileURL(join(import.meta.dirname, "older-node.ts")).href;
  const temp = await mkdtemp(join(folder, "temp-"));
  const { code, stdout } = await talkbox(
    ["run", "--input", job],
    { TALKBOX_LOG_FORMAT: "json", NODE_OPTIONS: `--import=${older}`, TMPDIR: temp },
    "SIGINT",
    { group: true },
  );
  assert.equal(code, 130);
  assert.equal((JSON.parse(stdout) as { error: { code: string } }).error.code, "cancelled");
  assert.deepEqual(
    (await readdir(temp)).filter((name) => name.startsWith("talkbox-")),
    [],
  );
});

test("the log has one line per event with its job, and nothing of what was said", async () => {
  const job = JSON.stringify({
    id: "job-7",
    operation: "lipsync",
    params: { text: "비밀번호는 오이입니다", quality: "low" },
  });
  const { code, stderr } = await talkbox(["run", "--quiet", "--input", job], {
    TALKBOX_LOG_FORMAT: "json",
    TALKBOX_LOG_LEVEL: "debug",
  });
  assert.equal(code, 0);
  const lines = stderr
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  for (const line of lines) assert.deepEqual([line["job_id"], line["operation"]], ["job-7", "lipsync"]);
  assert.equal(typeof lines.at(-1)?.["duration_ms"], "number");
  assert.doesNotMatch(stderr, /비밀번호|오이/);
});

for (const args of [["--help"], ["run", "--help"], ["doctor", "--help"]]) {
  test(`talkbox ${args.join(" ")} explains every option`, async () => {
    const { code, stdout } = await talkbox(args);
    assert.equal(code, 0);
    for (const line of stdout.split("\n").filter((text) => /^ {2}-/.test(text))) assert.match(line, /\S {2,}\S/, line);
    assert.match(stdout, /Usage: talkbox/);
  });
}

test("an unknown command or option fails and points to the help", async () => {
  for (const args of [["rnu"], ["run", "--inptu", "x"]]) {
    const { code, stderr } = await talkbox(args);
    assert.equal(code, 1);
    assert.match(stderr, /--help/);
  }
});

test("doctor finds that jobs can run, and says which ffmpeg is in use", async () => {
  const { code, stdout } = await talkbox(["doctor"]);
  assert.equal(code, 0, stdout);
  for (const expected of [
    /Node\s+v24/,
    /ffmpeg\s+\S+, (the system's|from npm)/,
    /libx264/,
    /onnxruntime-node/,
    /speech\/espeak/,
    /lipsync\/rig/,
  ]) {
    assert.match(stdout, expected);
  }
});

test("doctor fails where ffmpeg is not what was configured, and says how to mend it", async () => {
  const { code, stdout } = await talkbox(["doctor", "--json"], { FFMPEG_PATH: "/nowhere/ffmpeg" });
  assert.equal(code, 1);
  const { findings } = JSON.parse(stdout) as { findings: { name: string; ok: boolean; remedy?: string }[] };
  assert.ok(findings.some(({ name, ok, remedy }) => name === "ffmpeg" && !ok && remedy));
});
