import { randomUUID } from "node:crypto";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { parseJob } from "../../handler/job.ts";
import { AppError } from "../errors.ts";
import { readJobError } from "../jobs/job-error.ts";
import { handlerJob, readJobRequest } from "../jobs/job-request.ts";
import { jobTimes, type JobView } from "../jobs/job.ts";
import type { Jobs } from "../jobs/jobs.ts";
import { JOBS_LISTED } from "../limits/jobs.ts";
import { MAX_LOCAL_BODY_BYTES } from "../limits/server.ts";
import type { Operation } from "../operations/operation.ts";
import { SERVER_ROUTES } from "./descriptions.ts";
import { acceptJson, jsonBody } from "./json-body.ts";

type Parts = { readonly jobs: Jobs; readonly operations: ReadonlyMap<string, Operation> };

/**
 * Jobs for pages that a person looks at. `GET /api/jobs?limit=N` lists the latest, those that only look something up left
 * out unless `light=true`; `GET /api/jobs/{job}` is one of them, with the violations of its failure. `POST /api/jobs` takes what `/run` takes, in bodies as large as this machine takes them: there
 * is no platform in between. It answers a fault in the params at once, with its violations.
 */
export async function jobListRoutes(app: FastifyInstance, { jobs, operations }: Parts): Promise<void> {
  acceptJson(app);
  const light = [...operations.values()].filter(({ heavy }) => !heavy).map(({ name }) => name);
  app.get("/api/jobs", { config: { describe: SERVER_ROUTES.jobs } }, async (request, reply) => {
    const { limit, light: all } = readQuery(request);
    const found = jobs.latest(limit, all ? [] : light).map(listed);
    return reply.header("cache-control", "no-store").send({ jobs: found, count: found.length });
  });
  app.get("/api/jobs/:job", { config: { describe: SERVER_ROUTES.job } }, async (request, reply) => {
    const { job } = request.params as { job: string };
    // The process under which it failed knows more than what is kept.
    const failure = jobs.logs(job).failure?.report();
    const found = { ...listed(jobs.view(job)), ...(failure ? { error: failure } : {}) };
    return reply.header("cache-control", "no-store").send(found);
  });
  const large = { bodyLimit: MAX_LOCAL_BODY_BYTES, config: { describe: SERVER_ROUTES.submit } };
  app.post("/api/jobs", large, async (request) => {
    const body = jsonBody(request);
    if (!body) throw new AppError("invalid_input", 'The body is empty. Send { "input": { "operation", "params" } }.');
    const job = readJobRequest(body.value, [body.bytes], null);
    parseJob(handlerJob("", body.value), operations, randomUUID);
    const { id, state } = await jobs.submit(job);
    return { id, status: state };
  });
}

/** A job without its input, its output and what only the platform's clients read. Times are epoch milliseconds. */
function listed({ record, progress }: JobView): object {
  const { id, operation, state, createdAt, startedAt, finishedAt, expiresAt, attempts, error } = record;
  return {
    id,
    operation,
    status: state,
    created_at: createdAt,
    started_at: startedAt,
    finished_at: finishedAt,
    expires_at: expiresAt,
    attempts,
    files: record.artifacts.length,
    ...jobTimes(record),
    ...(error === null ? {} : { error: readJobError(error) }),
    ...(progress === undefined ? {} : { progress }),
  };
}

function readQuery(request: FastifyRequest): { limit: number; light: boolean } {
  const { limit, light } = request.query as Record<string, unknown>;
  if (limit !== undefined && !(typeof limit === "string" && /^\d{1,4}$/.test(limit) && Number(limit) > 0)) {
    throw new AppError("invalid_input", `\`limit\` is a whole number from 1 to ${JOBS_LISTED.max}.`);
  }
  const wanted = limit === undefined ? JOBS_LISTED.default : Number(limit);
  return { limit: Math.min(JOBS_LISTED.max, wanted), light: light === "true" };
}
