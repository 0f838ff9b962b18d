import { createWriteStream } from "node:fs";
import { rm, stat } from "node:fs/promises";
import type { LookupFunction } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Dispatcher } from "undici";
import { CONNECT_TIMEOUT_MS, MAX_REDIRECTS } from "../limits/inputs.ts";
import { AppError, isAbort, toAppError } from "../errors.ts";
import { type HostAddress, pinHost, type Resolver, systemResolver } from "./pinned-host.ts";

export type GuardedFetchOptions = {
  /** Most bytes of the body. */
  readonly maxBytes: number;
  /** Longest time for all of it, redirects included, milliseconds. */
  readonly timeoutMs: number;
  /** Longest time for one connection to be made, milliseconds. Default 10,000. */
  readonly connectTimeoutMs?: number;
  /** Addresses that may be connected to though they are not public: all, or those listed. Default none. */
  readonly allowPrivate?: boolean | readonly string[];
  readonly signal?: AbortSignal | undefined;
  /** Finds addresses; default the operating system. */
  readonly resolver?: Resolver;
};

/** What was downloaded. */
export type Fetched = {
  /** As the server says, without parameters, in lower case. */
  readonly contentType: string | undefined;
  readonly bytes: number;
};

/**
 * Downloads a URL to a file. Each address on the way, redirects included, is checked to be public, and is the one that
 * is connected to. Proxies of the environment are not used.
 *
 * @throws AppError url_refused for what is not a plain public http(s) URL; input_too_large; timeout; cancelled;
 *   download_failed for all other trouble; storage_failed. The file is gone in each case.
 */
export async function guardedFetch(
  url: string,
  options: GuardedFetchOptions & { readonly path: string },
): Promise<Fetched> {
  return guarded(url, options, async ({ body, contentType }, signal) => {
    const meter = new Meter(options.maxBytes);
    try {
      await pipeline(Readable.from(meter.count(body)), createWriteStream(options.path), { signal });
    } catch (error) {
      // A device, such as one that is always full, is not ours to remove.
      if ((await stat(options.path).catch(() => undefined))?.isFile()) await rm(options.path, { force: true });
      throw error;
    }
    return { contentType, bytes: meter.bytes };
  });
}

/** Downloads a URL into memory. As `guardedFetch` otherwise. */
export async function guardedRead(
  url: string,
  options: GuardedFetchOptions,
): Promise<Fetched & { readonly body: Buffer }> {
  return guarded(url, options, async ({ body, contentType }) => {
    const meter = new Meter(options.maxBytes);
    const chunks: Buffer[] = [];
    for await (const chunk of meter.count(body)) chunks.push(chunk);
    return { contentType, bytes: meter.bytes, body: Buffer.concat(chunks) };
  });
}

type Response = { readonly body: Dispatcher.ResponseData["body"]; readonly contentType: string | undefined };

async function guarded<T>(
  url: string,
  options: GuardedFetchOptions,
  receive: (response: Response, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const deadline = AbortSignal.timeout(options.timeoutMs);
  const signal = options.signal ? AbortSignal.any([options.signal, deadline]) : deadline;
  try {
    let target = parseUrl(url);
    for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
      const next = await visit(target, options, signal, receive);
      if (!(next instanceof URL)) return next.result;
      target = next;
    }
    throw new AppError("download_failed", `The URL redirects more than ${MAX_REDIRECTS} times.`);
  } catch (error) {
    throw asFetchError(error, options.signal, deadline);
  }
}

