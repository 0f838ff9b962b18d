import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { handler, run } from "../../handler/index.ts";
import { createServices } from "../../handler/services.ts";
import { readConfig } from "../../src/config.ts";
import { AppError } from "../../src/errors.ts";
import type { JobEvent } from "../../src/events.ts";
import { LANES } from "../../src/lanes.ts";
import { silentLog } from "../../src/log.ts";
import { liveChildren } from "../../src/media/child-registry.ts";
import { liveTempDirs } from "../../src/media/temp.ts";

const root = join(import.meta.dirname, "../..");
const scratch = await mkdtemp(join(tmpdir(), "talkbox-cancel-"));
const environment = { TALKBOX_DATA: join(scratch, "data"), TALKBOX_CONCURRENCY: "1", PATH: process.env["PATH"] };
const services = createServices(readConfig(environment, root), silentLog(), { tempRoot: join(scratch, "temp") });
after(async () => {
  await services[Symbol.asyncDispose]();
  await rm(scratch, { recursive: true, force: true });
});

const TEXT =
  "안녕하세요, 면접에 오신 것을 환영합니다. 먼저 간단히 자기소개를 해 주시겠어요? 지원 동기도 말씀해 주세요.";
const LIPSYNC = { operation: "lipsync", params: { text: TEXT, quality: "low" }, output: { delivery: "url" } };

/** Waits until nothing of a job is left, at most 200 ms, then says what still is. */
async function remains(): Promise<{
  children: number;
  temp: readonly string[];
  places: number;
  permits: number;
  outputs: readonly string[];
}> {
  const look = async () => ({
    children: liveChildren().length,
    temp: [...liveTempDirs(), ...(await readdir(join(scratch, "temp")).catch(() => []))],
    places: services.places.pending + services.places.size,
    permits: permits(),
    outputs: (await readdir(join(scratch, "data/realtime")).catch(() => [])).filter((name) => !name.startsWith(".")),
  });
  let found = await look();
  for (
    let waited = 0;
    waited < 200 && found.children + found.temp.length + found.places + found.permits > 0;
    waited += 10
  ) {
    await sleep(10);
    found = await look();
  }
  return found;
}

const NOTHING = { children: 0, temp: [], places: 0, permits: 0, outputs: [] };

/** Permits that a job has or waits for. */
function permits(): number {
  return LANES.map((lane) => services.lanes.count(lane)).reduce((sum, { taken, waiting }) => sum + taken + waiting, 0);
}

type Moment = { readonly name: string; readonly reached: (event: JobEvent) => boolean };
const MOMENTS: readonly Moment[] = [
  { name: "as speech begins", reached: (event) => event.type === "status" && event.stage === "tts" },
  { name: "after the first sentence", reached: (event) => event.type === "progress" && event.stage === "tts" },
  { name: "when speech is done", reached: (event) => event.type === "status" && event.stage === "tts_done" },
  { name: "at the first frames", reached: (event) => event.type === "progress" && event.stage === "lipsync" },
  {
    name: "in the middle of the video",
    reached: (event) => event.type === "progress" && event.stage === "lipsync" && event.progress > 0.5,
  },
  {
    name: "near its end",
    reached: (event) => event.type === "progress" && event.stage === "lipsync" && event.progress > 0.97,
  },
];

for (const { name, reached } of MOMENTS) {
  test(`cancelled ${name}, nothing of the job is left`, async () => {
    const abort = new AbortController();
    const events = handler(LIPSYNC, { services, signal: abort.signal });
    await assert.rejects(
      async () => {
        for (;;) {
          const step = await events.next();
          if (step.done) return;
          if (reached(step.value)) abort.abort();
        }
      },
      (error) => error instanceof AppError && error.code === "cancelled",
    );
    assert.deepEqual(await remains(), NOTHING);
  });
}

test("cancelled before it began", async () => {
  await assert.rejects(run(LIPSYNC, { services, signal: AbortSignal.abort() }), { code: "cancelled" });
  assert.deepEqual(await remains(), NOTHING);
});

test("cancelled while it waited for a place, which the next job gets", async () => {
  const busy = handler(LIPSYNC, { services });
  await busy.next();
  const abort = new AbortController();
  const waiting = run(LIPSYNC, { services, signal: abort.signal });
  await sleep(30);
  abort.abort();
  await assert.rejects(waiting, { code: "cancelled" });
  await busy.return(undefined as never);
  assert.deepEqual(await remains(), NOTHING);
});

test("cancelled while it waited for the encoder, which the next job gets", async () => {
  const held = Promise.withResolvers<void>();
  const encoding = services.lanes.forJob(new AbortController().signal).hold(["encode"], () => held.promise);
  const abort = new AbortController();
  const waiting = run(LIPSYNC, { services, signal: abort.signal });
  while (services.lanes.count("encode").waiting === 0) await sleep(10);
  assert.equal(services.lanes.count("cpu").taken, 1);
  abort.abort();
  await assert.rejects(waiting, { code: "cancelled" });
  assert.equal(permits(), 1);
  const { receipt } = await run({ operation: "tts", params: { text: "네" } }, { services });
  assert.equal(receipt.queue_ms < 1000, true, "speech in WAV needs no encoder");
  held.resolve();
  await encoding;
  assert.deepEqual(await remains(), NOTHING);
});

test("leaving the events early cancels the job", async () => {
  for await (const event of handler(LIPSYNC, { services })) {
    if (event.type === "progress" && event.stage === "lipsync") break;
  }
  assert.deepEqual(await remains(), NOTHING);
});

test("after all that, a job runs", async () => {
  const result = await run(LIPSYNC, { services });
  assert.equal(result["success"], true);
  const left = await remains();
  const videos = left.outputs.filter((name) => name.endsWith(".mp4"));
  assert.deepEqual({ ...left, outputs: videos.length }, { ...NOTHING, outputs: 1 });
});
