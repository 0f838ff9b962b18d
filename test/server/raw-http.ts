import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** A connection on which a test speaks HTTP by hand, badly where it wants. */
export class RawConnection {
  readonly socket: Socket;
  readonly #ended: Promise<unknown>;
  #read = "";

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (piece: Buffer) => {
      if (this.#read.length < 100_000) this.#read += piece.toString("latin1");
    });
    // A server that cuts off resets connections: that is what is looked for.
    socket.on("error", () => undefined);
    this.#ended = new Promise((resolve) => {
      socket.once("close", resolve);
    });
  }

  static async open(url: string): Promise<RawConnection> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    await once(socket, "connect");
    return new RawConnection(socket);
  }

  /** What has come so far. */
  get read(): string {
    return this.#read;
  }

  /** The status that has come; 0 for none. */
  get status(): number {
    return Number(/^HTTP\/1\.1 (\d{3}) /.exec(this.#read)?.[1] ?? 0);
  }

  send(text: string | Buffer): void {
    if (!this.socket.destroyed) this.socket.write(text);
  }

  /** Resolves when the server has closed the connection. */
  async closed(): Promise<void> {
    await this.#ended;
  }

  /** Resolves when a status has come or the connection is closed. */
  async answered(): Promise<number> {
    while (this.status === 0 && !this.socket.destroyed) await this.#next("data");
    return this.status;
  }

  /**
   * Sends zeros until all are out, the connection is closed, or the answer has come; answers how many were sent.
   * @param stubborn goes on after the answer
   */
  async pour(bytes: number, { chunked = false, stubborn = false } = {}): Promise<number> {
    const piece = Buffer.alloc(1 << 18, "0");
    const framed = chunked
      ? Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from("\r\n")])
      : piece;
    let sent = 0;
    const wanted = (): boolean => sent < bytes && (stubborn || this.status === 0);
    while (wanted() && !this.socket.destroyed && this.socket.writable) {
      if (!this.socket.write(framed)) await this.#next("drain");
      sent += piece.length;
    }
    return sent;
  }

  /** Resolves at the next such event, or when the connection is closed. */
  async #next(event: "data" | "drain"): Promise<void> {
    const heard = Promise.withResolvers<void>();
    this.socket.once(event, heard.resolve);
    await Promise.race([heard.promise, this.#ended]);
    this.socket.off(event, heard.resolve);
  }

  close(): void {
    this.socket.destroy();
  }
}
