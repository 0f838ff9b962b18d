import { textOf, WorkerError } from "./errors.ts";
import type { Limits } from "./limits.ts";

/** What a handler came to. */
export type Outcome =
  | { readonly kind: "returned"; readonly value: unknown }
  | { readonly kind: "failed"; readonly error: unknown };

/** A result taken apart: its output, the failure it names, and whether it asks for a fresh worker. */
export type Result = {
  readonly output?: unknown;
  readonly failure?: unknown;
  readonly refresh: boolean;
};

/** Takes `error` and `refresh_worker` out of what a handler returned; the object itself is not changed. */
export function takeApart(outcome: Outcome): Result {
  if (outcome.kind === "failed") {
    const { error } = outcome;
    const refresh = typeof error === "object" && error !== null && (error as Flagged).refresh_worker === true;
    return { failure: error, refresh };
  }
  const { value } = outcome;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { output: value === undefined ? null : value, refresh: false };
  }
  if (!Object.hasOwn(value, "error") && !Object.hasOwn(value, "refresh_worker"))
    return { output: value, refresh: false };
  const { error, refresh_worker, ...output } = value as Flagged;
  const bare = Object.keys(output).length === 0;
  if (!error) return { output, refresh: Boolean(refresh_worker) };
  const failure = new HandlerFailure(error);
  return bare ? { failure, refresh: Boolean(refresh_worker) } : { output, failure, refresh: Boolean(refresh_worker) };
}

type Flagged = { readonly error?: unknown; readonly refresh_worker?: unknown };

/** A failure that a handler returned instead of throwing it. */
export class HandlerFailure extends Error {
  constructor(error: unknown) {
    super(textOf(error));
    this.name = "HandlerError";
    // Nobody threw it: its stack would only show this module.
    this.stack = "";
  }
}

/**
 * A value as the JSON of a post.
 * @throws WorkerError `result_not_json` for what JSON cannot say: circles, bigints, a `toJSON` that throws
 */
export function encode(body: Readonly<Record<string, unknown>>): Buffer {
  try {
    return Buffer.from(JSON.stringify(body));
  } catch (cause) {
    const why = cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : textOf(cause);
    throw new WorkerError("result_not_json", `The result cannot be written as JSON: ${why}.`, { cause });
  }
}

/** The most bytes that a job's result may have. Jobs of `/runsync` are told by their ids. */
export function resultLimit(jobId: string, limits: Limits): number {
  return jobId.startsWith("sync-") ? limits.syncResultBytes : limits.resultBytes;
}

/** What a client is told when a result was too large and nobody made it smaller. */
export function tooLargeFailure(bytes: number, limit: number): WorkerError {
  const remedy = "Return a URL to the data instead, or give the worker an onOversize hook that stores it elsewhere.";
  return new WorkerError(
    "result_too_large",
    `The result has ${bytes} bytes and the platform takes ${limit}. ${remedy}`,
  );
}

/**
 * Cuts a text into pieces whose JSON has at most `most` bytes each, never within a character. Joined, they give back the
 * text.
 */
export function splitText(text: string, most: number): string[] {
  const pieces: string[] = [];
  let start = 0;
  while (start < text.length) {
    // JSON may write one code unit with up to six bytes.
    let end = Math.min(text.length, start + Math.max(2, Math.floor(most / 6)));
    // Most text needs far fewer: grow while it fits.
    for (let step = end - start; step >= 64 && end < text.length; ) {
      const longer = Math.min(text.length, end + step);
      if (Buffer.byteLength(JSON.stringify(text.slice(start, longer))) <= most) end = longer;
      else step = Math.floor(step / 2);
    }
    const last = text.charCodeAt(end - 1);
    if (end < text.length && last >= 0xd800 && last <= 0xdbff) end -= 1;
    pieces.push(text.slice(start, end));
    start = end;
  }
  return pieces;
}
