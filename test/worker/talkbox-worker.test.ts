import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { chooseMode } from "../../src/cli/mode.ts";
import { isFinal, Simulator } from "../../src/worker/simulator/index.ts";
import { failureOf } from "./in-process.ts";

const MAIN = join(import.meta.dirname, "../../src/cli/main.ts");
const folder = await mkdtemp(join(tmpdir(), "talkbox-worker-"));
after(() => rm(folder, { recursive: true, force: true }));

function talkbox(args: readonly string[], extra: Readonly<Record<string, string>> = {}): ChildProcess {
  const env = {
    PATH: process.env["PATH"] ?? "",
    TALKBOX_DATA: join(folder, "data"),
    TALKBOX_LOG_LEVEL: "warn",
    RUNPOD_SKIP_AUTO_SYSTEM_CHECKS: "true",
    ...extra,
  };
  return spawn(process.execPath, [MAIN, ...args], { env, cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
}

async function outputOf(child: ChildProcess): Promise<{ code: number | null; text: string }> {
  let text = "";
  child.stdout?.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, text };
}

test("without a command, where there is a queue, Talkbox takes its jobs, tells how they go, and drains", async () => {
  await using simulator = await Simulator.start();
  const jobs = {
    voices: simulator.submit({ operation: "list_voices" }),
    wrong: simulator.submit({ operation: "lipsink" }),
    health: simulator.submit({ operation: "health_check", params: {} }),
    speech: simulator.submit({ operation: "tts", params: { text: "Hello." } }),
  };
  const child = talkbox([], simulator.environment("worker-1"));
  const ended = outputOf(child);
  await simulator.until("all jobs ended", () => Object.values(jobs).every(isFinal), 30_000);
  const late = simulator.submit({ operation: "tts", params: { text: "One more sentence." } });
  await simulator.until("the last one is taken", () => late.deliveries > 0, 30_000);
  child.kill("SIGTERM");
  assert.equal((await ended).code, 0);

  assert.equal(jobs.voices.state, "COMPLETED");
  assert.ok((jobs.voices.output as { voices: unknown[] }).voices.length > 10);
  assert.equal((jobs.health.output as { status: string }).status, "healthy");
  const failure = failureOf(jobs.wrong);
  assert.equal(failure.error_type, "unknown_operation");
  assert.match(failure.error_message, /Did you mean "lipsync"/);
  assert.doesNotMatch(String(jobs.wrong.error), /\/src\//, "no path of the host");

  assert.equal(jobs.speech.state, "COMPLETED");
  assert.ok(jobs.speech.progress.length > 0, "progress was shown");
  const updates = jobs.speech.progress as { progress?: number; stage: string }[];
  assert.ok(updates.every(({ stage }) => typeof stage === "string"));
  const risen = updates.map(({ progress }) => progress ?? 0);
  assert.deepEqual(
    risen,
    risen.toSorted((a, b) => a - b),
  );
  assert.equal(late.state, "COMPLETED", "a job at hand is finished before the end");
});

test("a worker that cannot write its outputs is unfit", async () => {
  await using simulator = await Simulator.start();
  await writeFile(join(folder, "file"), "in the way");
  const job = simulator.submit({ operation: "list_voices" });
  const child = talkbox(["worker"], { ...simulator.environment("worker-1"), TALKBOX_DATA: join(folder, "file/data") });
  assert.equal((await outputOf(child)).code, 1);
  assert.equal(job.deliveries, 0);
  const [ping] = simulator.seen("ping");
  assert.equal(ping?.url.searchParams.get("status"), "unhealthy");
  assert.equal(ping?.url.searchParams.get("check"), "outputs");
});

test("--simulate hands one job through the protocol", async () => {
  const { code, text } = await outputOf(talkbox(["worker", "--simulate", '{"operation":"health_check"}']));
  assert.equal(code, 0);
  const seen = JSON.parse(text) as { status: string; output: { status: string } };
  assert.deepEqual([seen.status, seen.output.status], ["COMPLETED", "healthy"]);
});

test("the mode is what is set, else what the platform's variables say", () => {
  const auto = { mode: "auto", runpodQueue: false, port: 0 } as const;
  assert.equal(chooseMode(auto), "run");
  assert.equal(chooseMode({ ...auto, port: 80 }), "serve");
  assert.equal(chooseMode({ ...auto, port: 80, runpodQueue: true }), "worker");
  assert.equal(chooseMode({ mode: "run", runpodQueue: true, port: 80 }), "run");
});
