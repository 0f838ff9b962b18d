import { createHash } from "node:crypto";
import type { RequestKind } from "./faults.ts";

/** States as the platform names them. */
export type JobState = "IN_QUEUE" | "IN_PROGRESS" | "COMPLETED" | "FAILED" | "CANCELLED";

/** A post that claims to be a job's last. */
export type FinalPost = {
  readonly at: number;
  readonly worker: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly isStream: string | null;
  /** When the reply went out whole; absent when it was lost. */
  acknowledgedAt?: number;
};

/** A job as the platform sees it. */
export type SimulatedJob = {
  readonly id: string;
  readonly payload: Readonly<Record<string, unknown>>;
  state: JobState;
  worker?: string;
  /** Times it was handed out. */
  deliveries: number;
  takenAt: number;
  /** When its worker was last known to hold it. */
  seenAt: number;
  output?: unknown;
  error?: unknown;
  stopPod: boolean;
  readonly progress: unknown[];
  /** Progress that arrived after the job had ended: the platform then shows it as running for good. */
  lateProgress: number;
  readonly parts: unknown[];
  readonly finals: FinalPost[];
};

/** A request as it came in. */
export type SeenRequest = {
  readonly at: number;
  readonly kind: RequestKind | "unknown";
  readonly method: string;
  readonly url: URL;
  readonly worker: string;
  readonly job: string | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly bytes: number;
  /** 0 while it is held, and for good when the connection was closed instead. */
  status: number;
};

/** Limits of the platform, in bytes. */
export const PAYLOAD = { run: 10_000_000, sync: 20_000_000, part: 1_000_000 } as const;

/** What the platform knows of its jobs, and the rules by which posts change them. */
export class Ledger {
  readonly jobs = new Map<string, SimulatedJob>();
  readonly #queue: SimulatedJob[] = [];

  add(payload: Readonly<Record<string, unknown>>): SimulatedJob {
    const id = String(payload["id"]);
    const job: SimulatedJob = {
      id,
      payload,
      state: "IN_QUEUE",
      deliveries: 0,
      takenAt: 0,
      seenAt: 0,
      stopPod: false,
      progress: [],
      lateProgress: 0,
      parts: [],
      finals: [],
    };
    this.jobs.set(id, job);
    this.#queue.push(job);
    return job;
  }

  get queued(): number {
    return this.#queue.length;
  }

  /** Puts a job that is being worked on back at the head of the queue. */
  requeue(job: SimulatedJob): void {
    job.state = "IN_QUEUE";
    this.#queue.unshift(job);
  }

  /** Hands out up to `most` jobs. */
  deal(worker: string, most: number, now: number): SimulatedJob[] {
    const dealt = this.#queue.splice(0, most);
    for (const job of dealt) {
      Object.assign(job, { state: "IN_PROGRESS", worker, takenAt: now, seenAt: now });
      job.deliveries += 1;
    }
    return dealt;
  }

  /** Jobs whose worker has not been heard of for too long go back to the queue. @returns whether there are any */
  expire(leaseMs: number, now: number): boolean {
    const lost = [...this.jobs.values()].filter((job) => job.state === "IN_PROGRESS" && now - job.seenAt > leaseMs);
    for (const job of lost) this.requeue(job);
    return lost.length > 0;
  }

  cancel(job: SimulatedJob): void {
    const index = this.#queue.indexOf(job);
    if (index >= 0) this.#queue.splice(index, 1);
    job.state = "CANCELLED";
  }

  /** A result or a progress update. @returns the status to answer with, and the record of a final post */
  post(job: SimulatedJob, worker: string, body: Buffer, isStream: string | null, now: number): [number, FinalPost?] {
    const limit = job.id.startsWith("sync-") ? PAYLOAD.sync : PAYLOAD.run;
    const value = parseObject(body);
    if (!value || body.length > limit) return [400];
    if (value["status"] === "IN_PROGRESS") {
      if (isFinal(job)) {
        job.lateProgress += 1;
        job.state = "IN_PROGRESS";
      }
      job.progress.push(value["output"]);
      return [200];
    }
    const sha256 = createHash("sha256").update(body).digest("hex");
    const final: FinalPost = { at: now, worker, sha256, bytes: body.length, isStream };
    job.finals.push(final);
    if (job.state === "CANCELLED" || (isFinal(job) && job.finals.length > 1)) return [200, final];
    const queued = this.#queue.indexOf(job);
    if (queued >= 0) this.#queue.splice(queued, 1);
    // Only a string is taken for an error; an object there ends as a success without output.
    const failed = typeof value["error"] === "string";
    job.state = failed ? "FAILED" : "COMPLETED";
    if (failed) job.error = value["error"];
    if ("output" in value && value["error"] === undefined) job.output = value["output"];
    job.stopPod = value["stopPod"] === true;
    return [200, final];
  }

  part(job: SimulatedJob, body: Buffer): number {
    const value = parseObject(body);
    if (!value || body.length > PAYLOAD.part) return 400;
    job.parts.push(value["output"]);
    return 200;
  }
}

/** Whether the platform is done with a job. */
export function isFinal(job: SimulatedJob): boolean {
  return job.state === "COMPLETED" || job.state === "FAILED" || job.state === "CANCELLED";
}

function parseObject(body: Buffer): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(body.toString()) as unknown;
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
