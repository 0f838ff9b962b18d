import { tmpdir } from "node:os";
import { join } from "node:path";
import PQueue from "p-queue";
import type { Config } from "../src/config.ts";
import { EngineCatalog, type EngineSource } from "../src/engines/catalog.ts";
import type { PitchEstimator } from "../src/engines/pitch/pitch-estimator.ts";
import { registerPreloads } from "../src/engines/preloads.ts";
import { ModelCache } from "../src/inference/model-cache.ts";
import { DeviceMemory } from "../src/inference/model-memory.ts";
import { Preloads } from "../src/inference/preloads.ts";
import { readProviders } from "../src/inference/providers.ts";
import { Lanes } from "../src/lanes.ts";
import type { Log } from "../src/log.ts";
import { GraphCache } from "../src/library/models/graph-cache.ts";
import { modelFolders } from "../src/library/models/model-folders.ts";
import { ModelLibrary } from "../src/library/models/model-library.ts";
import { AVATARS_IN_BUCKET, StoredAvatars } from "../src/library/stored-avatars.ts";
import { StoredVoices, VOICES_IN_BUCKET } from "../src/library/stored-voices.ts";
import { type Binaries, resolveBinaries } from "../src/media/binaries.ts";
import { LiveStreams } from "../src/media/fragmented-live.ts";
import type { DiskStore } from "../src/storage/disk.ts";
import { SharedFolders } from "../src/storage/s3/shared-folders.ts";
import { openOutputPlaces, type OutputPlaces, untilItSucceeds } from "./output-places.ts";
import { remoteSpeechSources } from "./remote-speech.ts";

/** What a process makes once and every job shares. */
export type Services = AsyncDisposable & {
  readonly config: Config;
  readonly log: Log;
  readonly engines: EngineCatalog;
  readonly library: Library;
  /** Networks that are open, for all engines. */
  readonly models: ModelCache;
  /** Those of them that are opened at the start. */
  readonly preloads: Preloads;
  /** Places for heavy jobs. */
  readonly places: PQueue;
  /** Permits for what heavy jobs share. */
  readonly lanes: Lanes;
  readonly tempRoot: string;
  /** Where outputs can go: disk, bucket, and what waits for it. */
  readonly outputs: OutputPlaces;
  /** Videos that can be watched while they are made. */
  readonly streams: LiveStreams;
  /** The disk's store. */
  store(): Promise<DiskStore>;
  /** Deletes a file wherever a job may have stored it; answers whether there was one. */
  deleteStored(key: string): Promise<boolean>;
  /** Deletes what a job stored, where a list of jobs is kept. */
  readonly deleteOfJob?: ((jobId: string) => Promise<number>) | undefined;
  binaries(): Promise<Binaries>;
};

/** What a door may have its own way. */
export type ServiceOptions = {
  /** Puts every output straight into this folder, for good: what a person at a terminal wants. */
  readonly outDir?: string;
  /** Whether the caller reads this machine's disk, so that `auto` delivery may answer with a file's URL. */
  readonly callerReadsDisk?: boolean;
  /** Where callers read a stored file, by its key, when a server hands out what is on this disk. */
  readonly urlOf?: (key: string) => string;
  readonly engines?: readonly EngineSource[];
  readonly tempRoot?: string;
  readonly deleteOfJob?: (jobId: string) => Promise<number>;
};

/** The voices and avatars that callers brought, and the files of weights that the operator did. */
export type Library = {
  readonly voices: StoredVoices;
  readonly avatars: StoredAvatars;
  readonly models: ModelLibrary;
  /** Graphs made from those files. */
  readonly graphs: GraphCache;
};

/** Opens the library: on this disk, and in the deployment's bucket where there is one. */
function openLibrary(config: Config, log: Log, { bucket }: OutputPlaces): Library {
  const { dataDir, modelsWith, cacheDir, cacheLimitBytes } = config;
  const voices = bucket && new SharedFolders(bucket, VOICES_IN_BUCKET);
  const folders = bucket && new SharedFolders(bucket, AVATARS_IN_BUCKET);
  return {
    voices: new StoredVoices(dataDir, log, voices),
    avatars: new StoredAvatars({ dataDir, modelsDir: modelsWith("avatars"), log, folders }),
    models: new ModelLibrary({ folders: modelFolders(config), cacheDir, log }),
    graphs: new GraphCache({ cacheDir, limitBytes: cacheLimitBytes, log }),
  };
}

/** Makes the services of a process; nothing is loaded or looked up before it is needed. */
export function createServices(config: Config, log: Log, options: ServiceOptions = {}): Services {
  const binaries = untilItSucceeds(() =>
    resolveBinaries({
      ffmpegPath: config.ffmpegPath,
      ffprobePath: config.ffprobePath,
      searchPath: config.searchPath,
      ignoreSystem: config.ignoreSystemFfmpeg,
    }),
  );
  const outputs = openOutputPlaces(config, log, options);
  const library = openLibrary(config, log, outputs);
  const order = readProviders(config.providers);
  const models = new ModelCache({ order, memory: new DeviceMemory(config.modelMemoryBytes, order.device), log });
  const preloads = new Preloads(models.pinned, log);
  registerPreloads(
    preloads,
    { library: library.models, graphs: library.graphs },
    { library: library.models, places: config },
  );
  const engines: EngineCatalog = new EngineCatalog(
    options.engines ?? engineSources(config, log, binaries, library, models, (id) => engines.choose("pitch", id)),
  );
  return {
    config,
    log,
    engines,
    library,
    models,
    preloads,
    places: new PQueue({ concurrency: config.concurrency }),
    lanes: new Lanes(config.lanes),
    tempRoot: options.tempRoot ?? tmpdir(),
    outputs,
    streams: new LiveStreams(),
    store: () => outputs.disk(),
    deleteStored: (key) => deleteStored(outputs, key),
    deleteOfJob: options.deleteOfJob,
    binaries,
    async [Symbol.asyncDispose]() {
      await Promise.all([engines[Symbol.asyncDispose](), outputs[Symbol.asyncDispose]()]);
      await models[Symbol.asyncDispose]();
    },
  };
}

