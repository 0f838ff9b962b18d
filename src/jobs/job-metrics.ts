import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { JobRecord } from "./job.ts";
import { jobTimes } from "./job.ts";

/** Upper ends of the buckets of durations, in seconds: a look-up to an hour of video. */
const SECONDS = [0.005, 0.02, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3600];

/** What `/metrics` tells, for Prometheus. */
export class JobMetrics {
  readonly registry = new Registry();
  readonly #ended: Counter<"operation" | "state">;
  readonly #refused: Counter<"code">;
  readonly #queueSeconds: Histogram;
  readonly #runSeconds: Histogram<"operation">;
  readonly #stageSeconds: Histogram<"operation" | "stage">;
  readonly #webhooks: Counter<"outcome">;
  readonly #operations: (name: string) => boolean;

  /**
   * @param waiting jobs in the queue now
   * @param running jobs under way now
   * @param known whether an operation exists: names that callers make up get no series of their own
   */
  constructor(waiting: () => number, running: () => number, known: (operation: string) => boolean) {
    const registers = [this.registry];
    this.#operations = known;
    collectDefaultMetrics({ register: this.registry });
    this.#ended = new Counter({
      name: "talkbox_jobs_total",
      help: "Jobs that have ended.",
      labelNames: ["operation", "state"],
      registers,
    });
    this.#refused = new Counter({
      name: "talkbox_jobs_refused_total",
      help: "Jobs that were not accepted.",
      labelNames: ["code"],
      registers,
    });
    void new Gauge({
      name: "talkbox_jobs_in_queue",
      help: "Jobs that wait.",
      registers,
      collect() {
        this.set(waiting());
      },
    });
    void new Gauge({
      name: "talkbox_jobs_in_progress",
      help: "Jobs under way.",
      registers,
      collect() {
        this.set(running());
      },
    });
    this.#queueSeconds = new Histogram({
      name: "talkbox_job_queue_seconds",
      help: "Time that jobs waited.",
      buckets: SECONDS,
      registers,
    });
    this.#runSeconds = new Histogram({
      name: "talkbox_job_run_seconds",
      help: "Time that jobs took once begun.",
      labelNames: ["operation"],
      buckets: SECONDS,
      registers,
    });
    this.#stageSeconds = new Histogram({
      name: "talkbox_stage_seconds",
      help: "Time that jobs spent in a stage.",
      labelNames: ["operation", "stage"],
      buckets: SECONDS,
      registers,
    });
    this.#webhooks = new Counter({
      name: "talkbox_webhooks_total",
      help: "Attempts to send a webhook.",
      labelNames: ["outcome"],
      registers,
    });
  }

  /** A job has begun. */
  began(record: JobRecord): void {
    this.#queueSeconds.observe((jobTimes(record).delayTime ?? 0) / 1000);
  }

  /** A job has ended; `receipt` is its result's. */
  ended(record: JobRecord, receipt?: unknown): void {
    const operation = this.#operations(record.operation) ? record.operation : "unknown";
    this.#ended.inc({ operation, state: record.state });
    const { executionTime } = jobTimes(record);
    if (executionTime !== undefined) this.#runSeconds.observe({ operation }, executionTime / 1000);
    const { stages } = (receipt ?? {}) as { stages?: readonly { stage: string; ms: number }[] };
    for (const { stage, ms } of stages ?? []) this.#stageSeconds.observe({ operation, stage }, ms / 1000);
  }

  refused(code: string): void {
    this.#refused.inc({ code });
  }

  webhook(outcome: "sent" | "failed" | "given_up"): void {
    this.#webhooks.inc({ outcome });
  }
}
