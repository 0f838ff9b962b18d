/** What the tests of voices work with: services of their own, jobs, and sound in memory. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type JobResult, run } from "../../handler/index.ts";
import { createServices } from "../../handler/services.ts";
import { readConfig } from "../../src/config.ts";
import { silentLog } from "../../src/log.ts";
import { liveChildren } from "../../src/media/child-registry.ts";
import { parseWav } from "../../src/media/parse-wav.ts";
import { liveTempDirs } from "../../src/media/temp.ts";
import { encodeWav } from "../../src/media/wav.ts";
import type { Audio, MonoAudio } from "../../src/signal/audio.ts";

const root = join(import.meta.dirname, "../..");

/** A sentence that a woman read. */
export const WOMAN = join(import.meta.dirname, "references/arctic-slt-a0009.wav");

/** Services with folders of their own, which are gone after the tests of the file. */
export async function workbench(environment: Record<string, string> = {}) {
  const scratch = await mkdtemp(join(tmpdir(), "talkbox-voices-"));
  const env = { ...process.env, TALKBOX_DATA: join(scratch, "data"), ...environment };
  const config = readConfig(env, root);
  const services = createServices(config, silentLog(), { tempRoot: join(scratch, "temp") });
  after(async () => {
    await services[Symbol.asyncDispose]();
    await rm(scratch, { recursive: true, force: true });
  });
  return {
    services,
    config,
    scratch,
    /** Runs an operation to its end. */
    job: <R = Record<string, never>>(operation: string, params: object, signal?: AbortSignal) =>
      run({ operation, params, output: { delivery: "url" } }, { services, ...(signal ? { signal } : {}) }) as Promise<
        JobResult & R
      >,
    /** Fails where a job left something behind. */
    assertNothingLeft: async (): Promise<void> => {
      for (let waited = 0; waited < 500 && liveChildren().length + liveTempDirs().length > 0; waited += 10)
        await sleep(10);
      assert.deepEqual(liveChildren(), []);
      assert.deepEqual([...liveTempDirs(), ...(await readdir(join(scratch, "temp")).catch(() => []))], []);
      assert.equal(services.places.pending + services.places.size, 0);
    },
  };
}

/** The bytes of a result's first file. */
export function bytesOf(result: JobResult): Promise<Buffer> {
  return readFile(fileURLToPath(result.artifacts[0]?.url ?? ""));
}

/** The sound of a result that is a WAV file. */
export async function soundOf(result: JobResult): Promise<MonoAudio> {
  const { sampleRate, channels } = parseWav(await bytesOf(result));
  assert.equal(channels.length, 1);
  return { sampleRate, samples: channels[0] as Float32Array };
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** A file in base64. */
export async function base64Of(path: string): Promise<string> {
  return (await readFile(path)).toString("base64");
}

/** Sound as a WAV file in base64. */
export function wavBase64(audio: Audio): string {
  return Buffer.from(encodeWav(audio)).toString("base64");
}
