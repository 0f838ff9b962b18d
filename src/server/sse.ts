import { Readable } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import { EVENT_HEARTBEAT_MS } from "../limits/server.ts";
import { callerGone } from "./runpod/answer.ts";

/** A stream of server-sent events to one caller. */
export type Sse = {
  /** Aborted when the caller has gone. */
  readonly signal: AbortSignal;
  /**
   * Sends `data` as JSON on a `data: ` line of its own, and resolves when the connection has taken it; to a caller who
   * has gone nothing is sent. Events leave in the order of the calls, each in one piece.
   * @param id what the caller sends as `Last-Event-ID` to go on after this event
   */
  send(data: object, id?: string): Promise<void>;
  /** Ends the stream when what was sent is out. */
  end(): Promise<void>;
};

export type SseOptions = {
  /** Aborted when the caller has gone, where the route knows already. */
  readonly gone?: AbortSignal;
  /** Pause between two signs of life, milliseconds. */
  readonly heartbeatMs?: number;
};

/**
 * Opens a stream of server-sent events as the answer to a request; the route returns `reply` after that. Every event is
 * written and flushed by itself: the documents' browser client takes each chunk of the network apart by lines, and would
 * stumble over half an event.
 */
export function openSse(request: FastifyRequest, reply: FastifyReply, options: SseOptions = {}): Sse {
  const signal = options.gone ?? callerGone(request, reply);
  let wanted = Promise.withResolvers<void>();
  // One frame ahead at most: with room for more, several would be written at once, and could part in the middle.
  const stream = new Readable({
    highWaterMark: 1,
    read: () => wanted.resolve(),
  });
  let last: Promise<void> = Promise.resolve();
  const write = (frame: string): Promise<void> => {
    last = last.then(async () => {
      await wanted.promise;
      wanted = Promise.withResolvers<void>();
      if (signal.aborted || stream.destroyed) wanted.resolve();
      else stream.push(frame);
    });
    return last;
  };
  const heartbeat = setInterval(() => void write(": waiting\n\n"), options.heartbeatMs ?? EVENT_HEARTBEAT_MS);
  const close = (): void => {
    clearInterval(heartbeat);
    wanted.resolve();
  };
  stream.once("close", close);
  if (signal.aborted) close();
  else signal.addEventListener("abort", close, { once: true });
  void reply
    .type("text/event-stream; charset=utf-8")
    .header("cache-control", "no-store")
    .header("x-accel-buffering", "no")
    .send(stream);
  return {
    signal,
    send: (data, id) => write(`${id === undefined ? "" : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`),
    async end() {
      await last;
      clearInterval(heartbeat);
      stream.push(null);
    },
  };
}

/** The `Last-Event-ID` of a caller who comes back: the job and the event after which it goes on. */
export function readLastEventId(request: FastifyRequest): { readonly job: string; readonly after: number } | undefined {
  const given = request.headers["last-event-id"];
  const [, job = "", after = ""] = /^([A-Za-z0-9-]{1,80})\/(\d{1,15})$/.exec(String(given ?? "")) ?? [];
  return job === "" ? undefined : { job, after: Number(after) };
}

/** The id of a job's event, as `readLastEventId` takes it. */
export function eventId(job: string, place: number): string {
  return `${job}/${place}`;
}
