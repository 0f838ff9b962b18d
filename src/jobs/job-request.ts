import { z } from "zod";
import { AppError } from "../errors.ts";
import { EXECUTION_TIMEOUT_MS, JOB_TTL_MS, MAX_IDEMPOTENCY_KEY } from "../limits/jobs.ts";
import type { JobPolicy } from "./job.ts";

/** A job as a door hands it in. */
export type JobRequest = {
  readonly operation: string;
  readonly policy: JobPolicy;
  readonly webhook: string | null;
  /** The JSON text as it came, in pieces, and its value. */
  readonly body: readonly Buffer[];
  readonly value: unknown;
  readonly idempotencyKey: string | null;
};

const policySchema = z.object({
  executionTimeout: z.int().min(EXECUTION_TIMEOUT_MS.min).max(EXECUTION_TIMEOUT_MS.max),
  ttl: z.int().min(JOB_TTL_MS.min).max(JOB_TTL_MS.max),
  lowPriority: z.boolean(),
  priority: z.int().min(-100).max(100),
  retry: z.enum(["again", "fail"]),
});

/** What stands in a body beside `input`. */
export const envelopeSchema = z.object({
  webhook: z
    .url({ protocol: /^https?$/ })
    .max(2048)
    .optional(),
  policy: policySchema.partial().optional(),
  s3Config: z.looseObject({}).optional(),
});

const DEFAULT_POLICY: JobPolicy = {
  executionTimeout: EXECUTION_TIMEOUT_MS.default,
  ttl: JOB_TTL_MS.default,
  lowPriority: false,
  priority: 0,
  retry: "again",
};

/** Whether a body is an operation by itself, without the envelope. */
export function isBare(body: unknown): body is Record<string, unknown> {
  return isObject(body) && !Object.hasOwn(body, "input") && typeof body["operation"] === "string";
}

/**
 * Reads the envelope `{ input, webhook?, policy?, s3Config? }`; what the operation wants of `input` is looked at when
 * the job is run.
 * @param body the parsed JSON of `text`
 * @throws AppError `invalid_input` with a violation for each fault
 */
export function readJobRequest(body: unknown, text: readonly Buffer[], idempotencyKey: string | null): JobRequest {
  if (!isObject(body)) {
    throw new AppError("invalid_input", 'The body must be an object: { "input": { "operation", "params" } }.');
  }
  const input = isBare(body) ? body : body["input"];
  if (!isObject(input)) {
    throw new AppError("invalid_input", 'The job has no `input`. Send { "input": { "operation", "params" } }.', {
      violations: [{ path: "input", message: "Required, an object." }],
    });
  }
  const envelope = envelopeSchema.safeParse(body);
  if (!envelope.success) {
    const violations = envelope.error.issues.map(({ path, message }) => ({
      path: path.map(String).join("."),
      message: `${message}.`,
    }));
    const list = violations.map(({ path, message }) => `${path}: ${message}`).join(" ");
    throw new AppError("invalid_input", `The job cannot be accepted as it is. ${list}`, { violations });
  }
  if (idempotencyKey !== null && (idempotencyKey === "" || idempotencyKey.length > MAX_IDEMPOTENCY_KEY)) {
    throw new AppError("invalid_input", `An idempotency key has 1 to ${MAX_IDEMPOTENCY_KEY} characters.`);
  }
  const given = Object.entries(envelope.data.policy ?? {}).filter(([, value]) => value !== undefined);
  return {
    operation: typeof input["operation"] === "string" ? input["operation"].slice(0, 100) : "",
    policy: { ...DEFAULT_POLICY, ...(Object.fromEntries(given) as Partial<JobPolicy>) },
    webhook: envelope.data.webhook ?? null,
    body: text,
    value: body,
    idempotencyKey,
  };
}

/** The job that the handler gets: the envelope's parts that concern it, under the job's id. */
export function handlerJob(id: string, body: unknown): Record<string, unknown> {
  const envelope = body as Record<string, unknown>;
  if (!isBare(envelope)) {
    return { id, input: envelope["input"], ...("s3Config" in envelope ? { s3Config: envelope["s3Config"] } : {}) };
  }
  const { id: _given, webhook: _webhook, policy: _policy, s3Config, ...input } = envelope;
  return { id, input, ...(s3Config === undefined ? {} : { s3Config }) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
