/** Every limit, timeout and pause of the worker, in milliseconds or bytes. `startWorker({ limits })` overrides any. */
export const LIMITS = {
  /** Longest wait for the answer to a take or stop poll. The server holds such a request open. */
  pollMs: 90_000,
  /** Time for the rest of an answer that has begun when its poll is given up: it may carry a job. */
  restOfAnswerMs: 5_000,
  /** Time that requests under way get to show life after the process was frozen, before their sockets count as dead. */
  thawGraceMs: 2_000,
  /** Signals to stop that come so soon after the first are the same wish; a later one ends the process at once. */
  sameStopMs: 1_000,
  /** A clock that is this late in the heartbeat thread says that the process was frozen. */
  frozenMs: 5_000,
  /** An answer without a job that came faster than this was no long poll. */
  fastAnswerMs: 1_000,
  /** Pause after such an answer: from the first to the most, doubled each time. */
  emptyPauseMs: 200,
  emptyPauseMostMs: 1_000,
  /** Pause after a failed poll: from the first to the most, doubled each time, with jitter. */
  pollBackoffMs: 250,
  pollBackoffMostMs: 10_000,
  /** Pause after 429, unless the answer's Retry-After says otherwise; and the most that it may say. */
  throttledMs: 5_000,
  throttledMostMs: 60_000,
  /** How often a `concurrency` function is asked while every place is taken. */
  concurrencyCheckMs: 250,
  /** Most bytes of one job's JSON: the platform's own limit for inputs. */
  jobBytes: 20 * 1024 * 1024,
  /** Most levels of nesting in a job's JSON. */
  jobDepth: 500,
  /** Most bytes of a result: `/run` jobs, and `/runsync` jobs (ids beginning with `sync-`). */
  resultBytes: 10_000_000,
  syncResultBytes: 20_000_000,
  /** Most bytes of one stream part, and of one progress update. */
  partBytes: 1_000_000,
  progressBytes: 1_000_000,
  /** Stream parts that may wait to be sent before the generator is held up. */
  queuedParts: 16,
  /** Most bytes of each text in a failure report. */
  errorTextBytes: 16_384,
  /** Longest single post of a result, part or progress update. */
  postMs: 60_000,
  /** Pause before a post is repeated: from the first to the most, doubled each time, with jitter. */
  postBackoffMs: 250,
  postBackoffMostMs: 15_000,
  /** How long a result is offered to the platform: the work is paid for. */
  resultRetryMs: 15 * 60_000,
  /** How long a stream part is offered. */
  partRetryMs: 60_000,
  /** Wait for a progress update under way before the result is sent: one that comes after it hides it for good. */
  progressGraceMs: 15_000,
  /** Time for a handler to settle after its signal, before its place is given up and the worker recycled. */
  stopGraceMs: 10_000,
  /** Time for running jobs after SIGTERM. */
  drainMs: 25_000,
  /** Time to report what the drain could not finish. */
  farewellMs: 4_000,
  /** Longest fitness check, and longest report of one that failed. */
  fitnessMs: 60_000,
  fitnessReportMs: 2_000,
  /** Heartbeat: period if RUNPOD_PING_INTERVAL is not set, and the least that it may be. */
  pingMs: 10_000,
  pingLeastMs: 1_000,
  /** Wait before the heartbeat begins, unless a job comes first. */
  heartbeatDelayMs: 20,
  /** Repeats of a failed heartbeat before the next one is due, and heartbeats that may be under way at once. */
  pingRetries: 3,
  pingsAtOnce: 3,
  /** Idle sockets are closed after this time: shorter than servers and balancers keep theirs. */
  idleSocketMs: 4_000,
  /** Room for the ids of running jobs that the heartbeat names. */
  heartbeatListBytes: 65_536,
} as const;

/** The worker's limits by name. */
export type Limits = { readonly [Name in keyof typeof LIMITS]: number };
