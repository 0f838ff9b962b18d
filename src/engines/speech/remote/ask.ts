import { setTimeout as pause } from "node:timers/promises";
import { AppError } from "../../../errors.ts";
import { ServiceError } from "../../../net/service-client.ts";
import { ServiceFault } from "./speech-service.ts";

/** How often and how long a service is asked, in milliseconds. */
export type AskLimits = {
  readonly tries: number;
  readonly pauseMs: number;
  readonly longestPauseMs: number;
  /** For all tries together. */
  readonly sentenceMs: number;
};

/** A service as errors call it: by its name, and the setting that says where it is. */
export type ServiceName = { readonly name: string; readonly setting: string };

/**
 * Asks until there is an answer, trying again does not help, the tries are used up, or the time is over. Pauses double,
 * are drawn at random from their upper half, and are no shorter than the service asks for.
 * @param onAgain told of each failure that another try follows
 * @throws ServiceFault, AppError `timeout`, `cancelled`
 */
export async function ask<T>(
  work: (signal: AbortSignal) => Promise<T>,
  { name, setting }: ServiceName,
  limits: AskLimits,
  signal: AbortSignal,
  onAgain: (fault: ServiceFault, attempt: number) => void,
): Promise<T> {
  const deadline = AbortSignal.timeout(limits.sentenceMs);
  const both = AbortSignal.any([signal, deadline]);
  for (let attempt = 1; ; attempt++) {
    try {
      return await work(both);
    } catch (error) {
      const fault = asFault(error, { name, setting }, signal, deadline);
      const doubled = Math.min(limits.longestPauseMs, limits.pauseMs * 2 ** (attempt - 1));
      const wait = Math.max(fault.retryAfterMs, doubled * (0.5 + Math.random() / 2));
      if (!fault.again || attempt === limits.tries || wait > limits.longestPauseMs) throw fault;
      onAgain(fault, attempt);
      await pause(wait, undefined, { signal: both }).catch((reason: unknown) => {
        throw asFault(reason, { name, setting }, signal, deadline);
      });
    }
  }
}

function asFault(
  error: unknown,
  { name, setting }: ServiceName,
  signal: AbortSignal,
  deadline: AbortSignal,
): ServiceFault {
  if (signal.aborted) return new ServiceFault("cancelled", "The job was cancelled.", { cause: signal.reason });
  if (deadline.aborted) {
    return new ServiceFault("timeout", `${name} did not speak a sentence in time. Try again later.`, { cause: error });
  }
  if (error instanceof ServiceFault) return error;
  if (!(error instanceof ServiceError)) {
    if (error instanceof AppError) return new ServiceFault(error.code, error.message, { cause: error.cause });
    throw error;
  }
  const { cause } = error;
  switch (error.trouble) {
    case "unreachable": {
      const rest = {
        reason: `${name} cannot be reached.`,
        remedy: `Check ${setting}, and whether the service runs.`,
      };
      return new ServiceFault("engine_unavailable", `${rest.reason} ${rest.remedy}`, { again: true, rest, cause });
    }
    case "timeout":
      return new ServiceFault("timeout", `${name} stopped answering. Try again later.`, { again: true, cause });
    case "broken":
      return new ServiceFault("engine_failed", `${name}'s answer broke off. Try again later.`, { again: true, cause });
    case "too_large":
      break;
  }
  return new ServiceFault("engine_failed", `${name} answered a sentence with more sound than it can have.`, { cause });
}
