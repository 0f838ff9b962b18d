import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import PQueue from "p-queue";
import type { Config } from "../src/config.ts";
import { EngineCatalog, type EngineSource } from "../src/engines/catalog.ts";
import { AppError } from "../src/errors.ts";
import type { Log } from "../src/log.ts";
import { type Binaries, resolveBinaries } from "../src/media/binaries.ts";
import { DiskStore } from "../src/storage/disk.ts";

/** What a process makes once and every job shares. */
export type Services = AsyncDisposable & {
  readonly config: Config;
  readonly log: Log;
  readonly engines: EngineCatalog;
  /** Places for heavy jobs. */
  readonly places: PQueue;
  readonly tempRoot: string;
  /** Where outputs go that are not inline. */
  store(): Promise<DiskStore>;
  binaries(): Promise<Binaries>;
};

/** What a door may have its own way. */
export type ServiceOptions = {
  /** Puts every output straight into this folder, for good: what a person at a terminal wants. */
  readonly outDir?: string;
  /** Whether the caller reads this machine's disk, so that `auto` delivery may answer with a file's URL. */
  readonly callerReadsDisk?: boolean;
  readonly engines?: readonly EngineSource[];
  readonly tempRoot?: string;
};

/** Makes the services of a process; nothing is loaded or looked up before it is needed. */
export function createServices(config: Config, log: Log, options: ServiceOptions = {}): Services {
  const engines = new EngineCatalog(options.engines ?? engineSources(config));
  return {
    config,
    log,
    engines,
    places: new PQueue({ concurrency: config.concurrency }),
    tempRoot: options.tempRoot ?? tmpdir(),
    store: untilItSucceeds(() => openStore(config, options)),
    binaries: untilItSucceeds(() =>
      resolveBinaries({
        ffmpegPath: config.ffmpegPath,
        ffprobePath: config.ffprobePath,
        searchPath: config.searchPath,
        ignoreSystem: config.ignoreSystemFfmpeg,
      }),
    ),
    async [Symbol.asyncDispose]() {
      await engines[Symbol.asyncDispose]();
    },
  };
}

async function openStore(config: Config, { outDir, callerReadsDisk = false }: ServiceOptions): Promise<DiskStore> {
  const root = outDir ?? config.dataDir;
  try {
    await mkdir(root, { recursive: true });
    const store = new DiskStore({ root, flat: outDir !== undefined, reachable: callerReadsDisk });
    await store.sweep(Date.now());
    return store;
  } catch (cause) {
    const where = outDir === undefined ? "Point TALKBOX_DATA at one that can." : "Choose another with --out.";
    throw new AppError("storage_failed", `The folder for outputs cannot be written to. ${where}`, { cause });
  }
}

/** Makes something once, however many ask; a failure is not remembered, so that a mended machine needs no restart. */
function untilItSucceeds<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    if (made) return made;
    const attempt = make();
    made = attempt;
    attempt.catch(() => (made = undefined));
    return attempt;
  };
}

/** The engines that Talkbox has, best first within a kind. */
function engineSources(config: Config): EngineSource[] {
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
      load: async () => (await import("../src/engines/lipsync/rig/rig-engine.ts")).createRigEngine({ modelsDir }),
    },
  ];
}
