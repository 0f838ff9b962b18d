import { Readable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import type { FastifyReply, FastifyRequest } from "fastify";
import { AppError } from "../../errors.ts";
import type { EventLog, EventPage } from "../../jobs/event-log.ts";
import { isFinal } from "../../jobs/job.ts";
import type { Jobs } from "../../jobs/jobs.ts";
import { EVENT_HEARTBEAT_MS, STREAM_GATHER_MS, STREAM_WAIT_MS } from "../../limits/server.ts";
import { callerGone } from "./answer.ts";

/**
 * Answers `/stream/{job}`: the parts of the output that came since the last such call, as soon as there are any, as
 * `{ status, stream: [{ output }] }`. With `?after=ID` everything that the job told since that event, ids included;
 * with `Accept: text/event-stream` the same as it happens.
 */
export async function streamJob(request: FastifyRequest, reply: FastifyReply, jobs: Jobs): Promise<FastifyReply> {
  const { job } = request.params as { job: string };
  const { events, parts } = jobs.logs(job);
  if (request.headers.accept?.includes("text/event-stream")) return serverSentEvents(request, reply, jobs, events);
  const after = readId((request.query as Record<string, unknown>)["after"]);
  const stop = AbortSignal.any([callerGone(request, reply), AbortSignal.timeout(STREAM_WAIT_MS)]);
  await (after === undefined ? parts.waitToTake(stop) : events.waitAfter(after, stop));
  if (!parts.ended && !stop.aborted) await pause(STREAM_GATHER_MS);
  const page = after === undefined ? parts.take() : events.after(after);
  return reply.send({
    status: statusAfter(page, jobs, job),
    stream: page.events.map(({ id, event }) => (after === undefined ? { output: event } : { id, output: event })),
    ...(page.dropped > 0 ? { dropped: page.dropped } : {}),
  });
}

/** A final status ends the client's loop: it is told with the last events, not before. */
function statusAfter(page: EventPage, jobs: Jobs, id: string): string {
  const { state } = jobs.view(id).record;
  return isFinal(state) && !page.ended ? "IN_PROGRESS" : state;
}

function serverSentEvents(request: FastifyRequest, reply: FastifyReply, jobs: Jobs, log: EventLog): FastifyReply {
  const { job } = request.params as { job: string };
  const after = readId(request.headers["last-event-id"]) ?? 0;
  const gone = callerGone(request, reply);
  void reply
    .type("text/event-stream; charset=utf-8")
    .header("cache-control", "no-store")
    .header("x-accel-buffering", "no");
  return reply.send(Readable.from(frames(jobs, job, log, after, gone), { objectMode: false }));
}

async function* frames(
  jobs: Jobs,
  job: string,
  log: EventLog,
  from: number,
  gone: AbortSignal,
): AsyncGenerator<string> {
  let after = from;
  while (!gone.aborted) {
    await log.waitAfter(after, AbortSignal.any([gone, AbortSignal.timeout(EVENT_HEARTBEAT_MS)]));
    const page = log.after(after);
    if (page.dropped > 0) yield `event: gap\ndata: ${JSON.stringify({ dropped: page.dropped })}\n\n`;
    for (const { id, event } of page.events) {
      after = id;
      const { type } = event as { type?: unknown };
      yield `id: ${id}\nevent: ${eventName(type)}\ndata: ${JSON.stringify(event)}\n\n`;
    }
    if (page.ended) {
      const { state } = jobs.view(job).record;
      yield `event: end\ndata: ${JSON.stringify({ status: state })}\n\n`;
      return;
    }
    if (page.events.length === 0) yield ": waiting\n\n";
  }
}

/** A name that cannot break out of its line. */
function eventName(type: unknown): string {
  return typeof type === "string" && /^[a-z_]{1,40}$/.test(type) ? type : "message";
}

function readId(given: unknown): number | undefined {
  if (given === undefined) return undefined;
  if (typeof given === "string" && /^\d{1,15}$/.test(given)) return Number(given);
  throw new AppError("invalid_input", "The id of an event is a whole number.");
}
