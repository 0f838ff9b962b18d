import { Readable } from "node:stream";
import { AppError, toAppError } from "../errors.ts";
import { CONNECT_TIMEOUT_MS } from "../limits/inputs.ts";
import { pinnedLookup } from "./guarded-fetch.ts";
import { pinHost, type Resolver, systemResolver } from "./pinned-host.ts";

export type GuardedPostOptions = {
  readonly headers: Readonly<Record<string, string>>;
  /** Longest time for all of it, milliseconds. */
  readonly timeoutMs: number;
  /** Whether the address may be one that is not public. */
  readonly allowPrivate: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Finds addresses; default the operating system. */
  readonly resolver?: Resolver;
};

/**
 * Posts bytes to a URL, whose address is checked to be public and is the one that is connected to. Redirects are not
 * followed; the answer's body is not read.
 * @returns the status of the answer
 * @throws AppError url_refused for what is no plain public http(s) URL; timeout; cancelled; download_failed
 */
export async function guardedPost(
  url: string,
  body: readonly Buffer[],
  { headers, timeoutMs, allowPrivate, signal, resolver = systemResolver }: GuardedPostOptions,
): Promise<number> {
  const target = URL.parse(url);
  if (!target || !/^https?:$/.test(target.protocol) || target.username !== "" || target.password !== "") {
    throw new AppError("url_refused", "Only http and https URLs without a user name are posted to.");
  }
  const { Agent, request } = (await import("undici")).default;
  const deadline = AbortSignal.timeout(timeoutMs);
  const addresses = await pinHost(target, resolver, allowPrivate);
  const connect = { lookup: pinnedLookup(addresses), timeout: CONNECT_TIMEOUT_MS };
  const agent = new Agent({ connect, headersTimeout: timeoutMs, bodyTimeout: timeoutMs });
  try {
    const bytes = body.reduce((sum, piece) => sum + piece.length, 0);
    const answer = await request(target, {
      method: "POST",
      dispatcher: agent,
      signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
      headers: { ...headers, "content-length": String(bytes), "user-agent": "talkbox" },
      body: Readable.from(body, { objectMode: false }),
    });
    answer.body.on("error", () => undefined);
    return answer.statusCode;
  } catch (error) {
    if (signal?.aborted) throw new AppError("cancelled", "The request was cancelled.", { cause: error });
    if (deadline.aborted) throw new AppError("timeout", "There was no answer in time.", { cause: error });
    const known = toAppError(error);
    if (known.code !== "internal") throw known;
    throw new AppError("download_failed", "The URL could not be reached.", { cause: error });
  } finally {
    await agent.destroy();
  }
}
