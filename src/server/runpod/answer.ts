import { Readable } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import { isFinal, type JobView } from "../../jobs/job.ts";
import type { Jobs } from "../../jobs/jobs.ts";
import { statusBody } from "../../jobs/status-body.ts";

/** Bytes from which an answer is sent piece by piece. */
const LARGE = 1 << 18;

/** Sends JSON that lies in pieces. */
export function sendJson(reply: FastifyReply, pieces: readonly Buffer[]): FastifyReply {
  const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
  void reply.type("application/json; charset=utf-8").header("content-length", String(bytes));
  if (bytes < LARGE) return reply.send(Buffer.concat(pieces));
  return reply.send(Readable.from(slices(pieces), { objectMode: false }));
}

function* slices(pieces: readonly Buffer[]): Generator<Buffer> {
  for (const piece of pieces) for (let at = 0; at < piece.length; at += LARGE) yield piece.subarray(at, at + LARGE);
}

/** Sends a job's status, with its output when it has one. */
export async function sendStatus(
  reply: FastifyReply,
  jobs: Jobs,
  view: JobView,
  workerId: string,
): Promise<FastifyReply> {
  return sendJson(reply, statusBody(view, await jobs.output(view), workerId));
}

/** As much as is said of a job that has not ended to those who waited for its result. */
export async function sendWaited(
  reply: FastifyReply,
  jobs: Jobs,
  view: JobView,
  workerId: string,
): Promise<FastifyReply> {
  const { id, state } = view.record;
  return isFinal(state) ? sendStatus(reply, jobs, view, workerId) : reply.send({ id, status: state });
}

/** Aborted when the caller has gone. */
export function callerGone(request: FastifyRequest, reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once("close", () => {
    if (!reply.raw.writableFinished) gone.abort();
  });
  if (request.raw.destroyed && !request.raw.complete) gone.abort();
  return gone.signal;
}
