import Fastify, { type FastifyInstance } from "fastify";
import { AppError } from "../errors.ts";
import { MAX_AVATAR_BODY_BYTES } from "../limits/server.ts";
import { OPERATIONS } from "../operations/index.ts";
import { SERVER_ROUTES } from "./descriptions.ts";
import { registerDocumented } from "./documented.ts";
import type { RouteParts } from "./route-parts.ts";
import { discardBody, replyError, toHttpError } from "./error-reply.ts";
import { serveFiles } from "./files.ts";
import { addGuardRails } from "./guard-rails.ts";
import { jobListRoutes } from "./jobs-list.ts";
import { operationsRoutes } from "./operations-list.ts";
import { listenerOptions, type Patience } from "./patience.ts";
import { openApiRoutes } from "./openapi/routes.ts";
import type { Health } from "./readiness.ts";
import { runpodRoutes } from "./runpod/routes.ts";
import { studioRoutes } from "./studio.ts";
import { pictureRoutes } from "./studio-pictures.ts";

/** What the routes are made of. */
export type AppParts = RouteParts & {
  readonly workerId: string;
  readonly version: string;
  readonly patience: Patience;
};

/** What `/ping` answers: load-balancing endpoints send requests at 200, wait at 204, and go elsewhere at others. */
const PING: Readonly<Record<Health, number>> = { starting: 204, ready: 200, stopping: 503, unfit: 503 };

/** Makes the HTTP application; nothing listens yet. */
export async function createApp(parts: AppParts): Promise<FastifyInstance> {
  const { jobs, access, files, health, workerId, log } = parts;
  const app = Fastify({
    bodyLimit: MAX_AVATAR_BODY_BYTES,
    http: listenerOptions(parts.patience),
    requestTimeout: parts.patience.requestMs,
    forceCloseConnections: "idle",
    // Job ids and file names are not secret, but query strings may be.
    logger: false,
    routerOptions: { maxParamLength: 200 },
  });
  await addGuardRails(app, parts.config);
  access.guard(app);
  openApiRoutes(app, { operations: OPERATIONS, version: parts.version });
  app.addHook("onResponse", async (request, reply) => {
    const { method, url } = request.routeOptions;
    const line = { method: method?.toString(), route: url, status: reply.statusCode };
    // The rest of a body that nobody reads.
    discardBody(request, reply);
    log.debug({ ...line, duration_ms: Math.round(reply.elapsedTime) }, "request");
  });
  app.setErrorHandler(async (thrown, request, reply) => {
    const failure = toHttpError(thrown);
    if (failure.status >= 500 && failure.error.code === "internal") {
      log.error({ route: request.routeOptions.url, err: failure.error.cause ?? thrown }, "request failed");
    }
    discardBody(request, reply);
    return replyError(reply, failure, () => jobs.retryAfterSeconds());
  });
  app.setNotFoundHandler(async (request, reply) => {
    discardBody(request, reply);
    const error = new AppError("not_found", "There is no such route.");
    return replyError(reply, { error, status: 404 }, () => 1);
  });
  app.get("/ping", { config: { open: true, describe: SERVER_ROUTES.ping } }, async (_request, reply) => {
    const status = PING[health()];
    return status === 204 ? reply.code(204).send() : reply.code(status).send({ status: health() });
  });
  app.get("/metrics", { config: { describe: SERVER_ROUTES.metrics } }, async (_request, reply) =>
    reply.type(jobs.metrics.registry.contentType).send(await jobs.metrics.registry.metrics()),
  );
  serveFiles(app, files, access);
  await app.register(operationsRoutes, { operations: OPERATIONS });
  await app.register(jobListRoutes, { jobs, operations: OPERATIONS });
  await app.register(pictureRoutes, { services: parts.services });
  await app.register(studioRoutes, {});
  await app.register(runpodRoutes, { jobs, workerId, isReady: () => health() === "ready" });
  await registerDocumented(app, parts);
  await app.ready();
  return app;
}
