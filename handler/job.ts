import { z } from "zod";
import { suggest } from "../src/engines/catalog.ts";
import { AppError, toAppError, type Violation } from "../src/errors.ts";
import { MAX_JOB_DEPTH } from "../src/limits/inputs.ts";
import { TTL_SECONDS } from "../src/limits/jobs.ts";
import type { Operation } from "../src/operations/operation.ts";
import { type BucketSettings, bucketSettings } from "../src/storage/s3/settings.ts";

/** Where outputs go, as the caller asks. */
export const outputSchema = z.strictObject({
  delivery: z
    .enum(["auto", "s3", "inline", "url"])
    .default("auto")
    .describe("`auto`: the bucket where there is one, else the answer where the file fits, else a URL."),
  ttl_seconds: z.int().min(TTL_SECONDS.min).max(TTL_SECONDS.max).optional().describe("How long outputs are kept."),
  persist: z.boolean().default(false).describe("Keep outputs for good."),
});

export type OutputRequest = z.output<typeof outputSchema>;

/** The caller's bucket, as the platform's clients send it beside the input. */
const s3ConfigSchema = z.object({
  accessId: z.string(),
  accessSecret: z.string(),
  bucketName: z.string().default(""),
  objectPath: z.string().default(""),
  endpointUrl: z.string().default(""),
});

const S3_CONFIG_NAMES = {
  endpointUrl: "s3Config.endpointUrl",
  bucket: "s3Config.bucketName",
  folder: "s3Config.objectPath",
  accessKeyId: "s3Config.accessId",
  secretAccessKey: "s3Config.accessSecret",
} as const;

/** A job as every door hands it over: `{ id?, input: { operation, params, output? } }`, or the inner object alone. */
export type ParsedJob = {
  readonly id: string;
  readonly operation: Operation;
  readonly params: unknown;
  readonly output: OutputRequest;
  /** The bucket that the caller wants its outputs in. */
  readonly bucket?: BucketSettings;
};

/**
 * Reads a job, and reports everything that is wrong with its envelope and params at once.
 * @throws AppError `invalid_input` with one violation per fault, `unknown_operation`
 */
export function parseJob(job: unknown, operations: ReadonlyMap<string, Operation>, newId: () => string): ParsedJob {
  if (!isObject(job)) throw new AppError("invalid_input", "A job is a JSON object: {operation, params}.");
  if (depth(job, 0) > MAX_JOB_DEPTH) {
    throw new AppError("invalid_input", `The job is nested more than ${MAX_JOB_DEPTH} levels deep.`);
  }
  if ("input" in job && !isObject(job["input"])) {
    throw new AppError("invalid_input", "The job's input must be an object: {operation, params}.");
  }
  const input = isObject(job["input"]) ? job["input"] : job;
  const names = [...operations.keys()];
  const name = input["operation"];
  if (typeof name !== "string" || name === "") {
    throw new AppError("invalid_input", `The job names no operation. Known: ${names.join(", ")}.`, {
      violations: [{ path: "operation", message: "Required, a string." }],
    });
  }
  const operation = operations.get(name);
  if (!operation) throw new AppError("unknown_operation", `There is no operation "${name}". ${suggest(name, names)}`);

  const violations: Violation[] = [];
  const known = new Set([
    "operation",
    "params",
    "output",
    ...(input === job ? ["id", "webhook", "policy", "s3Config"] : []),
  ]);
  for (const key of Object.keys(input)) {
    if (!known.has(key)) {
      violations.push({ path: key, message: `Unknown field. ${suggest(key, ["operation", "params", "output"])}` });
    }
  }
  const params = operation.params.safeParse(input["params"] ?? {});
  if (!params.success) violations.push(...describeIssues(params.error, "params", operation.params));
  const output = outputSchema.safeParse(input["output"] ?? {});
  if (!output.success) violations.push(...describeIssues(output.error, "output", outputSchema));
  const bucket = parseBucket(job["s3Config"], violations);
  if (violations.length > 0 || !params.success || !output.success) {
    const list = violations.map(({ path, message }) => `${path}: ${message}`).join(" ");
    throw new AppError("invalid_input", `The job "${name}" cannot be run as it is. ${list}`, { violations });
  }
  const id = typeof job["id"] === "string" && job["id"] !== "" ? job["id"] : newId();
  return { id, operation, params: params.data, output: output.data, ...(bucket ? { bucket } : {}) };
}

/** Reads a job's `s3Config`; what is wrong with it joins the violations, without what it says. */
function parseBucket(s3Config: unknown, violations: Violation[]): BucketSettings | undefined {
  if (s3Config === undefined || s3Config === null) return undefined;
  const parsed = s3ConfigSchema.safeParse(s3Config);
  if (!parsed.success) {
    violations.push(...describeIssues(parsed.error, "s3Config", s3ConfigSchema));
    return undefined;
  }
  const { accessId, accessSecret, bucketName, objectPath, endpointUrl } = parsed.data;
  const keys = { accessKeyId: accessId, secretAccessKey: accessSecret, sessionToken: "" };
  const place = { endpointUrl, bucket: bucketName, folder: objectPath, region: "" } as const;
  const request = { ...place, addressing: "auto", ...keys } as const;
  try {
    return bucketSettings(request, S3_CONFIG_NAMES);
  } catch (error) {
    violations.push(...(toAppError(error).violations ?? []));
    return undefined;
  }
}

/** A schema's complaints as violations; an unknown key comes with the nearest known one. */
function describeIssues(error: z.ZodError, root: string, schema: z.ZodType): Violation[] {
  const violations: Violation[] = [];
  for (const issue of error.issues) {
    const path = [root, ...issue.path.map(String)].join(".");
    if (issue.code === "unrecognized_keys") {
      const shape = schema instanceof z.ZodObject && issue.path.length === 0 ? Object.keys(schema.shape) : [];
      for (const key of issue.keys) {
        violations.push({ path: `${path}.${key}`, message: `Unknown parameter. ${suggest(key, shape)}` });
      }
    } else {
      violations.push({ path, message: `${issue.message}.` });
    }
  }
  return violations;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Levels of nesting, counted no further than one past the limit. */
function depth(value: unknown, level: number): number {
  if (typeof value !== "object" || value === null || level > MAX_JOB_DEPTH) return level;
  let deepest = level;
  for (const child of Object.values(value)) deepest = Math.max(deepest, depth(child, level + 1));
  return deepest;
}
