import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { isIP } from "node:net";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { AppError } from "../errors.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Whether a route is for anybody, without the key. */
    open?: boolean;
  }
}

export type AccessOptions = {
  /** Empty: anyone may call. */
  readonly apiKey: string;
  /** Whether only this machine can connect. */
  readonly loopback: boolean;
  /** The URL that callers use, if it is not the server's own. */
  readonly publicUrl: string;
};

/** Who may call, and who may read a file without the key. */
export class Access {
  readonly #options: AccessOptions;

  constructor(options: AccessOptions) {
    this.#options = options;
  }

  /** Guards every route of `app` but those whose options say `config: { open: true }`. */
  guard(app: FastifyInstance): void {
    app.addHook("onRequest", async (request) => {
      this.#checkHost(request);
      if ((request.routeOptions.config as { open?: boolean }).open !== true) this.check(request);
    });
  }

  /** @throws AppError `unauthorized` without the key */
  check(request: { readonly headers: IncomingHttpHeaders }): void {
    if (this.#options.apiKey === "") return;
    const given = (request.headers.authorization ?? "").replace(/^Bearer\s+/i, "");
    if (!sameText(given, this.#options.apiKey)) {
      throw new AppError("unauthorized", "The key is missing or wrong. Send Authorization: Bearer KEY.");
    }
  }

  /**
   * Admits a connection that is none of the framework's requests.
   * @param given the key, where the caller cannot send a header
   * @throws AppError `unauthorized`
   */
  checkConnection(headers: IncomingHttpHeaders, given: unknown): void {
    const host = `http://${headers.host ?? ""}`;
    this.#checkHost({ hostname: URL.canParse(host) ? new URL(host).hostname : "" });
    const authorization = typeof given === "string" && given !== "" ? given : headers.authorization;
    this.check({ headers: authorization === undefined ? {} : { authorization } });
  }

  /** What a URL carries so that it can be opened without the key; undefined where none is needed. */
  signature(name: string): string | undefined {
    const { apiKey } = this.#options;
    return apiKey === "" ? undefined : createHmac("sha256", apiKey).update(`file:${name}`).digest("hex").slice(0, 32);
  }

  /** @throws AppError `unauthorized` without the signature or the key */
  checkSignature(request: FastifyRequest, name: string, given: unknown): void {
    const expected = this.signature(name);
    if (expected !== undefined && !(typeof given === "string" && sameText(given, expected))) this.check(request);
  }

  /**
   * A page in a browser on this machine could have its own name lead to 127.0.0.1 and call as if it came from here.
   * So a server for this machine alone answers to this machine's names alone.
   */
  #checkHost({ hostname }: { readonly hostname: string }): void {
    const { loopback, apiKey, publicUrl } = this.#options;
    if (!loopback || apiKey !== "") return;
    const name = hostname.replace(/^\[|\]$/g, "").toLowerCase();
    const known = name === "localhost" || name.endsWith(".localhost") || isIP(name) !== 0;
    if (known || (publicUrl !== "" && name === new URL(publicUrl).hostname)) return;
    throw new AppError("unauthorized", "This server answers to localhost. Set TALKBOX_PUBLIC_URL for another name.");
  }
}

/** Compares in a time that does not tell where the texts differ. */
function sameText(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
