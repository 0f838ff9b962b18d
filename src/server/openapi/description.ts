import { z } from "zod";
import { ERROR_CODES } from "../../errors.ts";

/** The APIs in the order in which the reference shows them, each with what it is. */
export const APIS = {
  avatar: "Avatar API: a text in, a video of an avatar who says it out.",
  interview: [
    "Interview API: chat with an interviewer, with an avatar or without. The same port takes its Socket.IO events:",
    "`generate` (the body of `/api/v2/lipsync`) and `cancel` in; `progress`, `queue_position`, `generation_complete` and",
    "`error` out.",
  ].join(" "),
  chunks: "Chunk API: a text in, chunks of video out, each as soon as it is ready.",
  higgs: "Higgs Audio API: speech, cloned voices and dialogues as WAV.",
  openai: "OpenAI's form of speech: what many programs ask for already.",
  runpod: [
    "RunPod endpoint: any operation as a job. Every route is there without `/v2/{endpoint}` too; `endpoint` is",
    "any name.",
  ].join(" "),
  server: "Server: what it can do, its jobs, its files, its health.",
} as const;

export type ApiName = keyof typeof APIS;

const own = z.object({
  error: z.string().describe("What is wrong, and what to do next."),
  code: z.enum(ERROR_CODES as [string, ...string[]]).describe("Stable: programs may switch on it."),
  retryable: z.boolean().describe("Whether the same request may succeed later."),
  violations: z
    .array(z.object({ path: z.string(), message: z.string() }))
    .optional()
    .describe("One for each fault of a bad input."),
});

/** Bodies of errors, by the API that answers them. */
export const ERROR_FORMS = {
  /** `{ success: false, error }` */
  success: z.object({ success: z.literal(false), error: z.string() }),
  /** `{ error }` */
  plain: z.object({ error: z.string() }),
  /** `{ detail }` */
  detail: z.object({ detail: z.string() }),
  openai: z.object({
    error: z.object({ message: z.string(), type: z.string(), param: z.string().nullable(), code: z.string() }),
  }),
  /** `{ error, code, retryable, violations? }` */
  own,
  /** The same, or `{ error }` alone where a body came without `input`. */
  bare: own.partial({ code: true, retryable: true }),
} as const;

/** What a route may fail with besides what any route may. */
export const FAILURES = {
  /** It starts a job and waits for it. */
  job: [404, 429, 499, 500, 502, 503, 504, 507],
  /** It looks something up by its name. */
  lookUp: [404],
  none: [],
} as const;

/** A parameter of the path, the query or the headers. A path's are required. */
export type ParameterDescription = { readonly schema: z.ZodType; readonly what: string };

type Parameters = Readonly<Record<string, ParameterDescription>>;

/** A body, by the schema that the route itself reads it with. */
export type BodyDescription = {
  readonly schema: z.ZodType;
  readonly example: unknown;
  /** Default `application/json` alone. */
  readonly types?: readonly string[];
  /** The operation whose params of the same name say what a field is and defaults to, where the schema does not. */
  readonly operation?: string;
  /** What the operation calls a field that goes by another name here. */
  readonly names?: Readonly<Record<string, string>>;
  /** The field that is a job: one of the operations with its params. Empty for the body itself. */
  readonly job?: string;
  /** Whether it may be left out. */
  readonly optional?: boolean;
};

/** One answer of a route that is no error. */
export type AnswerDescription = {
  readonly what: string;
  /** Default 200. */
  readonly status?: number;
  /** Default `application/json`. Without a schema it is bytes, or nothing where `type` is null. */
  readonly type?: string | null;
  readonly schema?: z.ZodType;
  /** The events of a stream, by what tells them apart, in the order in which they come. */
  readonly events?: Readonly<Record<string, z.ZodType>>;
};

/** What a route takes and answers: the reference and `/openapi.json` are made of it. */
export type RouteDescription = {
  readonly api: ApiName;
  /** One line. */
  readonly summary: string;
  /** Backticks mark code. */
  readonly details?: string;
  readonly path?: Parameters;
  readonly query?: Parameters;
  readonly headers?: Parameters;
  readonly body?: BodyDescription;
  readonly answers: readonly AnswerDescription[];
  readonly errors: keyof typeof ERROR_FORMS;
  readonly fails?: readonly number[];
};

declare module "fastify" {
  interface FastifyContextConfig {
    /** What the route takes and answers; `page` is for people, `alias` another path of a route that is described. */
    describe?: RouteDescription | "page" | "alias";
  }
}
