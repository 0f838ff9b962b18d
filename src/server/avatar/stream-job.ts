import { setTimeout as pause } from "node:timers/promises";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { JobResult } from "../../../handler/index.ts";
import { toAppError } from "../../errors.ts";
import type { JobEvent } from "../../events.ts";
import { QUEUE_LOOK_MS } from "../../limits/jobs.ts";
import { STREAM_RETURN_MS } from "../../limits/server.ts";
import type { RouteParts } from "../route-parts.ts";
import { MESSAGES } from "../messages.ts";
import type { Following, RouteJob } from "../route-job.ts";
import { callerGone } from "../runpod/answer.ts";
import { eventId, openSse, readLastEventId, type Sse } from "../sse.ts";

/** How a job is told to those who read its document's stream. */
export type JobStream = {
  /** What a job does that somebody may come back to. */
  readonly operation: string;
  /** Starts the job, for a caller who does not come back for the rest of one. */
  readonly start: (following: Following) => Promise<RouteJob>;
  /** A job's event as the document has it; undefined for one that it does not have. */
  readonly tell: (event: JobEvent) => object | undefined;
  /** The document's last event. */
  readonly done: (result: JobResult, job: string) => Promise<object>;
  /** The error as the document words it. */
  readonly message: (error: unknown) => string;
};

/** Where a waiting job stands. `estimated_wait` is in seconds, null while no run has been measured. */
export type QueuePlace = { readonly position: number; readonly estimated_wait: number | null };

/**
 * Answers a request with a job's events, as they come, and its result. A job that cannot be begun at once tells where it
 * stands in the queue. What goes wrong before the first event is the request's error; after it, an `error` event ends the
 * stream. A caller who comes back with `Last-Event-ID` within a moment goes on where the stream broke off.
 */
export async function streamJobEvents(
  request: FastifyRequest,
  reply: FastifyReply,
  parts: Pick<RouteParts, "jobs" | "routeJobs" | "log">,
  { operation, start, tell, done, message }: JobStream,
): Promise<FastifyReply> {
  const gone = callerGone(request, reply);
  const following = { signal: gone, graceMs: STREAM_RETURN_MS };
  const last = readLastEventId(request);
  const job = last ? parts.routeJobs.resume(last, operation, following) : await start(following);
  let sse: Sse | undefined;
  const send = (data: object, id?: number): Promise<void> =>
    (sse ??= openSse(request, reply, { gone })).send(data, id === undefined ? undefined : eventId(job.id, id));
  let place = last?.after ?? 0;
  try {
    const waiting = tellQueue(job.id, parts, gone, (at) => send(queueEvent(at)));
    for await (const { id, event } of job.events) {
      place = id;
      const told = tell(event);
      if (told) await send(told, id);
    }
    await waiting;
    await send(await done(await job.result(), job.id), place + 1);
  } catch (error) {
    if (gone.aborted) return reply;
    if (!sse) throw error;
    const { code } = toAppError(error);
    if (code === "internal") parts.log.error({ job_id: job.id, err: error }, "stream failed");
    await send({ type: "error", message: message(error) }, place + 1);
  }
  await sse?.end();
  return reply;
}

/** Tells each new place of a job in the queue until it is begun. Never fails. */
export async function tellQueue(
  id: string,
  { jobs }: Pick<RouteParts, "jobs">,
  signal: AbortSignal,
  tell: (place: QueuePlace) => Promise<void>,
): Promise<void> {
  let told = "";
  try {
    while (!signal.aborted && jobs.view(id).record.state === "IN_QUEUE") {
      const position = jobs.queue().waiting.findIndex((record) => record.id === id) + 1;
      const place = { position, estimated_wait: jobs.estimatedWaits().get(id) ?? null };
      if (position > 0 && told !== JSON.stringify(place)) {
        told = JSON.stringify(place);
        await tell(place);
      }
      await pause(QUEUE_LOOK_MS, undefined, { signal });
    }
  } catch {
    // The caller has gone, or the job has been forgotten: nothing more to tell.
  }
}

function queueEvent({ position, estimated_wait }: QueuePlace): object {
  return { type: "status", stage: "queue", message: MESSAGES.avatar.queued(position), position, estimated_wait };
}
