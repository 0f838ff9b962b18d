import type { Emit, JobEvent } from "../src/events.ts";
import type { Log } from "../src/log.ts";
import { TempDir } from "../src/media/temp.ts";
import type { OperationContext } from "../src/operations/operation.ts";
import type { Artifact } from "../src/storage/artifact.ts";
import { deliver } from "../src/storage/deliver.ts";
import type { EngineUse, StageClock } from "../src/telemetry.ts";
import type { ParsedJob } from "./job.ts";
import type { Services } from "./services.ts";

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
};

/** Makes the context that an operation runs in. */
export function createJobContext({ parsed, services, signal, emit, clock, log, used, warnings }: Parts): JobScope {
  const { config, engines } = services;
  const artifacts: Artifact[] = [];
  const progress = monotonic(emit);
  let inlined = 0;
  let temp: Promise<TempDir> | undefined;
  const context: OperationContext = {
    jobId: parsed.id,
    config,
    signal,
    emit: progress.emit,
    log,
    clock,
    engines,
    binaries: () => services.binaries(),
    tempDir: async () => (await (temp ??= TempDir.create(services.tempRoot))).path,
    async deliver(output, { persist = false } = {}) {
      const artifact = await deliver(output, {
        delivery: parsed.output.delivery,
        persist: persist || parsed.output.persist,
        ttlSeconds: parsed.output.ttl_seconds ?? config.ttlSeconds,
        // The limit is the answer's, whatever the number of files in it.
        inlineLimitBytes: Math.max(0, config.inlineLimitBytes - inlined),
        signal,
        store: () => services.store(),
      });
      inlined += artifact.base64?.length ?? 0;
      artifacts.push(artifact);
      return artifact;
    },
    used: (use) => {
      if (!used.some(({ kind, model }) => kind === use.kind && model === use.model)) used.push(use);
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
      await (await temp)?.[Symbol.asyncDispose]();
    },
  };
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
