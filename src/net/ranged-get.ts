import type { Readable } from "node:stream";
import { CONNECT_TIMEOUT_MS, MAX_REDIRECTS } from "../limits/inputs.ts";
import { MODEL_PULL } from "../limits/networks.ts";
import { AppError, isAbort } from "../errors.ts";
import { pinnedLookup } from "./guarded-fetch.ts";
import { type HostAddress, pinHost, type Resolver, systemResolver } from "./pinned-host.ts";
import { isPublicAddress } from "./public-address.ts";

export type RangedGetOptions = {
  /** First byte that is wanted. */
  readonly from: number;
  /** The tag or date of what the bytes before it were of: the server sends all anew where it has changed. */
  readonly ifRange?: string | undefined;
  /** Sent to the URL's own origin alone, not to where it redirects. */
  readonly token?: string | undefined;
  readonly signal: AbortSignal;
  readonly resolver?: Resolver;
  /** Which addresses are public; default those that the internet routes. Tests have no such hosts. */
  readonly isPublic?: (address: string) => boolean;
};

/** An answer to a request for a file from some byte on. Its body is to be read or the answer disposed of. */
export type RangedAnswer = AsyncDisposable & {
  readonly status: number;
  /** A header of the last answer on the way. */
  header(name: string): string | undefined;
  /** A header of the first one, which may speak of where it redirects to. */
  firstHeader(name: string): string | undefined;
  readonly body: AsyncIterable<Buffer>;
};

/**
 * Requests a file that the operator has named, from a byte on. Its host may have a private address; redirects lead from
 * public hosts to public ones only. Proxies of the environment are not used.
 * @throws AppError url_refused, cancelled; download_failed and timeout for trouble on the way, which may pass
 */
export async function rangedGet(url: string, options: RangedGetOptions): Promise<RangedAnswer> {
  const { from, ifRange, token, signal, resolver = systemResolver, isPublic = isPublicAddress } = options;
  // By its default: a bundle knows no other name of a CommonJS module.
  const { Agent, request } = (await import("undici")).default;
  const start = parse(url);
  let target = start;
  let first: Headers | undefined;
  let inside = true;
  try {
    for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
      signal.throwIfAborted();
      const addresses: readonly HostAddress[] = await pinHost(target, resolver, inside, isPublic);
      if (hop === 0) inside = !addresses.every(({ address }) => isPublic(address));
      const agent = new Agent({
        connect: { lookup: pinnedLookup(addresses), timeout: CONNECT_TIMEOUT_MS },
        headersTimeout: MODEL_PULL.headersMs,
        bodyTimeout: MODEL_PULL.idleMs,
      });
      try {
        const { statusCode, headers, body } = await request(target, {
          dispatcher: agent,
          signal,
          headers: {
            accept: "*/*",
            "accept-encoding": "identity",
            "user-agent": "talkbox",
            ...(from > 0 ? { range: `bytes=${from}-` } : {}),
            ...(from > 0 && ifRange !== undefined ? { "if-range": ifRange } : {}),
            ...(token !== undefined && target.origin === start.origin ? { authorization: `Bearer ${token}` } : {}),
          },
        });
        const pieces = eagerly(body, signal);
        first ??= headers;
        const location = headerOf(headers, "location");
        if ([301, 302, 303, 307, 308].includes(statusCode) && location !== undefined) {
          await agent.destroy();
          target = parse(location, target);
          continue;
        }
        const origin = first;
        return {
          status: statusCode,
          header: (name) => headerOf(headers, name),
          firstHeader: (name) => headerOf(origin, name),
          body: pieces,
          [Symbol.asyncDispose]: () => agent.destroy(),
        };
      } catch (error) {
        await agent.destroy();
        throw error;
      }
    }
    throw new AppError("download_failed", `The URL redirects more than ${MAX_REDIRECTS} times.`);
  } catch (error) {
    throw troubleOf(error, signal);
  }
}

/** Pieces of a body that wait, some 64 KB each. */
const PIECES_AHEAD = 16;

type Headers = Readonly<Record<string, string | string[] | undefined>>;

function headerOf(headers: Headers, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function parse(text: string, base?: URL): URL {
  const url = URL.canParse(text, base?.href) ? new URL(text, base?.href) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "") {
    throw new AppError("url_refused", "Only http and https URLs without a user name are downloaded.");
  }
  if (base?.protocol === "https:" && url.protocol === "http:") {
    throw new AppError("url_refused", "The URL redirects from https to http, where anybody could change the file.");
  }
  return url;
}

/**
 * Takes pieces as they come: a stream drops what nobody has read yet when its connection breaks, and what has come of a
 * large file is worth keeping. Some wait in memory; more are not taken then.
 */
function eagerly(body: Readable, signal: AbortSignal): AsyncGenerator<Buffer, void> {
  const pieces: Buffer[] = [];
  let ended: { readonly error?: unknown } | undefined;
  let wake = Promise.withResolvers<void>();
  const notify = (): void => {
    wake.resolve();
    wake = Promise.withResolvers<void>();
  };
  body.on("data", (piece: Buffer) => {
    pieces.push(piece);
    if (pieces.length >= PIECES_AHEAD) body.pause();
    notify();
  });
  const end = (how: { readonly error?: unknown }): void => {
    ended ??= how;
    notify();
  };
  body.on("end", () => end({}));
  body.on("error", (error) => end({ error }));
  body.on("close", () => end({ error: new Error("the connection was closed") }));
  return (async function* (): AsyncGenerator<Buffer, void> {
    for (;;) {
      const piece = pieces.shift();
      if (piece) {
        if (pieces.length === 0 && !ended) body.resume();
        yield piece;
      } else if (ended) {
        if ("error" in ended) throw troubleOf(ended.error, signal);
        return;
      } else {
        await wake.promise;
      }
    }
  })();
}

function troubleOf(error: unknown, signal: AbortSignal): AppError {
  if (error instanceof AppError) return error;
  if (signal.aborted || isAbort(error)) {
    return new AppError("cancelled", "The download was stopped.", { cause: error });
  }
  const { code } = (error ?? {}) as { code?: unknown };
  if (typeof code === "string" && /TIMEOUT|ETIMEDOUT/.test(code)) {
    return new AppError("timeout", "The server was silent for too long.", { cause: error });
  }
  return new AppError("download_failed", "The connection could not be made, or broke.", { cause: error });
}
