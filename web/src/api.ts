import type { JsonSchema } from "./schema/json-schema.ts";

/** One thing wrong with an input: where (`params.text`), and what. */
export type Violation = { readonly path: string; readonly message: string };

/** An answer that is an error, or none at all (`code` is `offline` then). */
export class ApiError extends Error {
  readonly code: string;
  readonly violations: readonly Violation[];

  constructor(code: string, message: string, violations: readonly Violation[] = []) {
    super(message);
    this.name = "ApiError";
    this.code = code;
    this.violations = violations;
  }
}

export type Operation = {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  readonly params: JsonSchema;
  readonly result: JsonSchema;
  readonly example: unknown;
  readonly limits: readonly string[];
  readonly heavy: boolean;
};

export type JobStatus = "IN_QUEUE" | "IN_PROGRESS" | "COMPLETED" | "FAILED" | "CANCELLED" | "TIMED_OUT";

export type Artifact = {
  readonly kind: string;
  readonly filename: string;
  readonly mime: string;
  readonly bytes: number;
  readonly duration?: number;
  readonly url?: string;
  readonly base64?: string;
  readonly base64_field?: string;
  readonly expires_at: string | null;
};

export type Receipt = {
  readonly queue_ms: number;
  readonly cold_start_ms: number;
  readonly total_ms: number;
  readonly stages: readonly { readonly stage: string; readonly ms: number }[];
  readonly engines: readonly { readonly kind: string; readonly id?: string; readonly model?: string }[];
  readonly device: string;
  readonly seed: number | null;
};

/** A finished job's answer: the operation's own fields besides these. */
export type Result = Readonly<Record<string, unknown>> & {
  readonly artifacts?: readonly Artifact[];
  readonly receipt?: Receipt;
  readonly warnings?: readonly string[];
};

export type ListedJob = {
  readonly id: string;
  readonly operation: string;
  readonly status: JobStatus;
  readonly created_at: number;
  readonly started_at: number | null;
  readonly finished_at: number | null;
  readonly files: number;
  readonly delayTime?: number;
  readonly executionTime?: number;
  readonly error?: { readonly code?: string; readonly message: string; readonly violations?: readonly Violation[] };
  readonly progress?: { readonly progress?: number; readonly stage?: string };
};

/** What a running job tells. */
export type JobEvent = {
  readonly type?: string;
  readonly stage?: string;
  readonly message?: string;
  readonly progress?: number;
  readonly status?: JobStatus;
  readonly [detail: string]: unknown;
};

const KEY = "talkbox-key";

/** The key that this browser sends, kept for the tab alone. */
export const apiKey = {
  get: (): string => sessionStorage.getItem(KEY) ?? "",
  set: (key: string): void => (key === "" ? sessionStorage.removeItem(KEY) : sessionStorage.setItem(KEY, key)),
};

let askForKey: () => void = () => undefined;

/** Says whom to tell when the server wants a key. */
export function onKeyWanted(ask: () => void): void {
  askForKey = ask;
}

/** Calls the server. @throws ApiError for every answer that is an error, and for none */
export async function call(path: string, { json, ...init }: RequestInit & { json?: unknown } = {}): Promise<Response> {
  const key = apiKey.get();
  const headers = new Headers(init.headers);
  if (key !== "") headers.set("authorization", `Bearer ${key}`);
  if (json !== undefined) headers.set("content-type", "application/json");
  let response: Response;
  try {
    response = await fetch(path, {
      ...init,
      headers,
      ...(json === undefined ? {} : { method: init.method ?? "POST", body: JSON.stringify(json) }),
    });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ApiError("offline", "The server does not answer.");
  }
  if (response.ok) return response;
  if (response.status === 401) askForKey();
  throw await errorOf(response);
}

/** Calls the server and reads JSON. */
export async function callJson<T>(path: string, init: RequestInit & { json?: unknown } = {}): Promise<T> {
  return (await (await call(path, init)).json()) as T;
}

