import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type { Operation } from "../operations/operation.ts";
import { SERVER_ROUTES } from "./descriptions.ts";

/** An operation as pages that make forms and references of it read it. Schemas are JSON Schema 2020-12. */
export type ListedOperation = {
  readonly name: string;
  readonly summary: string;
  /** Markdown. */
  readonly description: string;
  /** What a caller may send: defaults are not required. */
  readonly params: object;
  readonly result: object;
  readonly example: unknown;
  readonly limits: readonly string[];
  /** Whether it waits for a place. */
  readonly heavy: boolean;
};

/** Serves `GET /api/operations`: `{ operations, count }`. */
export async function operationsRoutes(
  app: FastifyInstance,
  { operations }: { readonly operations: ReadonlyMap<string, Operation> },
): Promise<void> {
  let body: string | undefined;
  app.get("/api/operations", { config: { describe: SERVER_ROUTES.operations } }, async (_request, reply) => {
    body ??= JSON.stringify({ operations: listOperations(operations), count: operations.size });
    return reply.type("application/json; charset=utf-8").header("cache-control", "no-cache").send(body);
  });
}

/** Every operation with its schemas, in the order in which they are declared. */
export function listOperations(operations: ReadonlyMap<string, Operation>): ListedOperation[] {
  return [...operations.values()].map(({ name, summary, description, params, result, example, limits, heavy }) => ({
    name,
    summary,
    description,
    params: z.toJSONSchema(params, { target: "draft-2020-12", io: "input" }),
    result: z.toJSONSchema(result, { target: "draft-2020-12", io: "output" }),
    example,
    limits,
    heavy,
  }));
}
