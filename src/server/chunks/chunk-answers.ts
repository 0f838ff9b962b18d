import type { FastifyReply, FastifyRequest } from "fastify";
import type { JobResult } from "../../../handler/index.ts";
import { toAppError } from "../../errors.ts";
import type { JobEvent } from "../../events.ts";
import { STREAM_RETURN_MS } from "../../limits/server.ts";
import type { Access } from "../access.ts";
import type { RouteParts } from "../route-parts.ts";
import { type RouteJobRequest, startRouteJob } from "../route-job.ts";
import { callerGone } from "../runpod/answer.ts";
import { eventId, openSse, readLastEventId } from "../sse.ts";
import { translated } from "../translations.ts";

type Told = Readonly<Record<string, unknown>>;

/** A path of this API that is opened by its URL alone, where a key is needed otherwise. */
function signed(path: string, id: string, access: Access): string {
  const signature = access.signature(id);
  return signature === undefined ? path : `${path}?signature=${signature}`;
}

/** A chunk as the document has it: its files by the API's own routes. */
function chunkOf(told: Told, access: Access): Told {
  const { index, text, duration, start, words } = told;
  const id = String(told["id"]);
  const url = (kind: string): string => signed(`/api/chunk/${kind}/${id}`, id, access);
  return { index, text, video_url: url("video"), audio_url: url("audio"), duration, start, words };
}

const streamOf = (told: Told, access: Access): string => {
  const id = String(told["stream_id"]);
  return signed(`/api/stream/${id}.mp4`, id, access);
};

/** The answer to those who wait for all chunks. */
export function answerChunks(result: JobResult, access: Access): Told {
  const { chunks, duration, stream_type, captions, language } = result as Told;
  return {
    chunks: (chunks as readonly Told[]).map((chunk) => chunkOf(chunk, access)),
    stream_url: streamOf(result, access),
    stream_type,
    captions,
    duration,
    language,
  };
}

/**
 * Answers with events: `stream` as soon as the stream can be opened, and again when its type is known; `chunk` for each
 * chunk that is ready, in order; `complete` with what those get who wait, or `error`. A caller who comes back with
 * `Last-Event-ID` within a moment goes on where the stream broke off.
 */
export async function sendChunkEvents(
  request: FastifyRequest,
  reply: FastifyReply,
  parts: RouteParts,
  wanted: RouteJobRequest,
): Promise<FastifyReply> {
  const { access } = parts;
  const gone = callerGone(request, reply);
  const following = { signal: gone, graceMs: STREAM_RETURN_MS };
  const last = readLastEventId(request);
  const job = last
    ? parts.routeJobs.resume(last, wanted.operation, following)
    : await startRouteJob(parts, wanted, following);
  const sse = openSse(request, reply, { gone });
  const tell = async (): Promise<void> => {
    let place = last?.after ?? 0;
    try {
      for await (const { id, event } of job.events) {
        place = id;
        const told = eventOf(event, access);
        if (told) await sse.send(told, eventId(job.id, id));
      }
      const complete = { type: "complete", ...answerChunks(await job.result(), access) };
      await sse.send(complete, eventId(job.id, place + 1));
    } catch (thrown) {
      const error = toAppError(thrown);
      if (error.code === "internal") parts.log.error({ job_id: job.id, err: error.cause ?? thrown }, "stream failed");
      await sse.send({ type: "error", error: translated(error, "ru").message });
    } finally {
      await sse.end();
    }
  };
  void tell();
  return reply;
}

function eventOf(event: JobEvent, access: Access): Told | undefined {
  if (event.type === "chunk") return { type: "chunk", ...chunkOf(event, access) };
  if (event.type !== "status" || event.stage !== "stream") return undefined;
  return { type: "stream", stream_url: streamOf(event, access), stream_type: event["stream_type"] };
}
