import { AppError, toAppError } from "../../errors.ts";
import { isNameless, isPassing } from "./retry.ts";

/** A bucket's refusal without what it quotes of the request: keys, signatures, canonical strings. */
export class BucketFault extends Error {
  /** As S3 names it, or the system's code for a connection that failed. */
  readonly code: string;
  readonly status: number | undefined;
  readonly requestId: string | undefined;

  constructor(code: string, status?: number, requestId?: string) {
    super(`${code}${status === undefined ? "" : ` (${status})`}`);
    this.name = "BucketFault";
    this.code = code;
    this.status = status;
    this.requestId = requestId;
  }
}

const REMEDIES: Readonly<Record<string, string>> = {
  AccessDenied: "its key may not do this. `talkbox doctor` lists the rights that are missing",
  InvalidAccessKeyId: "it does not know the key. Check BUCKET_ACCESS_KEY_ID",
  SignatureDoesNotMatch: "the secret does not fit the key. Check BUCKET_SECRET_ACCESS_KEY",
  ExpiredToken: "the session's token has expired",
  NoSuchBucket: "there is no bucket of that name. Check BUCKET_NAME and BUCKET_ENDPOINT_URL",
  PermanentRedirect: "it lies in another region. Set AWS_REGION to its own",
  AuthorizationHeaderMalformed: "it lies in another region. Set AWS_REGION to its own",
  RequestTimeTooSkewed: "this machine's clock is wrong. Set it",
  QuotaExceeded: "it is full",
};

/** The system's codes for a file of ours, not for a connection. */
const UNREADABLE = new Set(["ENOENT", "EACCES", "EPERM", "EISDIR", "EIO", "EMFILE", "ESTALE"]);

type Answer = {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly requestId?: string };
};

/** Whether a bucket said that something is not there. */
export function isMissing(error: unknown): boolean {
  const { name, $metadata } = error as Answer;
  return name === "NoSuchKey" || name === "NotFound" || (name !== "NoSuchBucket" && $metadata?.httpStatusCode === 404);
}

/** The name that a bucket gave to its refusal. */
export function faultCode(error: unknown): string {
  if (error instanceof AppError && error.cause instanceof BucketFault) return error.cause.code;
  const { name, code, $metadata } = error as Answer;
  if ($metadata?.httpStatusCode === 403 && isNameless(name)) return "AccessDenied";
  if ($metadata?.httpStatusCode === undefined && typeof code === "string") return code;
  return typeof name === "string" && name !== "" ? name : "UnknownError";
}

/** A failed request as an error for the caller: `storage_failed` that says why, `not_found`, or `cancelled`. */
export function asBucketError(error: unknown): AppError {
  const known = toAppError(error);
  if (known.code !== "internal") return known;
  if (isMissing(error)) return new AppError("not_found", "There is no such file, or it has expired.");
  const code = faultCode(error);
  const { $metadata } = error as Answer;
  if (UNREADABLE.has(code)) {
    return new AppError("storage_failed", "The output could not be read on its way to the bucket.", { cause: error });
  }
  const cause = new BucketFault(code, $metadata?.httpStatusCode, $metadata?.requestId);
  const why = REMEDIES[code] ?? (isPassing(error) ? "it did not answer, or was too busy, several times" : code);
  return new AppError("storage_failed", `The bucket could not be used: ${why}.`, { cause });
}
