import type { Config } from "../config.ts";
import type { EngineCatalog } from "../engines/catalog.ts";
import type { Emit } from "../events.ts";
import type { JobLanes } from "../lanes.ts";
import type { Log } from "../log.ts";
import type { ModelLibrary } from "../library/models/model-library.ts";
import type { StoredAvatars } from "../library/stored-avatars.ts";
import type { StoredVoices } from "../library/stored-voices.ts";
import type { Binaries } from "../media/binaries.ts";
import type { EngineUse, StageClock } from "../telemetry.ts";

/** What every pipeline works with. */
export type PipelineContext = {
  readonly config: Config;
  readonly signal: AbortSignal;
  readonly emit: Emit;
  readonly log: Log;
  readonly clock: StageClock;
  readonly engines: EngineCatalog;
  /** The voices and avatars that callers brought. */
  readonly voices: StoredVoices;
  readonly avatars: StoredAvatars;
  /** The files of weights that the operator brought. */
  readonly models: ModelLibrary;
  /** Permits for what jobs share; held while a stage that works for some time uses it. */
  readonly lanes: Pick<JobLanes, "hold">;
  /** The ffmpeg and ffprobe to use, looked up at first use. */
  binaries(): Promise<Binaries>;
  /** A folder for this job's temporary files; it is gone when the job ends. */
  tempDir(): Promise<string>;
  /** Notes who did the work, for the receipt. */
  used(use: EngineUse): void;
  /** Notes a figure of the output for the receipt; the name ends in its unit. */
  measured(name: string, value: number): void;
  /** Notes something the caller should know, which is not an error. */
  warn(message: string): void;
};
