import { BATCH_ANSWER_GRACE_MS, BATCH_WAIT_MS } from "../../limits/batch.ts";
import type { BatchLine } from "./jobs-file.ts";

/** A job on the endpoint, as its status says. */
export type RemoteJob = {
  readonly id: string;
  readonly status: string;
  readonly output?: unknown;
  readonly error?: unknown;
  readonly executionTime?: number;
  readonly delayTime?: number;
};

/** How a call went. */
export type Answer =
  | { readonly kind: "job"; readonly job: RemoteJob }
  /** Nothing was begun; the same may be taken later. */
  | { readonly kind: "busy"; readonly reason: string }
  /** Nothing was begun, nor will be. */
  | { readonly kind: "refused"; readonly reason: string; readonly status: number }
  /** The endpoint knows of no such job. */
  | { readonly kind: "gone" }
  /** Nobody can say what has become of it. */
  | { readonly kind: "unclear"; readonly reason: string };

const FINAL = new Set(["COMPLETED", "FAILED", "CANCELLED", "TIMED_OUT"]);

export function isFinalStatus(status: string): boolean {
  return FINAL.has(status);
}

/** What the SDK's functions are to us. */
type Sdk = {
  runSync(request: BatchLine["request"], timeout: number): Promise<unknown>;
  statusSync(id: string, timeout: number): Promise<unknown>;
};

/** A RunPod endpoint, through `runpod-sdk`. */
export class RemoteEndpoint {
  readonly #sdk: Sdk;

  private constructor(sdk: Sdk) {
    this.#sdk = sdk;
  }

  /** @param baseUrl with `/v2`; undefined for RunPod itself */
  static async connect(endpointId: string, apiKey: string, baseUrl: string | undefined): Promise<RemoteEndpoint> {
    const { default: runpodSdk } = await loadQuietly();
    const sdk = baseUrl === undefined ? runpodSdk(apiKey) : runpodSdk(apiKey, { baseUrl });
    return new RemoteEndpoint(sdk.endpoint(endpointId) as unknown as Sdk);
  }

  /**
   * Submits a job through runsync, with the shortest wait there is: the answer comes with the result if the job is
   * quick, else soon with its id.
   */
  async submit(request: BatchLine["request"]): Promise<Answer> {
    try {
      return asJob(await inTime(this.#sdk.runSync(request, 1000), BATCH_ANSWER_GRACE_MS));
    } catch (error) {
      return describeSubmission(error);
    }
  }

  /** The job when it has ended, or as it is after a while. */
  async look(id: string): Promise<Answer> {
    try {
      return asJob(await inTime(this.#sdk.statusSync(id, BATCH_WAIT_MS), BATCH_WAIT_MS + BATCH_ANSWER_GRACE_MS));
    } catch (error) {
      const status = httpStatus(error);
      if (status === 404) return { kind: "gone" };
      if (status !== undefined && status < 500 && status !== 429 && status !== 408) {
        return { kind: "refused", reason: reasonOf(error), status };
      }
      return { kind: "busy", reason: reasonOf(error) };
    }
  }
}

/** The SDK keeps the `console.log` that it finds when it is loaded, to print a line for each poll. */
async function loadQuietly(): Promise<typeof import("runpod-sdk")> {
  const print = console.log;
  console.log = () => {};
  try {
    return await import("runpod-sdk");
  } finally {
    console.log = print;
  }
}

function asJob(answer: unknown): Answer {
  const job = answer as Partial<RemoteJob> | undefined;
  if (typeof job?.id === "string" && typeof job.status === "string") return { kind: "job", job: job as RemoteJob };
  return { kind: "unclear", reason: "The endpoint's answer has no job in it." };
}

/** What a submission that was not answered means for the job. */
function describeSubmission(error: unknown): Answer {
  const status = httpStatus(error);
  const reason = reasonOf(error);
  // It was taken, and what failed is the question for its status, whose address has its id.
  const url = (error as { config?: { url?: unknown } }).config?.url;
  const id = typeof url === "string" ? /\/status-sync\/([^/?]+)/.exec(url)?.[1] : undefined;
  if (id !== undefined && id !== "undefined") return { kind: "job", job: { id, status: "IN_QUEUE" } };
  if (status === 429 || status === 503) return { kind: "busy", reason };
  if (status !== undefined && status < 500 && status !== 408) return { kind: "refused", reason, status };
  const { code } = ((error as { cause?: unknown }).cause ?? {}) as { code?: unknown };
  const unreached = [
    "ECONNREFUSED",
    "ENOTFOUND",
    "EAI_AGAIN",
    "EHOSTUNREACH",
    "ENETUNREACH",
    "UND_ERR_CONNECT_TIMEOUT",
  ];
  if (status === undefined && unreached.includes(String(code))) return { kind: "busy", reason };
  return { kind: "unclear", reason };
}

function httpStatus(error: unknown): number | undefined {
  const status = (error as { response?: { status?: unknown } } | null)?.response?.status;
  return typeof status === "number" ? status : undefined;
}

/** Why a call failed, as far as that is known; what the endpoint says of it, if it does. */
function reasonOf(error: unknown): string {
  const { response, message, cause } = error as {
    response?: { data?: unknown };
    message?: unknown;
    cause?: { code?: unknown; message?: unknown };
  };
  const said = (response?.data as { error?: unknown } | undefined)?.error;
  const why = cause?.code ?? cause?.message;
  return [String(message), ...(typeof said === "string" ? [said] : []), ...(typeof why === "string" ? [why] : [])].join(
    ": ",
  );
}

/** Rejects when there is no answer in time: the SDK would wait for ever. */
async function inTime<T>(answer: Promise<T>, ms: number): Promise<T> {
  const over = Promise.withResolvers<never>();
  const timer = setTimeout(() => over.reject(new Error(`no answer within ${ms} ms`)), ms);
  try {
    return await Promise.race([answer, over.promise]);
  } finally {
    clearTimeout(timer);
  }
}
