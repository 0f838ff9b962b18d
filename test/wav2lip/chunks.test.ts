import assert from "node:assert/strict";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { handler } from "../../handler/index.ts";
import { createServices } from "../../handler/services.ts";
import { readConfig } from "../../src/config.ts";
import type { CheckpointModels } from "../../src/engines/checkpoint-models.ts";
import { createEspeakEngine } from "../../src/engines/speech/espeak/espeak-engine.ts";
import type { SpeechEngine, SpeechPart } from "../../src/engines/speech/speech-engine.ts";
import type { LipsyncEngine, LipsyncOptions } from "../../src/engines/lipsync/lipsync-engine.ts";
import { createRigEngine } from "../../src/engines/lipsync/rig/rig-engine.ts";
import { createWav2LipEngine } from "../../src/engines/lipsync/wav2lip/wav2lip-engine.ts";
import { AppError } from "../../src/errors.ts";
import type { JobEvent } from "../../src/events.ts";
import { silentLog } from "../../src/log.ts";
import { resolveBinaries } from "../../src/media/binaries.ts";
import { scratchFolder } from "../photo/astronaut.ts";
import { checkpointModels, plainNetworks } from "./networks.ts";

const root = join(import.meta.dirname, "../..");
const modelsDir = join(root, "models");
const scratch = await scratchFolder();
const binaries = () => resolveBinaries();
const files = checkpointModels({ wav2lip: await plainNetworks(scratch.path) });
/** Graphs that have to be made first. */
const models: CheckpointModels = {
  ...files,
  graphs: {
    graphOf(entry, choice, options) {
      for (const share of [0.5, 1]) options?.progress?.(share);
      return files.graphs.graphOf(entry, choice);
    },
  },
};
const rig = createRigEngine({ modelsDir, dataDir: join(scratch.path, "data"), binaries });
const wav2lip = createWav2LipEngine({ models, base: async () => rig, binaries });
const espeak = createEspeakEngine({ modelsDir });
const never = new AbortController().signal;

/** What an engine was asked to render, and what came of it. */
type Rendered = { readonly options: LipsyncOptions; readonly parts: SpeechPart[]; readonly frames: Buffer[] };
const rendered: Rendered[] = [];

const watched: LipsyncEngine = {
  info: wav2lip.info,
  composes: true,
  availability: () => wav2lip.availability(),
  avatars: () => wav2lip.avatars(),
  async *render(speech, options, signal) {
    const seen: Rendered = { options, parts: [], frames: [] };
    rendered.push(seen);
    async function* tapped(): AsyncGenerator<SpeechPart> {
      for await (const part of speech) {
        seen.parts.push(part);
        yield part;
      }
    }
    for await (const frame of wav2lip.render(tapped(), options, signal)) {
      seen.frames.push(Buffer.from(frame.data));
      yield frame;
    }
  },
};

const speechless: SpeechEngine = {
  info: espeak.info,
  defaultVoice: espeak.defaultVoice,
  availability: () => espeak.availability(),
  voices: () => espeak.voices(),
  async *synthesize(request, signal) {
    if (request.text.includes("unspeakable")) throw new AppError("engine_failed", "It cannot be said.");
    yield* espeak.synthesize(request, signal);
  },
};

const services = createServices(
  readConfig({ ...process.env, TALKBOX_DATA: join(scratch.path, "data") }, root),
  silentLog(),
  {
    tempRoot: join(scratch.path, "temp"),
    engines: [
      { id: "espeak", kind: "speech", load: async () => speechless },
      { id: "wav2lip", kind: "lipsync", load: async () => watched },
    ],
  },
);
after(async () => {
  await services[Symbol.asyncDispose]();
  await wav2lip[Symbol.asyncDispose]();
  await espeak.close();
  await files[Symbol.asyncDispose]();
  await scratch[Symbol.asyncDispose]();
});

/** Runs `stream_chunks`; its events, and the error that it ended with. */
async function stream(text: string, more: object = {}): Promise<{ events: JobEvent[]; error?: AppError }> {
  rendered.length = 0;
  const params = { text, chunk_size: 5, avatar: "new_talk_long", resolution: "360p", language: "en", ...more };
  const job = handler({ operation: "stream_chunks", params, output: { delivery: "url" } }, { services });
  const events: JobEvent[] = [];
  try {
    for await (const event of job) events.push(event);
    return { events };
  } catch (error) {
    assert.ok(error instanceof AppError);
    return { events, error };
  }
}

describe("stream_chunks over Wav2Lip", () => {
  it("its chunks are, to the bit, the frames that the speech gives in one piece", async () => {
    const { events, error } = await stream("Peter picked a peck. Of pickled pepper now. That is all here.", {
      frame_skip: 3,
    });
    assert.equal(error, undefined);
    assert.equal(events.filter(({ type }) => type === "chunk").length, 3);
    const making = events.flatMap((event) =>
      event.type === "progress" && event.stage === "model" ? [event.stage_progress] : [],
    );
    assert.ok(making.length >= 2 && making.at(-1) === 1, `graphs were made: ${making.join(", ")}`);
    const chunks = rendered.toSorted((a, b) => (a.options.firstFrame ?? 0) - (b.options.firstFrame ?? 0));
    const parts = chunks.flatMap((chunk) => chunk.parts);
    const options = { ...(chunks[0]?.options as LipsyncOptions), neighbours: undefined };
    const whole: Buffer[] = [];
    for await (const frame of wav2lip.render(listed(parts), options, never)) {
      whole.push(Buffer.from(frame.data));
      frame.release();
    }
    const joined = chunks.flatMap(({ frames }) => frames);
    assert.equal(joined.length, whole.length);
    const differ = whole.flatMap((frame, i) => (joined[i]?.equals(frame) ? [] : [i]));
    assert.deepEqual(differ, []);
  });

  it("a chunk is told although the next one cannot be spoken, and the job then says why", async () => {
    const { events, error } = await stream("Peter picked one. An unspeakable one.");
    assert.equal(events.filter(({ type }) => type === "chunk").length, 1);
    assert.match(error?.message ?? "", /cannot be said/);
  });
});

async function* listed(parts: readonly SpeechPart[]): AsyncGenerator<SpeechPart> {
  yield* parts;
}