/** An error in any of the forms in which the server's doors answer one. */
async function errorOf(response: Response): Promise<ApiError> {
  const text = await response.text();
  try {
    const body = JSON.parse(text) as Record<string, unknown>;
    const message = body["error"] ?? body["detail"] ?? body["message"];
    const code =
      typeof body["code"] === "string" ? body["code"] : response.status === 401 ? "unauthorized" : "internal";
    return new ApiError(
      code,
      typeof message === "string" ? message : text,
      body["violations"] as readonly Violation[] | undefined,
    );
  } catch {
    return new ApiError(response.status === 404 ? "not_found" : "internal", text.slice(0, 300));
  }
}

/** Runs an operation that only looks something up. */
export async function lookUp<T>(operation: string): Promise<T> {
  const { output, error } = await callJson<{ output?: T; error?: string }>("/v2/local/runsync", {
    json: { input: { operation, params: {} } },
  });
  if (output === undefined) throw jobError(error ?? "");
  return output;
}

/** Hands a job in. @returns its id */
export async function submitJob(operation: string, params: object, signal: AbortSignal): Promise<string> {
  const json = { input: { operation, params } };
  return (await callJson<{ id: string }>("/api/jobs", { json, signal })).id;
}

export async function cancelJob(id: string): Promise<void> {
  await call(`/v2/local/cancel/${id}`, { method: "POST" });
}

export async function retryJob(id: string): Promise<void> {
  await call(`/v2/local/retry/${id}`, { method: "POST" });
}

/** How a job stands, with its answer. */
export function jobStatus(
  id: string,
  signal?: AbortSignal,
): Promise<{ status: JobStatus; output?: Result; error?: string }> {
  return callJson(`/v2/local/status/${id}`, signal ? { signal } : {});
}

/** Why a job failed, with what was wrong with its params. */
export async function jobFailure(id: string): Promise<ApiError> {
  const { error, status } = await callJson<ListedJob>(`/api/jobs/${id}`);
  return new ApiError(error?.code ?? "internal", error?.message ?? status, error?.violations);
}

/** Everything that a job tells until it ends; comes back after a connection that broke off. */
export async function* followJob(id: string, signal: AbortSignal): AsyncGenerator<JobEvent> {
  let last = "0";
  for (let tries = 0; ; tries++) {
    try {
      const headers = { accept: "text/event-stream", "last-event-id": last };
      const response = await call(`/v2/local/stream/${id}`, { headers, signal });
      for await (const { id: eventId, data } of serverSentEvents(response)) {
        tries = 0;
        if (eventId !== undefined) last = eventId;
        const event = JSON.parse(data) as JobEvent;
        yield event;
        if (event.status !== undefined && event.type === undefined) return;
      }
    } catch (error) {
      if (signal.aborted || tries >= 5 || (error instanceof ApiError && error.code !== "offline")) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 500 * 2 ** tries));
  }
}

/** The events of a body of `text/event-stream`. */
export async function* serverSentEvents(response: Response): AsyncGenerator<{ id?: string; data: string }> {
  if (!response.body) return;
  let rest = "";
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + text).split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const field = (name: string): string | undefined => block.match(new RegExp(`^${name}: ?(.*)$`, "m"))?.[1];
      const data = field("data");
      const id = field("id");
      if (data !== undefined) yield { data, ...(id === undefined ? {} : { id }) };
    }
  }
}

/** The error of a job that failed, from the text of JSON that the platform's clients get. */
export function jobError(text: string): ApiError {
  try {
    const { error_type: code, error_message: message } = JSON.parse(text) as Record<string, unknown>;
    return new ApiError(String(code), String(message));
  } catch {
    return new ApiError("internal", text);
  }
}

/** Where this page reads a file: on its own origin, by whatever name the server calls itself. */
export function artifactUrl({ url, base64, mime }: Artifact, field?: unknown): string | undefined {
  if (url === undefined) {
    const text = base64 ?? (typeof field === "string" ? field : undefined);
    return text === undefined ? undefined : `data:${mime};base64,${text}`;
  }
  return ownUrl(url);
}

/** A URL of this server on this page's own origin; another's as it is. */
export function ownUrl(url: string): string {
  const parsed = new URL(url, location.href);
  return /^\/(files|video|assets|api)\//.test(parsed.pathname)
    ? location.origin + parsed.pathname + parsed.search
    : url;
}
