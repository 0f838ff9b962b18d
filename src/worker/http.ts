import type { Agent, IncomingMessage } from "node:http";

/**
 * The worker's requests, on node:http(s). Not `fetch`: that hides whether a socket was reused (a stale one is to be
 * replaced at once, a fresh one that fails is a failure), cannot drop the idle sockets of a process that was frozen, and
 * costs a start more than this whole module. Nor `import`: that reads every export of node:http, one of which loads all
 * that `fetch` consists of, which is 40 ms and 8 MB in each of the two threads.
 */
const PROTOCOLS = { "http:": "node:http", "https:": "node:https" } as const;

/** An answer, read to its end. */
export type Answer = {
  readonly status: number;
  readonly contentType: string;
  readonly retryAfter: string | undefined;
  readonly body: Buffer;
};

/** Why there is no answer. `too_large` carries the beginning of the body. */
export class HttpError extends Error {
  readonly kind: "network" | "timeout" | "aborted" | "too_large";
  readonly head: Buffer | undefined;

  constructor(kind: HttpError["kind"], message: string, options: { cause?: unknown; head?: Buffer } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "HttpError";
    this.kind = kind;
    this.head = options.head;
  }
}

export type Exchange = {
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  /** Longest time from the start of the request to the end of the answer. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** On abort: time for an answer that has begun to come to its end. */
  readonly restOfAnswerMs?: number;
  /** Most bytes of the answer's body. */
  readonly mostBytes: number;
};

/** Keep-alive connections to one platform. */
export class HttpClient {
  readonly #idleSocketMs: number;
  /** Made when they are first used: a platform speaks one of the two. */
  readonly #agents = new Map<keyof typeof PROTOCOLS, Agent>();
  readonly #waiting = new Set<(graceMs: number) => void>();

  constructor(idleSocketMs: number) {
    this.#idleSocketMs = idleSocketMs;
  }

  /**
   * Makes one request. On a kept connection that the server closed meanwhile it is made once more, on another.
   * @throws HttpError
   */
  async request(exchange: Exchange): Promise<Answer> {
    for (;;) {
      const state = { stale: false };
      try {
        return await this.#attempt(exchange, state);
      } catch (error) {
        if (!state.stale || exchange.signal?.aborted) throw error;
        this.#dropIdle();
      }
    }
  }

  /** The process was frozen: idle sockets are dead, and requests under way get `graceMs` to show that they are not. */
  thaw(graceMs: number): void {
    this.#dropIdle();
    for (const doubt of this.#waiting) doubt(graceMs);
  }

  /** Closes every connection. */
  close(): void {
    for (const agent of this.#agents.values()) agent.destroy();
  }

  #agent(protocol: keyof typeof PROTOCOLS): Agent {
    const known = this.#agents.get(protocol);
    if (known) return known;
    const { Agent } = process.getBuiltinModule(PROTOCOLS[protocol]);
    const agent = new Agent({ keepAlive: true, scheduling: "lifo", timeout: this.#idleSocketMs });
    this.#agents.set(protocol, agent);
    return agent;
  }

  #dropIdle(): void {
    for (const agent of this.#agents.values())
      for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
  }

  #attempt(exchange: Exchange, state: { stale: boolean }): Promise<Answer> {
    const { method, url, headers, body, timeoutMs, signal, mostBytes } = exchange;
    if (signal?.aborted) return Promise.reject(new HttpError("aborted", "The request was given up."));
    const protocol = /^https:/i.test(url) ? "https:" : "http:";
    const agent = this.#agent(protocol);
    return new Promise<Answer>((resolve, reject) => {
      const request = process.getBuiltinModule(PROTOCOLS[protocol]).request(url, {
        method,
        agent,
        headers: body ? { ...headers, "Content-Length": String(body.length) } : headers,
      });
      let begun = false;
      let settled = false;
      const deadline = setTimeout(() => fail("timeout", `No answer within ${timeoutMs} ms.`), timeoutMs);
      let doubtTimer: NodeJS.Timeout | undefined;
      const doubt = (graceMs: number): void => {
        clearTimeout(doubtTimer);
        doubtTimer = setTimeout(() => fail("network", "The connection did not survive a freeze."), graceMs);
      };
      const giveUp = (): void => {
        if (begun && exchange.restOfAnswerMs) doubt(exchange.restOfAnswerMs);
        else fail("aborted", "The request was given up.");
      };
      const onAbort = (): void => {
        // What has arrived and was not read yet may be the beginning of the answer: one look at the socket first.
        if (exchange.restOfAnswerMs && !begun) setImmediate(() => setImmediate(giveUp));
        else giveUp();
      };
      const settle = (): void => {
        settled = true;
        clearTimeout(deadline);
        clearTimeout(doubtTimer);
        this.#waiting.delete(doubt);
        signal?.removeEventListener("abort", onAbort);
      };
      const fail = (
        kind: HttpError["kind"],
        message: string,
        options: { cause?: unknown; head?: Buffer } = {},
      ): void => {
        if (settled) return;
        settle();
        request.destroy();
        reject(new HttpError(kind, message, options));
      };
      const onResponse = (response: IncomingMessage): void => {
        begun = true;
        clearTimeout(doubtTimer);
        const chunks: Buffer[] = [];
        let size = 0;
        response.on("data", (chunk: Buffer) => {
          chunks.push(chunk);
          size += chunk.length;
          if (size > mostBytes) {
            fail("too_large", `The answer is larger than ${mostBytes} bytes.`, { head: Buffer.concat(chunks) });
          }
        });
        response.on("end", () => {
          if (settled) return;
          settle();
          resolve({
            status: response.statusCode ?? 0,
            contentType: response.headers["content-type"] ?? "",
            retryAfter: response.headers["retry-after"],
            body: chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks),
          });
        });
        response.on("error", (cause) => fail("network", "The answer broke off.", { cause }));
      };
      this.#waiting.add(doubt);
      signal?.addEventListener("abort", onAbort, { once: true });
      request.on("response", onResponse);
      request.on("error", (cause: NodeJS.ErrnoException) => {
        state.stale = request.reusedSocket && !begun && (cause.code === "ECONNRESET" || cause.code === "EPIPE");
        fail("network", `${cause.code ?? cause.name}: ${cause.message}`, { cause });
      });
      request.end(body);
    });
  }
}
