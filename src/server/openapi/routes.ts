import type { FastifyInstance } from "fastify";
import type { Operation } from "../../operations/operation.ts";
import { buildOpenApi, type DescribedRoute } from "./build.ts";
import type { RouteDescription } from "./description.ts";

const DESCRIPTION: RouteDescription = {
  api: "server",
  summary: "This description: OpenAPI 3.1 of every route.",
  answers: [{ what: "The description." }],
  errors: "own",
};

type Parts = { readonly operations: ReadonlyMap<string, Operation>; readonly version: string };

/**
 * Serves `GET /openapi.json`, of all routes that are added to `app` after this.
 * @throws Error from then on, for a route that is not described
 */
export function openApiRoutes(app: FastifyInstance, { operations, version }: Parts): void {
  const routes: DescribedRoute[] = [];
  app.addHook("onRoute", ({ method, url, config, bodyLimit }) => {
    const { describe, open = false } = config ?? {};
    // What answers a browser's question before a call, or the head of a GET, needs no description of its own.
    for (const each of [method].flat().filter((name) => name !== "HEAD" && name !== "OPTIONS")) {
      if (describe === undefined) throw new Error(`${each} ${url} is not described: give it \`config.describe\`.`);
      if (typeof describe !== "object") continue;
      const limit = bodyLimit ?? app.initialConfig.bodyLimit;
      routes.push({ method: each, url, description: describe, bodyLimit: limit, open });
    }
  });
  let body: string | undefined;
  app.get("/openapi.json", { config: { open: true, describe: DESCRIPTION } }, async (_request, reply) => {
    body ??= JSON.stringify(buildOpenApi(routes, operations, version));
    return reply.type("application/json; charset=utf-8").header("cache-control", "no-cache").send(body);
  });
}
