import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { AppError } from "../errors.ts";
import type { Jobs } from "../jobs/jobs.ts";
import type { Log } from "../log.ts";
import { discardBody, type HttpError, toHttpError } from "./error-reply.ts";

/** An error as a document's clients read it. */
export type ErrorForm = (error: AppError, request: FastifyRequest) => Readonly<Record<string, unknown>>;

/** `{ success: false, error }`, as document 000 and most of 001 have it. */
export const successErrorForm: ErrorForm = ({ message }) => ({ success: false, error: message });

/** `{ error }`, as the chat routes of 001 and document 002 have it. */
export const plainErrorForm: ErrorForm = ({ message }) => ({ error: message });

/** `{ detail }`, as document 003 has it. */
export const detailErrorForm: ErrorForm = ({ message }) => ({ detail: message });

/**
 * Has the routes of `app` (one plugin's) answer errors in their document's form, with the status of the error's code.
 * @param translate the error as the document words it
 */
export function renderErrors(
  app: FastifyInstance,
  { jobs, log }: { readonly jobs: Jobs; readonly log: Log },
  form: ErrorForm,
  translate: (error: AppError, request: FastifyRequest) => AppError = (error) => error,
): void {
  app.setErrorHandler(async (thrown, request, reply) => {
    const failure = toHttpError(thrown);
    if (failure.error.code === "internal") {
      log.error({ route: request.routeOptions.url, err: failure.error.cause ?? thrown }, "request failed");
    }
    discardBody(request, reply);
    return replyInForm(request, reply, failure, form, translate, () => jobs.retryAfterSeconds());
  });
}

function replyInForm(
  request: FastifyRequest,
  reply: FastifyReply,
  { error, status }: HttpError,
  form: ErrorForm,
  translate: (error: AppError, request: FastifyRequest) => AppError,
  retryAfterSeconds: () => number,
): FastifyReply {
  if (error.code === "queue_full" || error.code === "shutting_down") {
    void reply.header("retry-after", String(retryAfterSeconds()));
  }
  return reply.code(status).send(form(translate(error, request), request));
}
