import { tmpdir } from "node:os";
import PQueue from "p-queue";
import type { Config } from "../src/config.ts";
import { EngineCatalog, type EngineSource } from "../src/engines/catalog.ts";
import type { Log } from "../src/log.ts";
import { type Binaries, resolveBinaries } from "../src/media/binaries.ts";
import type { DiskStore } from "../src/storage/disk.ts";
import { openOutputPlaces, type OutputPlaces, untilItSucceeds } from "./output-places.ts";

/** What a process makes once and every job shares. */
export type Services = AsyncDisposable & {
  readonly config: Config;
  readonly log: Log;
  readonly engines: EngineCatalog;
  /** Places for heavy jobs. */
  readonly places: PQueue;
  readonly tempRoot: string;
  /** Where outputs can go: disk, bucket, and what waits for it. */
  readonly outputs: OutputPlaces;
  /** The disk's store. */
  store(): Promise<DiskStore>;
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
};

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
  const engines = new EngineCatalog(options.engines ?? engineSources(config, log, binaries));
  const outputs = openOutputPlaces(config, log, options);
  return {
    config,
    log,
    engines,
    places: new PQueue({ concurrency: config.concurrency }),
    tempRoot: options.tempRoot ?? tmpdir(),
    outputs,
    store: () => outputs.disk(),
    binaries,
    async [Symbol.asyncDispose]() {
      await Promise.all([engines[Symbol.asyncDispose](), outputs[Symbol.asyncDispose]()]);
    },
  };
}

/** The engines that Talkbox has, best first within a kind. */
function engineSources(config: Config, log: Log, binaries: () => Promise<Binaries>): EngineSource[] {
  const { modelsDir } = config;
  return [
    {
      id: "espeak",
      kind: "speech",
      load: async () =>
        (await import("../src/engines/speech/espeak/espeak-engine.ts")).createEspeakEngine({ modelsDir }),
    },
    {
      id: "rig",
      kind: "lipsync",
      load: async () =>
        (await import("../src/engines/lipsync/rig/rig-engine.ts")).createRigEngine({
          modelsDir,
          dataDir: config.dataDir,
          log,
          binaries,
        }),
    },
    {
      id: "world",
      kind: "voice",
      load: async () => (await import("../src/engines/voice/world/world-engine.ts")).createWorldEngine({ modelsDir }),
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
  ];
}
