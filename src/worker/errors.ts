/** What this module throws and reports on its own account; a handler's errors pass through as they are. */
export type WorkerErrorCode =
  | "bad_environment"
  | "invalid_job"
  | "job_too_large"
  | "result_too_large"
  | "result_not_json"
  | "result_rejected"
  | "part_too_large"
  | "stream_failed"
  | "job_stopped"
  | "worker_stopping"
  | "worker_crashed"
  | "prepare_failed"
  | "unfit";

/** An error with a stable code. Its message says what to do next. */
export class WorkerError extends Error {
  readonly code: WorkerErrorCode;

  constructor(code: WorkerErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "WorkerError";
    this.code = code;
  }
}

/** An error as clients see it. */
export type ErrorDescription = { readonly type: string; readonly message: string; readonly traceback?: string };

/** Who reports. */
export type Reporter = { readonly hostname: string; readonly workerId: string; readonly version: string };

/**
 * The text of a failure: a JSON string with exactly the six keys that the platform's clients parse. It must be a string:
 * the platform takes an object for a success without output.
 */
export function errorReport(described: ErrorDescription, reporter: Reporter, mostBytes: number): string {
  return JSON.stringify({
    error_type: described.type,
    error_message: cut(described.message, mostBytes),
    error_traceback: cut(described.traceback ?? "", mostBytes),
    hostname: reporter.hostname,
    worker_id: reporter.workerId,
    runpod_version: reporter.version,
  });
}

/** How any thrown value is described unless the caller says otherwise. */
export function describeError(error: unknown): ErrorDescription {
  if (error instanceof WorkerError) return { type: `WorkerError:${error.code}`, message: error.message };
  if (error instanceof Error) {
    return { type: error.name, message: error.message, traceback: error.stack ?? "" };
  }
  return { type: typeof error, message: textOf(error) };
}

/** A value as text, whatever it is. */
export function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (value instanceof Error) return value.message;
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}

/** The text without its middle, so that it takes no more than `most` bytes of UTF-8. */
export function cut(text: string, most: number): string {
  if (Buffer.byteLength(text) <= most) return text;
  const half = Math.max(0, Math.floor((most - 16) / 2));
  const bytes = Buffer.from(text);
  // Cutting within a character leaves a replacement character (3 bytes for up to 3 lost): the 16 spare bytes hold them.
  return `${bytes.subarray(0, half).toString()} … ${bytes.subarray(bytes.length - half).toString()}`;
}
