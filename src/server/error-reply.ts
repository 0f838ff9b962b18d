import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { AppError, toAppError } from "../errors.ts";
import { MAX_DISCARDED_BYTES } from "../limits/server.ts";

/** An error with the status it is answered with. */
export type HttpError = { readonly error: AppError; readonly status: number };

/** Any thrown value, the framework's own included, as an error of the table. */
export function toHttpError(thrown: unknown): HttpError {
  const { code, statusCode } = (thrown ?? {}) as Partial<FastifyError>;
  if (thrown instanceof AppError || typeof code !== "string" || !code.startsWith("FST_")) {
    const error = toAppError(thrown);
    return { error, status: error.status };
  }
  const error = fromFramework(code, thrown);
  return { error, status: statusCode ?? error.status };
}

function fromFramework(code: string, cause: unknown): AppError {
  switch (code) {
    case "FST_ERR_CTP_BODY_TOO_LARGE":
      return new AppError("input_too_large", "The body is larger than this route takes. Send large files by URL.", {
        cause,
      });
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
      return new AppError("invalid_input", "Send JSON, with the header Content-Type: application/json.", { cause });
    default: {
      const status = (cause as Partial<FastifyError>).statusCode ?? 500;
      if (status >= 500) return new AppError("internal", "Something unexpected went wrong.", { cause });
      return new AppError("invalid_input", "The request cannot be read. Check its URL, headers and body.", { cause });
    }
  }
}

/** Answers an error: `{ error, code, retryable, violations? }`, with `Retry-After` where it makes sense. */
export function replyError(
  reply: FastifyReply,
  { error, status }: HttpError,
  retryAfterSeconds: () => number,
): FastifyReply {
  if (error.code === "queue_full" || error.code === "shutting_down") {
    void reply.header("retry-after", String(retryAfterSeconds()));
  }
  const { message, ...report } = error.report();
  return reply.code(status).send({ error: message, ...report });
}

/**
 * Reads what is left of a body that is not wanted, up to a limit: a client that is still sending would otherwise see its
 * connection break instead of the answer. For the same reason the framework's wish to close the connection is not followed.
 */
export function discardBody({ raw }: FastifyRequest, reply: FastifyReply): void {
  if (raw.complete) return;
  if (!reply.sent) void reply.removeHeader("connection");
  let bytes = 0;
  raw.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_DISCARDED_BYTES) raw.destroy();
  });
  raw.resume();
}
