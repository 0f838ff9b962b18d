import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import type { BucketRequest } from "../../../../src/storage/s3/settings.ts";
import { type Answer, Bucket } from "./bucket.ts";
import { S3Refusal, toXml } from "./refusal.ts";
import { type RawRequest, verifySignature } from "./signature.ts";

/**
 * What goes wrong: a status with its code; `reset` breaks the connection before anything is done, `lost` after it was
 * done; `silent` never answers; `garbage` answers what is no XML; `corrupt` gets other bytes and says their digest.
 */
export type FaultKind =
  | { readonly status: number; readonly code: string }
  | "reset"
  | "lost"
  | "silent"
  | "garbage"
  | "corrupt"
  | { readonly delayMs: number }
  | { readonly until: Promise<void> };

export type Fault = {
  readonly kind: FaultKind;
  /** Names of S3's operations; default every one. */
  readonly operations?: readonly string[];
  times: number;
};

export const KEY = { accessKeyId: "AKIDTALKBOXTEST", secretAccessKey: "s3cr3t/of+the=test" } as const;

/**
 * A small S3 server that is as strict as the real one where it matters: it checks every signature (headers and presigned
 * URLs, with their times by a clock that tests move), every checksum, and keeps a bucket's rules. Faults on demand.
 */
export class StrictS3 implements AsyncDisposable {
  readonly clock: { now: number };
  readonly bucket: Bucket;
  /** Names of the operations that came, in order. */
  readonly operations: string[] = [];
  /** Most requests that were under way at once. */
  mostAtOnce = 0;
  readonly #keys = new Map<string, string>([[KEY.accessKeyId, KEY.secretAccessKey]]);
  readonly #server: Server;
  #faults: Fault[] = [];

  private constructor(clock: { now: number }) {
    this.clock = clock;
    this.bucket = new Bucket(() => clock.now);
    let underWay = 0;
    this.#server = createServer((request, response) => {
      underWay++;
      this.mostAtOnce = Math.max(this.mostAtOnce, underWay);
      void this.#answer(request, response).finally(() => underWay--);
    });
  }

  /** @param clock its `now` is the server's time in epoch milliseconds; default the system's clock */
  static async start(
    clock: { now: number } = {
      get now() {
        return Date.now();
      },
    },
    port = 0,
  ): Promise<StrictS3> {
    const started = new StrictS3(clock);
    await new Promise<void>((resolve) => started.#server.listen(port, "127.0.0.1", resolve));
    return started;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** What a deployment would say of this bucket. */
  request(changes: Partial<BucketRequest> = {}): BucketRequest {
    const base = { endpointUrl: this.endpoint, bucket: "talkbox-test", region: "", sessionToken: "" } as const;
    return { ...base, ...KEY, addressing: "auto", ...changes };
  }

  fail(...faults: readonly Fault[]): void {
    this.#faults.push(...faults);
  }

  heal(): void {
    this.#faults = [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    incoming.on("error", () => {});
    const [path = "/", search = ""] = (incoming.url ?? "/").split("?", 2);
    const query = search === "" ? [] : search.split("&").map(pairOf);
    const { operation, key } = this.#route(incoming, path, new Map(query));
    this.operations.push(operation);
    const kind = this.#nextFault(operation);
    if (kind === "reset") return void incoming.socket.destroy();
    try {
      const body = await buffer(incoming).catch(() => undefined);
      if (body === undefined || kind === "silent") return;
      if (typeof kind === "object" && "until" in kind) await kind.until;
      if (typeof kind === "object" && "delayMs" in kind) await new Promise((done) => setTimeout(done, kind.delayMs));
      const headers = Object.fromEntries(
        Object.entries(incoming.headers).map(([name, value]) => [name, String(value)] as const),
      );
      const request: RawRequest = { method: incoming.method ?? "GET", path, query, headers, body };
      verifySignature(request, this.#keys, this.clock.now);
      if (typeof kind === "object" && "status" in kind) throw new S3Refusal(kind.status, kind.code);
      const answer = this.bucket.answer(operation, key, kind === "corrupt" ? corrupted(request) : request);
      if (kind === "lost") return void incoming.socket.destroy();
      this.#send(response, kind === "garbage" ? { ...answer, body: "not XML at all" } : answer);
    } catch (error) {
      const refusal = error instanceof S3Refusal ? error : new S3Refusal(500, "InternalError", String(error));
      const fields = { Code: refusal.code, Message: refusal.message, RequestId: "test" };
      this.#send(response, { status: refusal.status, body: incoming.method === "HEAD" ? "" : toXml("Error", fields) });
    }
  }

  #send(response: ServerResponse, { status, headers, body }: Answer): void {
    // The server's own clock, by which clients put theirs right.
    response.sendDate = false;
    response.writeHead(status, { date: new Date(this.clock.now).toUTCString(), ...headers });
    response.end(body);
  }

  #nextFault(operation: string): FaultKind | undefined {
    const fault = this.#faults.find(
      ({ operations, times }) => times > 0 && (operations === undefined || operations.includes(operation)),
    );
    if (fault) fault.times--;
    return fault?.kind;
  }

  #route(
    { method = "GET", headers }: IncomingMessage,
    path: string,
    query: ReadonlyMap<string, string>,
  ): { operation: string; key: string } {
    const inHost = (headers.host ?? "").startsWith("talkbox-test.");
    const parts = path.split("/").slice(inHost ? 1 : 2);
    const key = parts.map((part) => decodeURIComponent(part)).join("/");
    const named = (...names: string[]) => names.find((name) => query.has(name));
    const name = named("uploadId", "uploads", "lifecycle", "list-type") ?? (key === "" ? "bucket" : "object");
    const operations: Readonly<Record<string, string>> = {
      "PUT object": headers["x-amz-copy-source"] === undefined ? "PutObject" : "CopyObject",
      "GET object": "GetObject",
      "HEAD object": "HeadObject",
      "DELETE object": "DeleteObject",
      "HEAD bucket": "HeadBucket",
      "GET list-type": "ListObjectsV2",
      "POST uploads": "CreateMultipartUpload",
      "GET uploads": "ListMultipartUploads",
      "PUT uploadId": "UploadPart",
      "POST uploadId": "CompleteMultipartUpload",
      "DELETE uploadId": "AbortMultipartUpload",
      "GET lifecycle": "GetBucketLifecycleConfiguration",
      "PUT lifecycle": "PutBucketLifecycleConfiguration",
    };
    return { operation: operations[`${method} ${name}`] ?? `${method} ${name}`, key };
  }
}

/** One bit of the body is wrong, and the digests fit what came. */
function corrupted(request: RawRequest): RawRequest {
  const body = Buffer.from(request.body);
  body[0] = (body[0] ?? 0) ^ 1;
  const sha256 = createHash("sha256").update(body).digest("base64");
  return { ...request, body, headers: { ...request.headers, "x-amz-checksum-sha256": sha256 } };
}

function pairOf(pair: string): [string, string] {
  const [name = "", value = ""] = pair.split("=", 2).map((part) => decodeURIComponent(part.replaceAll("+", "%20")));
  return [name, value];
}
