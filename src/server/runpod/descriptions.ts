import { z } from "zod";
import { outputSchema } from "../../../handler/job.ts";
import { JOB_STATES } from "../../jobs/job.ts";
import { envelopeSchema } from "../../jobs/job-request.ts";
import { FAILURES, type RouteDescription } from "../openapi/description.ts";

const state = z.enum(JOB_STATES);
const id = z.string();
const input = z
  .looseObject({
    operation: z.string().describe("One of the operations below."),
    params: z.looseObject({}).optional().describe("What the operation takes."),
    output: outputSchema.optional(),
  })
  .describe("The job.");
const jobBody = {
  schema: z.looseObject({ input, ...envelopeSchema.shape }),
  job: "input",
  example: { input: { operation: "tts", params: { text: "안녕하세요" } } },
} as const;

const times = {
  delayTime: z.number().optional().describe("Milliseconds in the queue."),
  executionTime: z.number().optional().describe("Milliseconds of work."),
};
const begun = z.object({ id, status: state });
const job = z.object({
  ...times,
  id,
  status: state,
  workerId: z.string().optional(),
  error: z.string().optional().describe("JSON text of what it failed with."),
  output: z.unknown().optional().describe("The operation's result; while the job is under way, where it is."),
});
const ended = z.object({ ...times, id, status: state });

const endpoint = { endpoint: { schema: z.string(), what: "Any name." } };
const ofJob = { ...endpoint, job: { schema: id, what: "The job's id." } };
const wait = {
  wait: {
    schema: z
      .string()
      .regex(/^\d{1,12}$/)
      .optional(),
    what: "Milliseconds to wait: 1,000 to 300,000, default 90,000.",
  },
};

export const RUNPOD_ROUTES = {
  run: {
    api: "runpod",
    summary: "Takes a job.",
    path: endpoint,
    headers: {
      "idempotency-key": {
        schema: z.string().optional(),
        what: "The same key with the same body answers the job of the first time; with another body 409.",
      },
    },
    body: jobBody,
    answers: [{ what: "It waits.", schema: begun }],
    errors: "own",
    fails: [409, 503, 507],
  },
  runsync: {
    api: "runpod",
    summary: "Takes a job and waits for its result.",
    details: "A body that is `{ operation, params }` without `input` is answered with the operation's bare result.",
    path: endpoint,
    query: wait,
    body: jobBody,
    answers: [
      { what: "What the job ended with, or `id` and `status` where that took longer.", schema: z.looseObject({}) },
    ],
    errors: "bare",
    fails: [...FAILURES.job, 409],
  },
  bare: {
    api: "runpod",
    summary: "Runs an operation and answers its bare result, as clients of the cover worker want it.",
    details: "With `input` it answers as `/runsync` does. `POST /` is the same.",
    path: endpoint,
    query: wait,
    body: {
      schema: z.looseObject({ operation: input.shape.operation, params: input.shape.params, input: input.optional() }),
      example: { operation: "health_check" },
    },
    answers: [{ what: "The operation's result.", schema: z.looseObject({}) }],
    errors: "bare",
    fails: [...FAILURES.job, 409],
  },
  status: {
    api: "runpod",
    summary: "How a job stands.",
    path: ofJob,
    answers: [{ what: "The job.", schema: job }],
    errors: "own",
    fails: FAILURES.lookUp,
  },
  statusSync: {
    api: "runpod",
    summary: "How a job stands, once it has ended or the wait is over.",
    path: ofJob,
    query: wait,
    answers: [{ what: "The job.", schema: job }],
    errors: "own",
    fails: FAILURES.lookUp,
  },
  stream: {
    api: "runpod",
    summary: "What a job told since the last such call, as soon as there is anything.",
    path: ofJob,
    query: {
      after: {
        schema: z
          .string()
          .regex(/^\d{1,15}$/)
          .optional(),
        what: "The id of an event: all since, with their ids.",
      },
    },
    headers: {
      accept: { schema: z.string().optional(), what: "`text/event-stream` for events as they come." },
      "last-event-id": {
        schema: z
          .string()
          .regex(/^\d{1,15}$/)
          .optional(),
        what: "The event after which to go on.",
      },
    },
    answers: [
      {
        what: "Parts of the output.",
        schema: z.object({
          status: state,
          stream: z.array(z.object({ id: z.int().optional(), output: z.unknown() })),
          dropped: z.int().optional().describe("Events that are not kept any longer."),
        }),
      },
      {
        what: "Everything that the job tells.",
        type: "text/event-stream",
        events: { end: z.object({ status: state }), gap: z.object({ dropped: z.int() }) },
      },
    ],
    errors: "own",
    fails: FAILURES.lookUp,
  },
  cancel: {
    api: "runpod",
    summary: "Cancels a job that waits or is under way.",
    path: ofJob,
    answers: [{ what: "The job.", schema: ended }],
    errors: "own",
    fails: FAILURES.lookUp,
  },
  retry: {
    api: "runpod",
    summary: "Runs a job that failed or timed out again, under its id.",
    path: ofJob,
    answers: [{ what: "The job.", schema: ended }],
    errors: "own",
    fails: [404, 409, 503],
  },
  purge: {
    api: "runpod",
    summary: "Forgets the jobs that wait.",
    path: endpoint,
    answers: [{ what: "How many.", schema: z.object({ removed: z.int(), status: z.literal("completed") }) }],
    errors: "own",
  },
  artifacts: {
    api: "runpod",
    summary: "Deletes the files that a job stored.",
    path: ofJob,
    answers: [{ what: "How many.", schema: z.object({ id, deleted: z.int() }) }],
    errors: "own",
    fails: [404, 409, 507],
  },
  health: {
    api: "runpod",
    summary: "Jobs and places, counted as the platform counts jobs and workers.",
    path: endpoint,
    answers: [
      {
        what: "The counts.",
        schema: z.object({ jobs: z.record(z.string(), z.int()), workers: z.record(z.string(), z.int()) }),
      },
    ],
    errors: "own",
  },
} as const satisfies Record<string, RouteDescription>;
