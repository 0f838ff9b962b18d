import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { handler, run } from "../../handler/index.ts";
import type { Services } from "../../handler/services.ts";
import type { EngineSource } from "../../src/engines/catalog.ts";
import type { VoiceConverter } from "../../src/engines/voice/voice-converter.ts";
import { AppError } from "../../src/errors.ts";
import type { JobEvent } from "../../src/events.ts";
import { liveChildren } from "../../src/media/child-registry.ts";
import { parseWav } from "../../src/media/parse-wav.ts";
import { liveTempDirs } from "../../src/media/temp.ts";
import { passThrough, sampled, testServices, tone, wav } from "./stems.ts";

const { services, folder } = await testServices();
const quick = await testServices([passThrough()]);
const RATE = 22_050;
const vowel = sampled(RATE, 12, (t) =>
  [1, 2, 3, 4, 5].reduce((sum, k) => sum + (0.1 / k) * Math.sin(2 * Math.PI * k * 220 * t), 0),
);
const PARAMS = {
  voice_audio: wav(RATE, [vowel], { samples: "s16" }),
  instrument_audio: wav(RATE, [tone(RATE, 12, 110, 0.2), tone(RATE, 12, 165, 0.2)], { samples: "s16" }),
  voice_model: "alto-warm",
  pitch_change_all: 2,
};
const JOB = { operation: "generate_cover_from_separate_audio", params: PARAMS, output: { delivery: "url" } };

/** Waits until nothing of a job is left, at most a second, then says what still is. */
async function remains(of: Services, where: string) {
  const look = async () => ({
    children: liveChildren().length,
    temp: [...liveTempDirs(), ...(await readdir(join(where, "temp")).catch(() => []))],
    places: of.places.pending + of.places.size,
    outputs: (await readdir(join(where, "data/audio")).catch(() => [])).filter((name) => !name.startsWith(".")),
  });
  let found = await look();
  for (let waited = 0; waited < 1000 && found.children + found.temp.length + found.places > 0; waited += 10) {
    await sleep(10);
    found = await look();
  }
  return found;
}

const NOTHING = { children: 0, temp: [], places: 0, outputs: [] };

const at = (stage: string, share: number) => (event: JobEvent) =>
  event.type === "progress" && event.stage === stage && event.stage_progress >= share;

/** With the engine that converts, or with one that takes no time. */
const MOMENTS: readonly [name: string, voice: string, reached: (event: JobEvent) => boolean][] = [
  ["as decoding begins", "alto-warm", (event) => event.type === "status" && event.stage === "decode"],
  ["while stems are decoded", "alto-warm", at("decode", 0.3)],
  ["when the first of the vocal is converted", "alto-warm", at("convert", 0.01)],
  ["in the middle of the mix", "same", at("mix", 0.4)],
  ["when all is mixed", "same", at("mix", 1)],
  ["when the file is written", "same", at("encode", 1)],
];

for (const [name, voice_model, reached] of MOMENTS) {
  test(`cancelled ${name}, nothing of the job is left`, async () => {
    const abort = new AbortController();
    const { services: own, folder: where } = voice_model === "same" ? quick : { services, folder };
    const job = { ...JOB, params: { ...PARAMS, voice_model } };
    const events = handler(job, { services: own, signal: abort.signal });
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
    assert.deepEqual(await remains(own, where), NOTHING);
  });
}

test("leaving the events early cancels the job", async () => {
  const job = { ...JOB, params: { ...PARAMS, voice_model: "same" } };
  for await (const event of handler(job, { services: quick.services })) if (at("convert", 0.01)(event)) break;
  assert.deepEqual(await remains(quick.services, quick.folder), NOTHING);
});

/** A converter that, after a second of sound, breaks off, gives no more, or gives what is not a number. */
function broken(how: "fails" | "hangs" | "rambles"): EngineSource {
  return {
    id: how,
    kind: "voice",
    load: async () => {
      const converter = await (passThrough().load() as Promise<VoiceConverter>);
      return {
        ...converter,
        async convert(source, _target, _options, signal) {
          async function* blocks(): AsyncGenerator<Float32Array> {
            let seconds = 0;
            for await (const block of source.blocks) {
              yield block;
              seconds += block.length / source.sampleRate;
              if (seconds < 1) continue;
              if (how === "rambles") {
                yield new Float32Array(1000).fill(Number.NaN);
                continue;
              }
              if (how === "fails") throw new AppError("engine_failed", "The engine broke.");
              await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
            }
          }
          return { sampleRate: source.sampleRate, blocks: blocks() };
        },
      };
    },
  };
}

test("an engine that fails in the middle fails the job, and nothing is left", async () => {
  const { services: other, folder: where } = await testServices([broken("fails")]);
  const job = { ...JOB, params: { ...PARAMS, voice_model: "same" } };
  await assert.rejects(run(job, { services: other }), { code: "engine_failed" });
  assert.deepEqual(await remains(other, where), NOTHING);
});

test("an engine that gives what is not a number harms that moment alone", async () => {
  const { services: other } = await testServices([broken("rambles")]);
  const params = { ...PARAMS, voice_model: "same", output_format: "wav" };
  const made = await run({ ...JOB, params }, { services: other });
  const [artifact] = made.artifacts;
  const { channels } = parseWav(await readFile(fileURLToPath(artifact?.url ?? "")));
  const end = channels[0]!.subarray(-RATE);
  assert.ok(Math.max(...end.map(Math.abs)) > 0.01, "the song goes on");
});

test("an engine that hangs keeps nobody waiting when another stem fails", async () => {
  const { services: other, folder: where } = await testServices([broken("hangs")]);
  // The header is sound, and the rest is not: what is wrong is found in the middle of the work.
  const flac = Buffer.from("664c6143", "hex").toString("base64");
  const params = { ...PARAMS, voice_model: "same", instrument_audio: flac };
  const started = performance.now();
  await assert.rejects(run({ ...JOB, params }, { services: other }), { code: "invalid_audio" });
  assert.ok(performance.now() - started < 20_000);
  assert.deepEqual(await remains(other, where), NOTHING);
});

test("an engine that hangs can be cancelled", async () => {
  const { services: other, folder: where } = await testServices([broken("hangs")]);
  const job = { ...JOB, params: { ...PARAMS, voice_model: "same" } };
  await assert.rejects(run(job, { services: other, signal: AbortSignal.timeout(3000) }), { code: "cancelled" });
  assert.deepEqual(await remains(other, where), NOTHING);
});
