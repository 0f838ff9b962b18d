import type { APIConnectionError, APIConnectionTimeoutError, APIError, NotFoundError } from "openai";
import { AppError, isAbort } from "../../../errors.ts";

/** Why a request was given up, where we did it ourselves. */
export type OwnAbort = "timeout" | "cancelled";

/** The client's errors, once it is loaded. */
export type OpenAiErrors = {
  readonly APIConnectionError: typeof APIConnectionError;
  readonly APIConnectionTimeoutError: typeof APIConnectionTimeoutError;
  readonly APIError: typeof APIError;
  readonly NotFoundError: typeof NotFoundError;
};

/** The names of a host's settings, for the remedy. */
export type HostSettings = { readonly url: string; readonly key: string; readonly model: string };

/**
 * What went wrong with a model's host, for the one who called. Neither the key nor anything that the host says is in the
 * message; both are kept out of the cause as well, which goes to the log.
 */
export function toChatError(
  error: unknown,
  host: {
    readonly name: string;
    readonly model: string;
    readonly settings: HostSettings;
    readonly errors: OpenAiErrors | undefined;
  },
  aborted: OwnAbort | undefined,
): AppError {
  const { name, model, settings, errors } = host;
  if (aborted === "cancelled") return new AppError("cancelled", "The job was cancelled.");
  if (error instanceof AppError) return error;
  if (aborted === "timeout" || (errors && error instanceof errors.APIConnectionTimeoutError)) {
    return new AppError("timeout", `${name} did not answer in time. Try again.`);
  }
  if (errors && error instanceof errors.APIConnectionError) {
    const cause = plainCause(error.cause);
    return new AppError("engine_unavailable", `${name} cannot be reached. Check ${settings.url}.`, { cause });
  }
  const status = errors && error instanceof errors.APIError ? (error.status as number | undefined) : undefined;
  const cause = new Error(`status ${status ?? "none"}, ${codeOf(error)}`);
  if (status === 401 || status === 403) {
    return new AppError("engine_unavailable", `${name} refused the key. Check ${settings.key}.`, { cause });
  }
  if (codeOf(error) === "insufficient_quota" || status === 402) {
    return new AppError("engine_unavailable", `The quota of ${name} is used up. Raise it, or set another key.`, {
      cause,
    });
  }
  if (status === 429) {
    return new AppError("queue_full", `${name} takes no more requests for the moment. Try again shortly.`, { cause });
  }
  if (status === 404) {
    const what = `${name} has no model "${model}" at that address. Check ${settings.model} and ${settings.url}.`;
    return new AppError("engine_unavailable", what, { cause });
  }
  if (isAbort(error) || status === undefined) {
    return new AppError("engine_failed", `The answer of ${name} broke off or could not be read. Try again.`, { cause });
  }
  return new AppError("engine_failed", `${name} failed with status ${status}. Try again.`, { cause });
}

/** The code of a host's error, if it is one of the short words that they are. */
function codeOf(error: unknown): string {
  const { code, type } = (error ?? {}) as { code?: unknown; type?: unknown };
  for (const word of [code, type]) if (typeof word === "string" && /^[\w-]{1,60}$/.test(word)) return word;
  return error instanceof Error ? error.name : "unknown";
}

/** A cause without what it was asked: undici's errors carry the code of the network's. */
function plainCause(cause: unknown): Error {
  const { code } = ((cause as { cause?: unknown } | undefined)?.cause ?? cause ?? {}) as { code?: unknown };
  return new Error(typeof code === "string" ? code : "connection failed");
}
