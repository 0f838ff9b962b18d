/** What breaks under a job breaks that job alone, with a code, and leaves nothing behind. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmod, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { handler, run } from "../../handler/index.ts";
import { createServices, type Services } from "../../handler/services.ts";
import { readConfig } from "../../src/config.ts";
import { silentLog } from "../../src/log.ts";
import { liveChildren } from "../../src/media/child-registry.ts";
import { liveTempDirs } from "../../src/media/temp.ts";

const root = join(import.meta.dirname, "../..");
const scratch = await mkdtemp(join(tmpdir(), "talkbox-failure-"));

function servicesWith(environment: Record<string, string> = {}): Services {
  const env = { ...process.env, TALKBOX_DATA: join(scratch, "data"), ...environment };
  return createServices(readConfig(env, root), silentLog(), { tempRoot: join(scratch, "temp") });
}

const services = servicesWith();
after(async () => {
  await services[Symbol.asyncDispose]();
  await rm(scratch, { recursive: true, force: true });
});

const TEXT = "안녕하세요, 면접에 오신 것을 환영합니다. 먼저 간단히 자기소개를 해 주시겠어요?";
const JOB = { operation: "lipsync", params: { text: TEXT, quality: "low" }, output: { delivery: "url" } };

/** Waits until nothing is left of a job: no child, no temporary file. */
async function assertNothingLeft(): Promise<void> {
  const left = async (): Promise<unknown[]> => [
    ...liveChildren(),
    ...liveTempDirs(),
    ...(await readdir(join(scratch, "temp")).catch(() => [])),
  ];
  for (let look = 0; look < 600 && (await left()).length > 0; look++) await sleep(50);
  assert.deepEqual(await left(), []);
}

test("ffmpeg killed in the middle fails the job, and the next one runs", async () => {
  // So long that there is much to be encoded yet when the first pictures are.
  const long = { ...JOB, params: { ...JOB.params, text: Array.from({ length: 6 }, () => TEXT).join(" ") } };
  // Before a write, within one, or while one waits: what the pipe says then differs.
  for (const after of [0, 1, 2, 3, 5]) {
    const events = handler(long, { services });
    let frames = 0;
    await assert.rejects(
      async () => {
        for (;;) {
          const step = await events.next();
          if (step.done) return;
          if (step.value.type !== "progress" || step.value.stage !== "lipsync" || frames++ < after) continue;
          for (const pid of liveChildren()) process.kill(pid, "SIGKILL");
        }
      },
      { code: "media_failed" },
    );
    await assertNothingLeft();
  }
  assert.equal((await run(JOB, { services }))["success"], true);
});

test("an ffmpeg that is no ffmpeg fails the job with what to do", async () => {
  const impostor = join(scratch, "ffmpeg");
  await writeFile(impostor, "#!/bin/sh\necho nonsense\nexit 3\n");
  await chmod(impostor, 0o755);
  await using broken = servicesWith({ FFMPEG_PATH: impostor });
  await assert.rejects(run(JOB, { services: broken }), { code: "media_failed" });
  await assertNothingLeft();
});

test("outputs that cannot be written fail the job", async () => {
  await writeFile(join(scratch, "a-file"), "");
  await using blocked = servicesWith({ TALKBOX_DATA: join(scratch, "a-file/data") });
  await assert.rejects(run(JOB, { services: blocked }), { code: "storage_failed", message: /TALKBOX_DATA/ });
  await assertNothingLeft();
});

for (const kilobytes of [40, 160]) {
  test(`a disk with room for ${kilobytes} kB fails the job with what to do, and leaves no file`, async () => {
    const out = join(scratch, `full-${kilobytes}`);
    const talkbox = `"${process.execPath}" "${join(root, "src/cli/main.ts")}" run --quiet --out "${out}" --input '${JSON.stringify(JOB)}'`;
    const child = spawn("bash", ["-c", `ulimit -f ${kilobytes}; exec ${talkbox}`], {
      env: { ...process.env, TMPDIR: scratch, TALKBOX_LOG_LEVEL: "silent" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    child.stdout.on("data", (chunk) => (stdout += String(chunk)));
    const code = await new Promise((resolve) => child.on("close", resolve));
    assert.equal(code, 1, stdout);
    const { error } = JSON.parse(stdout) as { error: { code: string; message: string } };
    assert.equal(error.code, "storage_failed", error.message);
    assert.match(error.message, /space/i);
    const left = await readdir(out).catch(() => []);
    assert.deepEqual(
      left.filter((name) => name.endsWith(".mp4")),
      [],
      "no half a video",
    );
    assert.deepEqual(
      (await readdir(scratch)).filter((name) => name.startsWith("talkbox-")),
      [],
    );
  });
}

test("the speaking process killed in the middle fails the job, and the next one runs", async () => {
  const [engine] = await services.engines.available("speech");
  const { pid } = engine as unknown as { pid: number | undefined };
  assert.ok(pid, "the process that speaks is kept warm");
  const events = handler({ ...JOB, params: { ...JOB.params, text: `${TEXT} `.repeat(30) } }, { services });
  await assert.rejects(
    async () => {
      for (;;) {
        const step = await events.next();
        if (step.done) return;
        if (step.value.type === "progress" && engine && "pid" in engine && engine.pid === pid)
          process.kill(pid, "SIGKILL");
      }
    },
    { code: "engine_failed" },
  );
  await assertNothingLeft();
  assert.equal((await run(JOB, { services }))["success"], true);
});
