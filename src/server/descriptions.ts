import { z } from "zod";
import { JOB_STATES } from "../jobs/job.ts";
import { JOBS_LISTED } from "../limits/jobs.ts";
import type { RouteDescription } from "./openapi/description.ts";
import { RUNPOD_ROUTES } from "./runpod/descriptions.ts";

const time = z.number().nullable().describe("Epoch milliseconds.");
const listedJob = z.object({
  id: z.string(),
  operation: z.string(),
  status: z.enum(JOB_STATES),
  created_at: z.number().describe("Epoch milliseconds."),
  started_at: time,
  finished_at: time,
  expires_at: z.number().describe("When the job is forgotten, epoch milliseconds."),
  attempts: z.int(),
  files: z.int().describe("How many it stored."),
  delayTime: z.number().optional(),
  executionTime: z.number().optional(),
  error: z.looseObject({ code: z.string().optional(), message: z.string() }).optional(),
  progress: z.unknown().optional(),
});

/** Routes that belong to none of the documented APIs. */
export const SERVER_ROUTES = {
  ping: {
    api: "server",
    summary: "Whether the server takes jobs.",
    answers: [
      { what: "It does.", schema: z.object({ status: z.literal("ready") }) },
      { status: 204, what: "Engines warm up.", type: null },
      { status: 503, what: "It stops, or cannot work.", schema: z.object({ status: z.enum(["stopping", "unfit"]) }) },
    ],
    errors: "own",
  },
  metrics: {
    api: "server",
    summary: "Metrics for Prometheus.",
    answers: [{ what: "Its text format.", type: "text/plain" }],
    errors: "own",
  },
  files: {
    api: "server",
    summary: "A file that a job stored, whole or in ranges, until it expires.",
    path: { path: { schema: z.string(), what: "The file's key." } },
    query: { signature: { schema: z.string().optional(), what: "Stands in the URL where the server has a key." } },
    answers: [
      { what: "The file.", type: "application/octet-stream" },
      { status: 206, what: "The range.", type: "application/octet-stream" },
      { status: 302, what: "It lies in the bucket.", type: null },
      { status: 304, what: "The caller has it.", type: null },
      { status: 416, what: "There is no such range.", type: null },
    ],
    errors: "own",
    fails: [404],
  },
  operations: {
    api: "server",
    summary: "Every operation, with the JSON Schemas of its params and its result.",
    answers: [
      {
        what: "All.",
        schema: z.object({
          operations: z.array(
            z.object({
              name: z.string(),
              summary: z.string(),
              description: z.string(),
              params: z.looseObject({}),
              result: z.looseObject({}),
              example: z.unknown(),
              limits: z.array(z.string()),
              heavy: z.boolean().describe("Whether it waits for a place."),
            }),
          ),
          count: z.int(),
        }),
      },
    ],
    errors: "own",
  },
  jobs: {
    api: "server",
    summary: "The latest jobs.",
    query: {
      limit: {
        schema: z
          .string()
          .regex(/^\d{1,4}$/)
          .optional(),
        what: `Most jobs: 1 to ${JOBS_LISTED.max}, default ${JOBS_LISTED.default}.`,
      },
      light: {
        schema: z.enum(["true", "false"]).optional(),
        what: "`true` for those too that only look something up.",
      },
    },
    answers: [{ what: "Newest first.", schema: z.object({ jobs: z.array(listedJob), count: z.int() }) }],
    errors: "own",
  },
  job: {
    api: "server",
    summary: "One job, with the violations of its failure.",
    path: { job: { schema: z.string(), what: "The job's id." } },
    answers: [{ what: "The job.", schema: listedJob }],
    errors: "own",
    fails: [404],
  },
  submit: {
    api: "server",
    summary: "Takes a job, as large as this machine takes it, and answers faults in its params at once.",
    body: RUNPOD_ROUTES.run.body,
    answers: RUNPOD_ROUTES.run.answers,
    errors: "own",
    fails: [404, 503, 507],
  },
  picture: {
    api: "server",
    summary: "How somebody looks.",
    path: { person: { schema: z.string(), what: "The avatar's base name." } },
    answers: [{ what: "A picture.", type: "image/jpeg" }],
    errors: "own",
    fails: [404],
  },
} as const satisfies Record<string, RouteDescription>;
