import Fastify, { type FastifyInstance } from "fastify";
import { AppError } from "../errors.ts";
import type { Jobs } from "../jobs/jobs.ts";
import { MAX_BODY_BYTES, REQUEST_TIMEOUT_MS } from "../limits.ts";
import type { Log } from "../log.ts";
import type { Access } from "./access.ts";
import { discardBody, replyError, toHttpError } from "./error-reply.ts";
import { type FileStores, serveFiles } from "./files.ts";
import type { Health } from "./readiness.ts";
import { runpodRoutes } from "./runpod/routes.ts";

/** What the routes are made of. */
export type AppParts = {
  readonly jobs: Jobs;
  readonly access: Access;
  readonly files: FileStores;
  readonly health: () => Health;
  readonly workerId: string;
  readonly log: Log;
};

/** What `/ping` answers: load-balancing endpoints send requests at 200, wait at 204, and go elsewhere at others. */
const PING: Readonly<Record<Health, number>> = { starting: 204, ready: 200, stopping: 503, unfit: 503 };

/** Makes the HTTP application; nothing listens yet. */
export async function createApp({ jobs, access, files, health, workerId, log }: AppParts): Promise<FastifyInstance> {
  const app = Fastify({
    bodyLimit: MAX_BODY_BYTES.runsync,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: "idle",
    // Job ids and file names are not secret, but query strings may be.
    logger: false,
    routerOptions: { maxParamLength: 200 },
  });
  access.guard(app);
  app.addHook("onResponse", async (request, reply) => {
    const { method, url } = request.routeOptions;
    const line = { method: method?.toString(), route: url, status: reply.statusCode };
    log.debug({ ...line, duration_ms: Math.round(reply.elapsedTime) }, "request");
  });
  app.setErrorHandler(async (thrown, request, reply) => {
    const failure = toHttpError(thrown);
    if (failure.status >= 500 && failure.error.code === "internal") {
      log.error({ route: request.routeOptions.url, err: failure.error.cause ?? thrown }, "request failed");
    }
    discardBody(request);
    return replyError(reply, failure, () => jobs.retryAfterSeconds());
  });
  app.setNotFoundHandler(async (request, reply) => {
    discardBody(request);
    const error = new AppError("not_found", "There is no such route.");
    return replyError(reply, { error, status: 404 }, () => 1);
  });
  app.get("/ping", { config: { open: true } }, async (_request, reply) => {
    const status = PING[health()];
    return status === 204 ? reply.code(204).send() : reply.code(status).send({ status: health() });
  });
  app.get("/metrics", async (_request, reply) =>
    reply.type(jobs.metrics.registry.contentType).send(await jobs.metrics.registry.metrics()),
  );
  serveFiles(app, files, access);
  await app.register(runpodRoutes, { jobs, workerId, isReady: () => health() === "ready" });
  await app.ready();
  return app;
}
