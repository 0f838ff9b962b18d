import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { handler } from "../../handler/index.ts";
import { AppError } from "../../src/errors.ts";
import type { JobEvent } from "../../src/events.ts";
import { liveChildren } from "../../src/media/child-registry.ts";
import { liveTempDirs } from "../../src/media/temp.ts";
import { makeSong, RATE } from "../stems/songs.ts";
import { testServices, wav } from "./stems.ts";

const { services, folder } = await testServices();
const { mix } = await makeSong(12, { panned: true });
const audio = wav(RATE, mix, { samples: "s16" });

async function remains() {
  const look = async () => ({
    children: liveChildren().length,
    temp: [...liveTempDirs(), ...(await readdir(join(folder, "temp")).catch(() => []))],
    places: services.places.pending + services.places.size,
    outputs: (await readdir(join(folder, "data/audio")).catch(() => [])).filter((name) => !name.startsWith(".")),
    drafts: (await readdir(join(folder, "data/cache/songs")).catch(() => [])).filter((name) => name.startsWith(".")),
  });
  let found = await look();
  for (let tries = 0; tries < 3000; tries++) {
    if (found.children + found.temp.length + found.places + found.drafts.length === 0) break;
    await sleep(10);
    found = await look();
  }
  return found;
}

const status = (stage: string) => (event: JobEvent) => event.type === "status" && event.stage === stage;

/** In this order: what the cancelled jobs had finished before is kept, and found by the next. */
const MOMENTS: readonly [name: string, params: object, reached: (event: JobEvent) => boolean, kept: number][] = [
  ["as its stems are made", {}, status("vocals"), 0],
  ["as its lead is told from the backing", { backing: "keep" }, status("karaoke"), 0],
  ["when the first of it is sung", {}, status("convert"), 1],
  ["as the mix begins, with parts on their way to files", { stems: ["sung", "instrumental"] }, status("mix"), 1],
];

for (const [name, params, reached, kept] of MOMENTS) {
  test(`a song cancelled ${name} leaves nothing but stems that are whole`, async () => {
    const abort = new AbortController();
    const job = { operation: "generate_cover", params: { audio, voice_model: "alto-warm", ...params } };
    const events = handler({ ...job, output: { delivery: "url" } }, { services, signal: abort.signal });
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
    assert.deepEqual(await remains(), { children: 0, temp: [], places: 0, outputs: [], drafts: [] });
    const songs = await readdir(join(folder, "data/cache/songs")).catch((): string[] => []);
    assert.equal(songs.filter((each) => !each.includes(".")).length, kept);
  });
}
