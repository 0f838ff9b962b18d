import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from "fastify";
import { AppError } from "../../errors.ts";
import { isBare, readJobRequest } from "../../jobs/job-request.ts";
import type { Jobs } from "../../jobs/jobs.ts";
import { jobTimes, type JobRecord } from "../../jobs/job.ts";
import { MAX_BODY_BYTES, SYNC_WAIT_MS } from "../../limits/server.ts";
import { replyError, toHttpError } from "../error-reply.ts";
import { acceptJson, jsonBody, type JsonBody } from "../json-body.ts";
import type { RouteDescription } from "../openapi/description.ts";
import { callerGone, sendStatus, sendWaited } from "./answer.ts";
import { answerBare } from "./bare.ts";
import { RUNPOD_ROUTES } from "./descriptions.ts";
import { streamJob } from "./streaming.ts";

type Endpoint = { readonly jobs: Jobs; readonly workerId: string; readonly isReady: () => boolean };

/**
 * The platform's endpoint API, under `/v2/{any id}` and without it. Every answer that is not an error has the status
 * 200 exactly: its clients take nothing else.
 */
export async function runpodRoutes(app: FastifyInstance, { jobs, workerId, isReady }: Endpoint): Promise<void> {
  acceptJson(app);
  const byId = (request: FastifyRequest): string => (request.params as { job: string }).job;

  const run = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { id, state } = await jobs.submit(readRequest(request));
    return reply.send({ id, status: state });
  };
  const runsync = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const body = requiredBody(request);
    if (isBare(body.value)) return bareAnswer(request, reply, body);
    const { id } = await jobs.submit(readRequest(request));
    return sendWaited(reply, jobs, await jobs.wait(id, readWait(request), callerGone(request, reply)), workerId);
  };
  const bareAnswer = async (request: FastifyRequest, reply: FastifyReply, body: JsonBody): Promise<FastifyReply> => {
    try {
      return await answerBare(request, reply, jobs, body);
    } catch (thrown) {
      const { error, status } = toHttpError(thrown);
      if (error.code === "queue_full" || error.code === "shutting_down") {
        return replyError(reply, { error, status }, () => jobs.retryAfterSeconds());
      }
      return reply.code(status).send({ error: error.message });
    }
  };
  const status = (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> =>
    sendStatus(reply, jobs, jobs.view(byId(request)), workerId);
  const statusSync = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const view = await jobs.wait(byId(request), readWait(request), callerGone(request, reply));
    return sendStatus(reply, jobs, view, workerId);
  };
  const cancel = async (request: FastifyRequest): Promise<object> => describe(jobs.cancel(byId(request)));
  const retry = async (request: FastifyRequest): Promise<object> => describe(await jobs.retry(byId(request)));
  const purge = async (): Promise<object> => ({ removed: jobs.purgeQueue(), status: "completed" });
  const health = async (): Promise<object> => ({ jobs: jobs.counts(), workers: workers(jobs, isReady()) });
  const deleteArtifacts = async (request: FastifyRequest): Promise<object> => {
    const id = byId(request);
    return { id, deleted: await jobs.deleteArtifacts(id) };
  };
  const stream = (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> =>
    streamJob(request, reply, jobs);

  const both: HTTPMethods[] = ["GET", "POST"];
  const large = MAX_BODY_BYTES.runsync;
  for (const base of ["", "/v2/:endpoint"]) {
    const told = (description: RouteDescription) =>
      ({ config: { describe: base === "" ? "alias" : description } }) as const;
    app.post(`${base}/run`, { bodyLimit: MAX_BODY_BYTES.run, ...told(RUNPOD_ROUTES.run) }, run);
    app.post(`${base}/runsync`, { bodyLimit: large, ...told(RUNPOD_ROUTES.runsync) }, runsync);
    app.post(base === "" ? "/" : base, { bodyLimit: large, ...told(RUNPOD_ROUTES.bare) }, runsync);
    app.route({ method: both, url: `${base}/status/:job`, handler: status, ...told(RUNPOD_ROUTES.status) });
    app.route({
      method: both,
      url: `${base}/status-sync/:job`,
      handler: statusSync,
      ...told(RUNPOD_ROUTES.statusSync),
    });
    app.route({ method: both, url: `${base}/stream/:job`, handler: stream, ...told(RUNPOD_ROUTES.stream) });
    app.post(`${base}/cancel/:job`, told(RUNPOD_ROUTES.cancel), cancel);
    app.post(`${base}/retry/:job`, told(RUNPOD_ROUTES.retry), retry);
    app.post(`${base}/purge-queue`, told(RUNPOD_ROUTES.purge), purge);
    app.delete(`${base}/artifacts/:job`, told(RUNPOD_ROUTES.artifacts), deleteArtifacts);
  }
  const config = { describe: RUNPOD_ROUTES.health };
  app.route({ method: both, url: "/v2/:endpoint/health", handler: health, config });
}

function describe(record: JobRecord): object {
  return { ...jobTimes(record), id: record.id, status: record.state };
}

/** Places for heavy jobs, counted as the platform counts workers. */
function workers(jobs: Jobs, ready: boolean): Record<string, number> {
  const { taken, all } = jobs.places();
  const idle = ready ? all - taken : 0;
  return { idle, initializing: ready ? 0 : all - taken, ready: idle, running: taken, throttled: 0 };
}

function requiredBody(request: FastifyRequest): JsonBody {
  const body = jsonBody(request);
  if (body) return body;
  throw new AppError("invalid_input", 'The body is empty. Send { "input": { "operation", "params" } }.');
}

function readRequest(request: FastifyRequest): ReturnType<typeof readJobRequest> {
  const { value, bytes } = requiredBody(request);
  if (isBare(value)) {
    throw new AppError("invalid_input", 'Put the job under `input`: { "input": { "operation", "params" } }.', {
      violations: [{ path: "input", message: "Required, an object." }],
    });
  }
  const key = request.headers["idempotency-key"];
  return readJobRequest(value, [bytes], typeof key === "string" ? key : null);
}

/** Milliseconds to wait for a result, held within what the platform allows. */
function readWait(request: FastifyRequest): number {
  const given = (request.query as Record<string, unknown>)["wait"];
  if (given === undefined) return SYNC_WAIT_MS.default;
  if (typeof given !== "string" || !/^\d{1,12}$/.test(given)) {
    throw new AppError("invalid_input", "`wait` is a number of milliseconds.");
  }
  return Math.min(SYNC_WAIT_MS.max, Math.max(SYNC_WAIT_MS.min, Number(given)));
}
