import type { FastifyReply, FastifyRequest } from "fastify";
import { AppError, ERROR_CODES, type ErrorCode } from "../../errors.ts";
import { readJobError } from "../../jobs/job-error.ts";
import { type JobRequest, readJobRequest } from "../../jobs/job-request.ts";
import type { Jobs } from "../../jobs/jobs.ts";
import type { JsonBody } from "../json-body.ts";
import { callerGone, sendJson } from "./answer.ts";

/**
 * Answers `{ operation, params }` without `input` with the operation's own result. Nobody else can ask for it: when the
 * caller goes, the job is cancelled.
 * @throws AppError what the job failed with
 */
export async function answerBare(
  request: FastifyRequest,
  reply: FastifyReply,
  jobs: Jobs,
  { value, bytes }: JsonBody,
): Promise<FastifyReply> {
  const gone = callerGone(request, reply);
  const { id, policy } = await jobs.submit(inField({ value, bytes }));
  const view = await jobs.wait(id, policy.ttl, gone);
  const { record } = view;
  if (gone.aborted) {
    jobs.cancel(id);
    return reply;
  }
  if (record.state === "COMPLETED") return sendJson(reply, (await jobs.output(view)) ?? [Buffer.from("{}")]);
  if (record.error !== null) throw asAppError(record.error);
  if (record.state === "CANCELLED") throw new AppError("cancelled", "The job was cancelled.");
  jobs.cancel(id);
  throw new AppError("shutting_down", "The server is shutting down. Try again shortly.");
}

/** The operation whose documented answer carries its file as base64, where that fits. */
const WITH_FILE = "generate_cover_from_separate_audio";

/**
 * Has the file go into the answer, as the clients of document 004 read it, where they do not say otherwise. The text is
 * added to and not written anew: it may be long.
 */
function inField({ value, bytes }: JsonBody): JobRequest {
  const job = value as Record<string, unknown>;
  if (job["operation"] !== WITH_FILE || "output" in job) return readJobRequest(value, [bytes], null);
  const output = { delivery: "inline" };
  const head = Buffer.from(`{"output":${JSON.stringify(output)},`);
  return readJobRequest({ output, ...job }, [head, bytes.subarray(bytes.indexOf("{") + 1)], null);
}

function asAppError(text: string): AppError {
  const { code, message } = readJobError(text);
  const known = ERROR_CODES.find((candidate): candidate is ErrorCode => candidate === code);
  return new AppError(known ?? "internal", message);
}
