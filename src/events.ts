/** What a running job tells: events on the way, one result at the end. */

/** A job moved on to another stage. `message` is for people; the other fields belong to the stage. */
export type StatusEvent = {
  readonly type: "status";
  readonly stage: string;
  readonly message: string;
  readonly [detail: string]: unknown;
};

/** How far a job is. `progress` never falls and ends at 1; so does `stage_progress` within its stage. */
export type ProgressEvent = {
  readonly type: "progress";
  readonly progress: number;
  readonly stage: string;
  readonly stage_progress: number;
  /** Seconds that are left, where that can be told. */
  readonly eta_seconds?: number;
};

/** A piece of text of a reply that is being written. */
export type TokenEvent = { readonly type: "token"; readonly content: string };

/** A finished piece of a larger output. */
export type ChunkEvent = { readonly type: "chunk"; readonly index: number; readonly [detail: string]: unknown };

export type JobEvent = StatusEvent | ProgressEvent | TokenEvent | ChunkEvent;

/** Takes an event; never throws, never waits. */
export type Emit = (event: JobEvent) => void;
