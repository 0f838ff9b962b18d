import { useEffect, useMemo, useState } from "preact/hooks";
import { ApiError, cancelJob, followJob, jobFailure, jobStatus, type JobEvent, type Result, submitJob } from "./api.ts";

/** Where a job of a screen is. */
export type JobState =
  | { readonly step: "idle" }
  | {
      readonly step: "working";
      /** 0 to 1; undefined while it waits. */
      readonly progress: number | undefined;
      readonly stage: string;
      /** Seconds that are left, where the server can tell. */
      readonly left: number | undefined;
      readonly id: string | undefined;
      readonly operation: string;
    }
  | { readonly step: "done"; readonly result: Result; readonly operation: string; readonly id: string }
  | { readonly step: "failed"; readonly error: ApiError; readonly operation: string }
  | { readonly step: "cancelled" };

/** A screen's job: one at a time. */
export type JobRun = {
  readonly state: JobState;
  /** Runs an operation. @returns its result; undefined when it failed or was cancelled */
  start(operation: string, params: object, onEvent?: (event: JobEvent) => void): Promise<Result | undefined>;
  readonly cancel: () => void;
  readonly reset: () => void;
};

/** A job's life for a screen. */
export function useJob(): JobRun {
  const [state, setState] = useState<JobState>({ step: "idle" });
  const run = useMemo(() => new Run(setState), []);
  useEffect(() => () => run.leave(), [run]);
  return {
    state,
    start: (operation, params, onEvent) => run.start(operation, params, onEvent),
    cancel: () => run.cancel(),
    reset: () => run.reset(),
  };
}

class Run {
  readonly #set: (state: JobState) => void;
  #stop = new AbortController();
  #id: string | undefined;

  constructor(set: (state: JobState) => void) {
    this.#set = set;
  }

  async start(
    operation: string,
    params: object,
    onEvent: (event: JobEvent) => void = () => undefined,
  ): Promise<Result | undefined> {
    this.#stop.abort();
    const stop = new AbortController();
    this.#stop = stop;
    this.#id = undefined;
    let at = { progress: undefined as number | undefined, stage: "queue", left: undefined as number | undefined };
    const show = (): void => this.#set({ step: "working", operation, id: this.#id, ...at });
    show();
    try {
      const id = await submitJob(operation, params, stop.signal);
      this.#id = id;
      show();
      for await (const event of followJob(id, stop.signal)) {
        onEvent(event);
        if (event.type !== "status" && event.type !== "progress") continue;
        const left = event["eta_seconds"];
        at = {
          progress: event.progress ?? at.progress,
          stage: event.stage ?? at.stage,
          left: typeof left === "number" ? left : event.type === "status" ? at.left : undefined,
        };
        show();
      }
      const { status, output } = await jobStatus(id, stop.signal);
      if (stop.signal.aborted) return undefined;
      if (status === "CANCELLED") this.#set({ step: "cancelled" });
      else if (output === undefined) throw await jobFailure(id);
      else this.#set({ step: "done", operation, id, result: output });
      return output;
    } catch (error) {
      if (stop.signal.aborted) return undefined;
      this.#set({
        step: "failed",
        operation,
        error: error instanceof ApiError ? error : new ApiError("internal", String(error)),
      });
      return undefined;
    }
  }

  cancel(): void {
    const id = this.#id;
    this.#stop.abort();
    if (id !== undefined) void cancelJob(id).catch(() => undefined);
    this.#set({ step: "cancelled" });
  }

  reset(): void {
    this.#stop.abort();
    this.#set({ step: "idle" });
  }

  leave(): void {
    this.#stop.abort();
  }
}
