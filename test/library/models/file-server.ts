import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What goes wrong with one request: an answer without the file, a connection that breaks after some bytes, a wait. */
export type Fault =
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  | { readonly cutAfter: number }
  | { readonly holdAfter: number };

/** A request as it came. */
export type Seen = {
  readonly path: string;
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
  readonly authorization: string | undefined;
};

/** A server of files whose faults and habits a test chooses. */
export class FileServer implements AsyncDisposable {
  readonly files = new Map<string, Buffer>();
  readonly redirects = new Map<string, { readonly to: string; readonly headers?: Readonly<Record<string, string>> }>();
  readonly requests: Seen[] = [];
  readonly faults: Fault[] = [];
  /** Of every file; undefined for none. */
  etag: string | undefined = '"one"';
  lastModified: string | undefined;
  /** Whether it answers requests for a part with one. */
  ranges = true;
  /** Whether it looks at `If-Range`. */
  heedsIfRange = true;
  /** Whether it says how long an answer is. */
  lengths = true;
  /** Answers a part from this byte on, whatever was asked for. */
  wrongStart: number | undefined;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  static async start(): Promise<FileServer> {
    const server = new FileServer();
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    return server;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = decodeURIComponent((request.url ?? "/").split("?")[0] ?? "/");
    const { range, authorization } = request.headers;
    const ifRange = request.headers["if-range"]?.toString();
    this.requests.push({ path, range, ifRange, authorization });
    const redirect = this.redirects.get(path);
    if (redirect) {
      response.writeHead(302, { location: redirect.to, ...redirect.headers }).end();
      return;
    }
    const file = this.files.get(path);
    if (!file) {
      response.writeHead(404).end();
      return;
    }
    const fault = this.faults.shift();
    if (fault && "status" in fault) {
      response.writeHead(fault.status, fault.headers).end();
      return;
    }
    const same = !this.heedsIfRange || ifRange === undefined || ifRange === this.etag || ifRange === this.lastModified;
    const asked = this.ranges && same ? /^bytes=(\d+)-$/.exec(range ?? "") : null;
    const from = asked ? (this.wrongStart ?? Number(asked[1])) : 0;
    const common = {
      ...(this.etag === undefined ? {} : { etag: this.etag }),
      ...(this.lastModified === undefined ? {} : { "last-modified": this.lastModified }),
    };
    if (asked && from >= file.length) {
      response.writeHead(416, { "content-range": `bytes */${file.length}` }).end();
      return;
    }
    const body = file.subarray(from);
    response.writeHead(asked ? 206 : 200, {
      ...common,
      ...(this.lengths ? { "content-length": body.length } : {}),
      ...(asked ? { "content-range": `bytes ${from}-${file.length - 1}/${file.length}` } : {}),
    });
    if (fault && "cutAfter" in fault) {
      response.write(body.subarray(0, fault.cutAfter), () => response.socket?.destroy());
    } else if (fault && "holdAfter" in fault) {
      response.write(body.subarray(0, fault.holdAfter));
    } else {
      response.end(body);
    }
  }
}
