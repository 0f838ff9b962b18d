import { createHash } from "node:crypto";
import type { LookupFunction } from "node:net";
import type { S3Client } from "@aws-sdk/client-s3";
import { S3_CONNECT_TIMEOUT_MS, S3_IDLE_TIMEOUT_MS, S3_RETRY } from "../../limits/storage.ts";
import { asBucketError } from "./fault.ts";
import { type RetryPolicy, withRetries } from "./retry.ts";
import type { BucketSettings } from "./settings.ts";

/** The bucket tells its time in whole seconds, and late: less than this is no difference. */
const SMALL_SKEW_MS = 120_000;

type Sdk = typeof import("./aws-client.ts");

/** The AWS package, and a client of it that never tries again by itself. */
export type Connection = { readonly sdk: Sdk; readonly s3: S3Client };

/** What goes with each request. */
type RequestOptions = { readonly abortSignal?: AbortSignal };

export type BucketClientOptions = {
  /** Finds the host's address; default the system's. One that fails keeps a client from where it should not go. */
  readonly lookup?: LookupFunction | undefined;
  readonly retry?: RetryPolicy;
  readonly connectTimeoutMs?: number;
  readonly idleTimeoutMs?: number;
  /** Epoch milliseconds; default the system's clock, put right by what the bucket says of the time. */
  readonly now?: (() => number) | undefined;
};

/** Requests to one bucket, with retries and time limits. The AWS package is loaded at the first of them. */
export class BucketClient implements Disposable {
  readonly settings: BucketSettings;
  readonly #options: BucketClientOptions;
  #connection: Promise<Connection> | undefined;
  #connected: Connection | undefined;

  constructor(settings: BucketSettings, options: BucketClientOptions = {}) {
    this.settings = settings;
    this.#options = options;
  }

  /** Epoch milliseconds, by the bucket's clock where this machine's differs from it by minutes. */
  now(): number {
    return this.#options.now?.() ?? Date.now() + this.skewMs;
  }

  /** How far the bucket's clock is ahead, in milliseconds; 0 for less than two minutes. */
  get skewMs(): number {
    const offset = this.#connected?.s3.config.systemClockOffset ?? 0;
    return Math.abs(offset) < SMALL_SKEW_MS ? 0 : offset;
  }

  async connect(): Promise<Connection> {
    return (this.#connection ??= this.#open());
  }

  /**
   * One request, tried again while its failure is a passing one.
   * @throws AppError storage_failed, not_found, cancelled
   */
  async call<T>(
    work: (connection: Connection, options: RequestOptions) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    try {
      return await this.attempt(work, signal);
    } catch (error) {
      throw asBucketError(error);
    }
  }

  /** As `call`, with errors as the AWS client throws them. */
  async attempt<T>(
    work: (connection: Connection, options: RequestOptions) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    const connection = await this.connect();
    const options = signal ? { abortSignal: signal } : {};
    return withRetries(async () => work(connection, options), signal, this.#options.retry ?? S3_RETRY);
  }

  [Symbol.dispose](): void {
    this.#connected?.s3.destroy();
  }

  async #open(): Promise<Connection> {
    const sdk = await import("./aws-client.ts");
    const { settings } = this;
    const { lookup, connectTimeoutMs = S3_CONNECT_TIMEOUT_MS, idleTimeoutMs = S3_IDLE_TIMEOUT_MS } = this.#options;
    // Not imported: that reads all of node:http's exports, and costs every start 60 ms, with a bucket or without.
    const { Agent: HttpAgent } = process.getBuiltinModule("node:http");
    const { Agent: HttpsAgent } = process.getBuiltinModule("node:https");
    const agent = { keepAlive: true, maxSockets: 16, ...(lookup ? { lookup } : {}) };
    const s3 = new sdk.S3Client({
      ...(settings.endpoint === undefined ? {} : { endpoint: settings.endpoint }),
      region: settings.region,
      forcePathStyle: settings.pathStyle,
      credentials: async () => settings.credentials(),
      maxAttempts: 1,
      // Checksums that older S3 servers do not know are left out; those that matter here are given by name.
      requestChecksumCalculation: "WHEN_REQUIRED",
      responseChecksumValidation: "WHEN_REQUIRED",
      requestHandler: {
        httpAgent: new HttpAgent(agent),
        httpsAgent: new HttpsAgent(agent),
        connectionTimeout: connectTimeoutMs,
        socketTimeout: idleTimeoutMs,
      },
    });
    // Servers older than S3's new checksums insist on this one for a bucket's rules.
    s3.middlewareStack.add(
      (next, context) => async (input) => {
        const request = input.request as { headers?: Record<string, string>; body?: unknown };
        if (context.commandName === "PutBucketLifecycleConfigurationCommand" && request.headers) {
          const body = typeof request.body === "string" ? request.body : "";
          request.headers["content-md5"] = createHash("md5").update(body).digest("base64");
        }
        return next(input);
      },
      { step: "build", name: "talkboxContentMd5" },
    );
    this.#connected = { sdk, s3 };
    return this.#connected;
  }
}