/** Requests one URL: answers what was received, or where it redirects to. */
async function visit<T>(
  url: URL,
  options: GuardedFetchOptions,
  signal: AbortSignal,
  receive: (response: Response, signal: AbortSignal) => Promise<T>,
): Promise<URL | { readonly result: T }> {
  const {
    resolver = systemResolver,
    allowPrivate = false,
    connectTimeoutMs = CONNECT_TIMEOUT_MS,
    maxBytes,
    timeoutMs,
  } = options;
  // Loaded here, as its import takes tens of milliseconds that a start without downloads need not spend.
  // By its default: a bundle knows no other name of a CommonJS module.
  const { Agent, request } = (await import("undici")).default;
  const addresses = await raceAbort(pinHost(url, resolver, allowPrivate), signal);
  const agent = new Agent({
    connect: { lookup: pinnedLookup(addresses), timeout: Math.min(connectTimeoutMs, timeoutMs) },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  });
  try {
    const response = await request(url, {
      dispatcher: agent,
      signal,
      // Compressed bodies could grow without a limit when they are unpacked.
      headers: { accept: "*/*", "accept-encoding": "identity", "user-agent": "talkbox" },
    });
    const { statusCode, headers, body } = response;
    // Without a listener an abort between here and the reading of the body would be an uncaught error.
    body.on("error", () => undefined);
    const location = one(headers["location"]);
    if ([301, 302, 303, 307, 308].includes(statusCode) && location !== undefined) return parseUrl(location, url);
    if (statusCode !== 200) throw new AppError("download_failed", `The server of the URL answered ${statusCode}.`);
    const coding = one(headers["content-encoding"])?.toLowerCase() ?? "identity";
    if (coding !== "identity") {
      throw new AppError("download_failed", "The server of the URL sends compressed content. Offer the plain file.");
    }
    const announced = Number(one(headers["content-length"]) ?? 0);
    if (announced > maxBytes) throw tooLarge(maxBytes);
    const contentType = one(headers["content-type"])?.split(";")[0]?.trim().toLowerCase();
    return { result: await receive({ body, contentType }, signal) };
  } finally {
    // Not `close`, which would wait for the rest of a body that is not wanted.
    await agent.destroy();
  }
}

/** Counts bytes, and refuses more than there may be. */
class Meter {
  readonly #most: number;
  bytes = 0;

  constructor(most: number) {
    this.#most = most;
  }

  async *count(body: AsyncIterable<unknown>): AsyncGenerator<Buffer> {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      this.bytes += chunk.length;
      if (this.bytes > this.#most) throw tooLarge(this.#most);
      yield chunk;
    }
  }
}

function parseUrl(text: string, base?: URL): URL {
  const url = URL.canParse(text, base?.href) ? new URL(text, base?.href) : undefined;
  if (!url || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new AppError("url_refused", "Only http and https URLs are fetched.");
  }
  if (url.username !== "" || url.password !== "") {
    throw new AppError(
      "url_refused",
      "The URL carries a user name or password. Use one without, such as a presigned URL.",
    );
  }
  return url;
}

/** Answers the addresses that were checked, whatever the name stands for by now. */
export function pinnedLookup(addresses: readonly HostAddress[]): LookupFunction {
  return (_hostname, options, answer) => {
    const first = addresses[0] as HostAddress;
    if (options.all) answer(null, [...addresses]);
    else answer(null, first.address, first.family);
  };
}

async function raceAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

function one(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

function tooLarge(maxBytes: number): AppError {
  return new AppError("input_too_large", `The file is larger than the ${maxBytes} bytes that are allowed.`);
}

function asFetchError(error: unknown, caller: AbortSignal | undefined, deadline: AbortSignal): AppError {
  if (error instanceof AppError) return error;
  if (caller?.aborted) return new AppError("cancelled", "The job was cancelled.", { cause: error });
  const code = (error as { code?: unknown } | null)?.code;
  if (deadline.aborted || (typeof code === "string" && /^UND_ERR_\w*TIMEOUT$|^ETIMEDOUT$/.test(code))) {
    return new AppError("timeout", "The download took too long.", { cause: error });
  }
  const known = toAppError(error);
  if (known.code === "storage_failed" || isAbort(error)) return known;
  return new AppError("download_failed", "The URL could not be downloaded. Check that it can be reached.", {
    cause: error,
  });
}
