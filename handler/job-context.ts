import { AppError } from "../src/errors.ts";
import type { Emit, JobEvent } from "../src/events.ts";
import type { Log } from "../src/log.ts";
import { TempDir } from "../src/media/temp.ts";
import type { OperationContext } from "../src/operations/operation.ts";
import type { Artifact } from "../src/storage/artifact.ts";
import { deliver } from "../src/storage/deliver.ts";
import { parseKey } from "../src/storage/file-name.ts";
import type { EngineUse, StageClock } from "../src/telemetry.ts";
import type { ParsedJob } from "./job.ts";
import type { Services } from "./services.ts";

/** Folders of what callers brought to be kept. */
const LIBRARY_FOLDERS: ReadonlySet<string> = new Set(["voices", "avatars", "cache"]);

/** One job's surroundings; disposing of it removes the job's temporary files. */
export type JobScope = AsyncDisposable & {
  readonly context: OperationContext;
  readonly artifacts: readonly Artifact[];
  /** Ends the progress at 1 if the operation told any. */
  finishProgress(): void;
};

type Parts = {
  readonly parsed: ParsedJob;
  readonly services: Services;
  readonly signal: AbortSignal;
  readonly emit: Emit;
  readonly clock: StageClock;
  readonly log: Log;
  readonly used: EngineUse[];
  readonly warnings: string[];
  readonly measures: Record<string, number>;
};

/** Makes the context that an operation runs in. */
export function createJobContext(parts: Parts): JobScope {
  const { parsed, services, signal, emit, clock, log, used, warnings, measures } = parts;
  const { config, engines } = services;
  const artifacts: Artifact[] = [];
  const progress = monotonic(emit);
  const bucket = services.outputs.bucketFor(parsed.output.delivery, parsed.bucket);
  const lanes = services.lanes.forJob(signal, () => clock.enter("queue"));
  let inlined = 0;
  let temp: Promise<TempDir> | undefined;
  let ended = false;
  /** A documented field is filled wherever that is possible, unless the caller has the disk before them. */
  const deliveryInField = async (): Promise<ParsedJob["output"]["delivery"]> => {
    const { delivery } = parsed.output;
    return delivery === "auto" && !(await services.store()).reachable ? "inline" : delivery;
  };
  const context: OperationContext = {
    jobId: parsed.id,
    stored: {
      async delete(key) {
        refuseForeign(key);
        return parsed.bucket && bucket.place ? (await bucket.place.store()).delete(key) : services.deleteStored(key);
      },
      deleteOfJob: services.deleteOfJob,
    },
    config,
    signal,
    emit: progress.emit,
    log,
    clock,
    engines,
    voices: services.library.voices,
    avatars: services.library.avatars,
    models: services.library.models,
    lanes,
    binaries: () => services.binaries(),
    streams: services.streams,
    async tempDir() {
      // A branch of the work that has not heard yet that the job has ended must not leave a folder behind.
      if (ended) throw new AppError("cancelled", "The job has ended.");
      return (await (temp ??= TempDir.create(services.tempRoot))).path;
    },
    async deliver(output, { persist = false, field, ttlSeconds } = {}) {
      const artifact = await deliver(output, {
        delivery: field === undefined ? parsed.output.delivery : await deliveryInField(),
        persist: persist || parsed.output.persist,
        ttlSeconds: parsed.output.ttl_seconds ?? ttlSeconds ?? config.ttlSeconds,
        // The limit is the answer's, whatever the number of files in it.
        inlineLimitBytes: Math.max(0, config.inlineLimitBytes - inlined),
        signal,
        store: () => services.store(),
        diskLasts: () => services.outputs.diskLasts(),
        bucket: bucket.place,
        uploading: (work) => lanes.hold(["upload"], work),
        warn: (message) => context.warn(message),
        onProgress: (sent, bytes) =>
          progress.emit({ type: "progress", progress: 0, stage: "upload", stage_progress: sent / Math.max(1, bytes) }),
      });
      inlined += artifact.base64?.length ?? 0;
      artifacts.push(field === undefined ? artifact : inField(artifact, field));
      return artifact;
    },
    used: (use) => {
      if (!used.some(({ kind, model }) => kind === use.kind && model === use.model)) used.push(use);
    },
    measured: (name, value) => {
      measures[name] = value;
    },
    warn: (message) => {
      if (!warnings.includes(message)) warnings.push(message);
    },
  };
  return {
    context,
    artifacts,
    finishProgress: progress.finish,
    async [Symbol.asyncDispose]() {
      bucket[Symbol.dispose]();
      ended = true;
      await (await temp)?.[Symbol.asyncDispose]();
    },
  };
}

/** Only outputs are files of jobs: beside them lie the voices and avatars that callers brought. */
function refuseForeign(key: string): void {
  const [folder = "", inner = "", ...deeper] = parseKey(key);
  const ofLibrary = folder === "saved" && LIBRARY_FOLDERS.has(inner) && deeper.length > 0;
  if (inner === "" || LIBRARY_FOLDERS.has(folder) || ofLibrary) {
    throw new AppError(
      "invalid_input",
      `"${key}" is not the key of an output. Voices and avatars are deleted by delete_voice and delete_avatar.`,
    );
  }
}

/** An artifact as it is listed when a field of the result carries its base64. */
function inField(artifact: Artifact, field: string): Artifact {
  const { base64, ...rest } = artifact;
  return base64 === undefined ? artifact : { ...rest, base64_field: field };
}

/** Lets progress only rise, drops steps too small to see, and remembers whether it began. */
function monotonic(emit: Emit): { emit: Emit; finish: () => void } {
  const SMALLEST_STEP = 0.002;
  let overall = -1;
  let last: (JobEvent & { type: "progress" }) | undefined;
  const stages = new Map<string, number>();
  return {
    emit(event) {
      if (event.type !== "progress") return emit(event);
      const stage = Math.min(1, Math.max(stages.get(event.stage) ?? 0, event.stage_progress));
      const moved = stage - (stages.get(event.stage) ?? -1);
      const total = Math.min(1, Math.max(overall, event.progress));
      if (moved < SMALLEST_STEP && total - overall < SMALLEST_STEP && stage < 1) return;
      if (moved === 0 && total === overall) return;
      stages.set(event.stage, stage);
      overall = total;
      last = { ...event, progress: total, stage_progress: stage };
      emit(last);
    },
    finish() {
      if (last && last.progress < 1) emit({ ...last, progress: 1, stage_progress: 1 });
    },
  };
}
