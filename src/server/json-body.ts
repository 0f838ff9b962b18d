import type { IncomingMessage } from "node:http";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { AppError } from "../errors.ts";
import { parseLargeJson } from "../jobs/large-json.ts";

/** A request's JSON, as its bytes came and as their value. */
export type JsonBody = { readonly bytes: Buffer; readonly value: unknown };

/**
 * Lets the routes of `app` take JSON, large bodies without holding up the event loop. Other content types are refused,
 * also a missing one: a web page of anyone's could send those here without asking.
 */
export function acceptJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    /^application\/(?:[\w.+-]+\+)?json\b/i,
    async (request: FastifyRequest, payload: IncomingMessage): Promise<JsonBody | undefined> => {
      const bytes = await readBody(payload, request.routeOptions.bodyLimit);
      return bytes.length === 0 ? undefined : { bytes, value: await parseLargeJson(bytes) };
    },
  );
}

/** The JSON body of a request; undefined for none. */
export function jsonBody(request: FastifyRequest): JsonBody | undefined {
  return request.body as JsonBody | undefined;
}

/**
 * Reads a body into a buffer of its announced length as it comes, so that nothing large is copied in one go at its end.
 * @throws AppError `input_too_large`; `invalid_input` when it breaks off
 */
async function readBody(payload: IncomingMessage, limit: number): Promise<Buffer> {
  const announced = Number(payload.headers["content-length"] ?? 0);
  if (announced > limit) throw tooLarge(limit);
  let bytes = Buffer.allocUnsafe(announced);
  let length = 0;
  try {
    // Not destroyed when it is left early: what is left of it is read to its end, for the answer to get through.
    for await (const chunk of payload.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      if (length + chunk.length > limit) throw tooLarge(limit);
      if (length + chunk.length > bytes.length) {
        const larger = Buffer.allocUnsafe(Math.min(limit, Math.max(1 << 16, 2 * (length + chunk.length))));
        bytes.copy(larger, 0, 0, length);
        bytes = larger;
      }
      length += chunk.copy(bytes, length);
    }
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError("invalid_input", "The body broke off.", { cause: error });
  }
  return bytes.subarray(0, length);
}

function tooLarge(limit: number): AppError {
  return new AppError("input_too_large", `The body is larger than the ${limit} bytes that this route takes.`);
}
