import { hostname } from "node:os";
import type { AppError } from "../errors.ts";

/** Who made the error, for the six keys. */
export type ErrorOrigin = { readonly workerId: string; readonly version: string };

/**
 * An error as the platform's clients read it: a text of JSON with the six keys that its own workers write.
 * `error_type` is the error's code; there is no traceback, which would tell of the host.
 */
export function jobErrorText(error: AppError, { workerId, version }: ErrorOrigin): string {
  return JSON.stringify({
    error_type: error.code,
    error_message: error.message,
    error_traceback: "",
    hostname: hostname(),
    worker_id: workerId,
    runpod_version: `talkbox/${version}`,
  });
}

/** The code and message of such a text; the text itself as the message when it is another. */
export function readJobError(text: string): { code: string | undefined; message: string } {
  try {
    const parsed = JSON.parse(text) as { error_type?: unknown; error_message?: unknown } | null;
    if (typeof parsed?.error_message === "string") {
      return {
        code: typeof parsed.error_type === "string" ? parsed.error_type : undefined,
        message: parsed.error_message,
      };
    }
  } catch {
    // Not JSON: a text for people.
  }
  return { code: undefined, message: text };
}
