import cors from "@fastify/cors";
import rateLimit from "@fastify/rate-limit";
import type { FastifyInstance } from "fastify";
import type { Config } from "../config.ts";
import { AppError } from "../errors.ts";
import { RATE_LIMIT_ADDRESSES } from "../limits/server.ts";

/** What every answer says to browsers: take types as they are said, send no addresses on, and do not frame us. */
const HEADERS = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "x-frame-options": "SAMEORIGIN",
  "permissions-policy": "microphone=(self), camera=()",
} as const;

/** What answers say that pages of other origins may read. */
const EXPOSED = [
  "Retry-After",
  "Content-Disposition",
  "Content-Range",
  "Accept-Ranges",
  "ETag",
  "X-RateLimit-Remaining",
];

type Guarded = Pick<Config, "corsOrigins" | "rateLimit">;

/**
 * Puts around all routes what a server on a network needs: headers for browsers, the origins whose pages may call it,
 * and a limit of requests a minute for each address.
 */
export async function addGuardRails(
  app: FastifyInstance,
  { corsOrigins, rateLimit: perMinute }: Guarded,
): Promise<void> {
  app.addHook("onRequest", async (_request, reply) => {
    void reply.headers(HEADERS);
  });
  await app.register(cors, {
    origin: corsOrigins.includes("*") ? "*" : [...corsOrigins],
    methods: ["GET", "HEAD", "POST", "DELETE"],
    exposedHeaders: EXPOSED,
    maxAge: 600,
  });
  if (perMinute === 0) return;
  await app.register(rateLimit, {
    max: perMinute,
    timeWindow: 60_000,
    cache: RATE_LIMIT_ADDRESSES,
    // Probes of the platform are no callers, and a page that plays a film reads it in many pieces.
    allowList: ({ url }) => /^\/(ping|files\/|video\/|assets\/)/.test(url),
    errorResponseBuilder: (_request, { max, after }) =>
      new AppError("too_many_requests", `More than ${max} requests a minute. Try again in ${after}.`),
  });
}
