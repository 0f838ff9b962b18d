/**
 * The one table of errors: code, HTTP status, whether trying again can help. Every door renders from it.
 * Messages say what is wrong and what to do next; they never carry a path of the host, a stack or a secret.
 */

const ERROR_TABLE = {
  invalid_input: { status: 400, retryable: false },
  invalid_audio: { status: 400, retryable: false },
  url_refused: { status: 400, retryable: false },
  unauthorized: { status: 401, retryable: false },
  unknown_operation: { status: 404, retryable: false },
  not_found: { status: 404, retryable: false },
  conflict: { status: 409, retryable: false },
  input_too_large: { status: 413, retryable: false },
  queue_full: { status: 429, retryable: true },
  too_many_requests: { status: 429, retryable: true },
  cancelled: { status: 499, retryable: false },
  internal: { status: 500, retryable: false },
  engine_failed: { status: 500, retryable: true },
  media_failed: { status: 500, retryable: true },
  engine_unavailable: { status: 503, retryable: false },
  model_unusable: { status: 503, retryable: false },
  shutting_down: { status: 503, retryable: true },
  download_failed: { status: 502, retryable: true },
  timeout: { status: 504, retryable: true },
  storage_failed: { status: 507, retryable: true },
  output_too_large: { status: 507, retryable: false },
} as const satisfies Record<string, { status: number; retryable: boolean }>;

/** A stable code; clients may switch on it. */
export type ErrorCode = keyof typeof ERROR_TABLE;

/** Every code, for the reference page and the tests. */
export const ERROR_CODES = Object.keys(ERROR_TABLE) as readonly ErrorCode[];

/** One thing wrong with an input: where (`params.text`), and what. */
export type Violation = { readonly path: string; readonly message: string };

/** What a caller may see of an error. */
export type ErrorReport = {
  readonly code: ErrorCode;
  readonly message: string;
  readonly retryable: boolean;
  readonly violations?: readonly Violation[];
};

/** The only error that Talkbox throws on purpose. `message` is fit for the caller; `cause` is for the log. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly violations: readonly Violation[] | undefined;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; violations?: readonly Violation[] } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "AppError";
    this.code = code;
    this.violations = options.violations;
  }

  /** HTTP status of the code. */
  get status(): number {
    return ERROR_TABLE[this.code].status;
  }

  /** Whether the same request may succeed later. */
  get retryable(): boolean {
    return ERROR_TABLE[this.code].retryable;
  }

  /** What goes over the wire. */
  report(): ErrorReport {
    const base = { code: this.code, message: this.message, retryable: this.retryable };
    return this.violations ? { ...base, violations: this.violations } : base;
  }
}

/** True for an abort, whoever threw it: `AbortSignal.reason`, Node's streams and child processes, or ours. */
export function isAbort(error: unknown): boolean {
  if (error instanceof AppError) return error.code === "cancelled";
  return error instanceof Error && (error.name === "AbortError" || (error as { code?: unknown }).code === "ABORT_ERR");
}

/** Any thrown value as an `AppError`; an unexpected one becomes `internal`, with a message that gives nothing away. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (isAbort(error)) return new AppError("cancelled", "The job was cancelled.", { cause: error });
  const code = (error as { code?: unknown } | null)?.code;
  if (code === "ENOSPC" || code === "EFBIG" || code === "EDQUOT") {
    return new AppError(
      "storage_failed",
      "No space is left where outputs are written. Free some, or point TALKBOX_DATA elsewhere.",
      { cause: error },
    );
  }
  return new AppError("internal", "Something unexpected went wrong. The log of this job says what.", { cause: error });
}