async function deleteStored(outputs: OutputPlaces, key: string): Promise<boolean> {
  const { bucket } = outputs;
  const onDisk = await (await outputs.disk()).delete(key);
  // What still waits for the bucket must not be sent after its end.
  const waiting = (await bucket?.outbox.remove(key)) ?? false;
  return ((await bucket?.store.delete(key)) ?? false) || waiting || onDisk;
}

/** The engines that Talkbox has, best first within a kind. */
function engineSources(
  config: Config,
  log: Log,
  binaries: () => Promise<Binaries>,
  library: Library,
  models: ModelCache,
  pitch: (id: string) => Promise<PitchEstimator>,
): EngineSource[] {
  const { modelsWith } = config;
  // Wav2Lip lays mouths over the people that the rig shows: they share one.
  const rig = untilItSucceeds(async () =>
    (await import("../src/engines/lipsync/rig/rig-engine.ts")).createRigEngine({
      modelsDir: modelsWith("avatars"),
      mouthModelsDir: modelsWith("mouth"),
      dataDir: config.dataDir,
      log,
      stored: library.avatars,
      binaries,
    }),
  );
  const speech = remoteSpeechSources(config, log, binaries);
  return [
    ...speech.preferred,
    {
      id: "espeak",
      kind: "speech",
      load: async () =>
        (await import("../src/engines/speech/espeak/espeak-engine.ts")).createEspeakEngine({
          modelsDir: modelsWith("voices"),
        }),
    },
    ...speech.byName,
    {
      id: "wav2lip",
      kind: "lipsync",
      load: async () =>
        (await import("../src/engines/lipsync/wav2lip/wav2lip-engine.ts")).createWav2LipEngine({
          models: { library: library.models, graphs: library.graphs, cache: models },
          base: rig,
          binaries,
          facesDir: join(config.cacheDir, "faces"),
          log,
        }),
    },
    { id: "rig", kind: "lipsync", load: rig },
    {
      id: "rvc",
      kind: "voice",
      load: async () =>
        (await import("../src/engines/voice/rvc/rvc-engine.ts")).createRvcEngine({
          models: { library: library.models, graphs: library.graphs, cache: models },
          places: config,
          pitch,
        }),
    },
    {
      id: "world",
      kind: "voice",
      load: async () =>
        (await import("../src/engines/voice/world/world-engine.ts")).createWorldEngine({
          modelsDir: modelsWith("timbres"),
        }),
    },
    {
      id: "rmvpe",
      kind: "pitch",
      load: async () =>
        (await import("../src/engines/pitch/rmvpe/rmvpe-engine.ts")).createRmvpeEngine({
          library: library.models,
          graphs: library.graphs,
          cache: models,
        }),
    },
    {
      id: "crepe",
      kind: "pitch",
      load: async () =>
        (await import("../src/engines/pitch/crepe/crepe-engine.ts")).createCrepeEngine({
          library: library.models,
          graphs: library.graphs,
          cache: models,
        }),
    },
    {
      id: "harvest",
      kind: "pitch",
      load: async () => (await import("../src/engines/pitch/harvest/harvest-engine.ts")).createHarvestEngine(),
    },
    {
      id: "dio",
      kind: "pitch",
      load: async () => (await import("../src/engines/pitch/dio/dio-engine.ts")).createDioEngine(),
    },
    {
      id: "roformer",
      kind: "stems",
      load: async () =>
        (await import("../src/engines/stems/roformer/roformer-engine.ts")).createRoformerEngine({
          library: library.models,
          graphs: library.graphs,
          cache: models,
        }),
    },
    {
      id: "mdx",
      kind: "stems",
      load: async () =>
        (await import("../src/engines/stems/mdx/mdx-engine.ts")).createMdxEngine({
          library: library.models,
          graphs: library.graphs,
          cache: models,
        }),
    },
    {
      id: "center",
      kind: "stems",
      load: async () => (await import("../src/engines/stems/center/center-engine.ts")).createCenterEngine(),
    },
    {
      id: "llm-api",
      kind: "chat",
      load: async () =>
        (await import("../src/engines/chat/openai/hosts.ts")).createLlmApiEngine(config.languageModels()),
    },
    {
      id: "openai",
      kind: "chat",
      load: async () =>
        (await import("../src/engines/chat/openai/hosts.ts")).createOpenAiEngine(config.languageModels()),
    },
    {
      id: "question-set",
      kind: "chat",
      load: async () =>
        (await import("../src/engines/chat/question-set/question-set-engine.ts")).createQuestionSetEngine({
          modelsDir: modelsWith("questions"),
        }),
    },
  ];
}
