import type { Agent } from "undici";
import { AppError, type ErrorCode, isAbort } from "../errors.ts";

/** What went wrong on the way to a service, apart from what it answers. */
export type ServiceTrouble = "unreachable" | "timeout" | "broken" | "too_large";

const CODES = {
  unreachable: "download_failed",
  timeout: "timeout",
  broken: "download_failed",
  too_large: "input_too_large",
} as const satisfies Record<ServiceTrouble, ErrorCode>;

const MESSAGES = {
  unreachable: "The service cannot be reached.",
  timeout: "The service did not answer in time.",
  broken: "The service's answer broke off.",
  too_large: "The service's answer is larger than is allowed.",
} as const satisfies Record<ServiceTrouble, string>;

/** A request that got no whole answer. */
export class ServiceError extends AppError {
  readonly trouble: ServiceTrouble;

  constructor(trouble: ServiceTrouble, cause?: unknown) {
    super(CODES[trouble], MESSAGES[trouble], { cause });
    this.trouble = trouble;
  }
}

export type ServiceLimits = {
  /** Longest time to connect, before the answer, and between two pieces of it; milliseconds. */
  readonly connectMs: number;
  readonly headersMs: number;
  readonly idleMs: number;
  /** Most bytes of an answer. */
  readonly maxBytes: number;
};

export type ServiceRequest = {
  readonly method: "GET" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
};

/** An answer, whatever its status. Its body is to be read, to its end or not. */
export type ServiceAnswer = {
  readonly status: number;
  /** Without parameters, in lower case; empty where the service says none. */
  readonly contentType: string;
  header(name: string): string | undefined;
  /** @throws ServiceError `timeout`, `broken`, `too_large`; AppError `cancelled` */
  readonly body: AsyncIterable<Buffer>;
};

/**
 * Calls a service that the operator has set up: its address may be a private one, and it is given its key. Redirects are
 * not followed, as the key would go with them; neither are the environment's proxies used. Connections are kept.
 */
export class ServiceClient implements AsyncDisposable {
  readonly #limits: ServiceLimits;
  #agent: Agent | undefined;

  constructor(limits: ServiceLimits) {
    this.#limits = limits;
  }

  /** @throws ServiceError `unreachable`, `timeout`, `broken`; AppError `cancelled` */
  async request(
    url: string,
    { method, headers = {}, body }: ServiceRequest,
    signal: AbortSignal,
  ): Promise<ServiceAnswer> {
    if (signal.aborted) throw cancelled(signal);
    const { connectMs, headersMs, idleMs, maxBytes } = this.#limits;
    // By its default: a bundle knows no other name of a CommonJS module.
    const undici = (await import("undici")).default;
    this.#agent ??= new undici.Agent({
      connect: { timeout: connectMs },
      headersTimeout: headersMs,
      bodyTimeout: idleMs,
    });
    try {
      const answer = await undici.request(url, {
        method,
        dispatcher: this.#agent,
        signal,
        headers: {
          ...(body === undefined ? {} : { "content-length": String(body.length) }),
          "accept-encoding": "identity",
          "user-agent": "talkbox",
          ...headers,
        },
        body: body ?? null,
      });
      // Without a listener an abort between here and the reading of the body would be an uncaught error.
      answer.body.on("error", () => undefined);
      const header = (name: string): string | undefined => {
        const value = answer.headers[name];
        return Array.isArray(value) ? value[0] : value;
      };
      return {
        status: answer.statusCode,
        contentType: header("content-type")?.split(";")[0]?.trim().toLowerCase() ?? "",
        header,
        body: metered(answer.body, maxBytes, signal),
      };
    } catch (error) {
      throw asServiceError(error, signal);
    }
  }

  /** Ends every connection, those in use too. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent?.destroy();
    this.#agent = undefined;
  }
}

/** All of a body. */
export async function readAll(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of body) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function* metered(body: AsyncIterable<unknown>, most: number, signal: AbortSignal): AsyncGenerator<Buffer, void> {
  let bytes = 0;
  try {
    for await (const piece of body as AsyncIterable<Buffer>) {
      bytes += piece.length;
      if (bytes > most) throw new ServiceError("too_large");
      yield piece;
    }
  } catch (error) {
    throw asServiceError(error, signal);
  }
}

function asServiceError(error: unknown, signal: AbortSignal): AppError {
  if (error instanceof AppError) return error;
  if (signal.aborted || isAbort(error)) return cancelled(signal, error);
  const { code = "", name = "" } = (error ?? {}) as { code?: string; name?: string };
  if (/TIMEOUT/.test(code) && code !== "UND_ERR_CONNECT_TIMEOUT") return new ServiceError("timeout", error);
  const unreached =
    /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT|ERR_TLS\w*|CERT_\w+|DEPTH_ZERO\w*|SELF_SIGNED\w*|UNABLE_TO\w*)$/;
  return new ServiceError(unreached.test(code) || name === "ConnectTimeoutError" ? "unreachable" : "broken", error);
}

function cancelled(signal: AbortSignal, cause: unknown = signal.reason): AppError {
  return new AppError("cancelled", "The job was cancelled.", { cause });
}
