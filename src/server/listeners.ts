import type { Server as HttpServer } from "node:http";
import type { Socket } from "node:net";
import { AppError } from "../errors.ts";
import { SERVER_CLOSE_MS } from "../limits/server.ts";

/** The listeners of a server, on a port each. */
export class Listeners {
  readonly #servers: HttpServer[] = [];
  /** Connections that have not asked for anything yet. */
  readonly #silent = new Set<Socket>();

  /** Listens on a port. @throws AppError `conflict` when that cannot be had */
  async listen(server: HttpServer, port: number, host: string): Promise<void> {
    this.#servers.push(server);
    server.on("connection", (socket) => {
      this.#silent.add(socket);
      socket.once("close", () => this.#silent.delete(socket));
    });
    server.on("request", ({ socket }) => this.#silent.delete(socket));
    server.on("upgrade", ({ socket }) => this.#silent.delete(socket));
    await new Promise<void>((resolve, reject) => {
      server.once("error", (cause: NodeJS.ErrnoException) => {
        const what = cause.code === "EADDRINUSE" ? "is in use already" : "cannot be listened on";
        reject(new AppError("conflict", `Port ${port} on ${host} ${what}. Choose another with --port.`, { cause }));
      });
      server.listen(port, host, resolve);
    });
  }

  /** What each listens on, in the order in which they were begun. */
  addresses(): ReturnType<HttpServer["address"]>[] {
    return this.#servers.map((server) => server.address());
  }

  /**
   * Closes all, the first one by `closeFirst`. Answers under way get through; what is not sent after a while is cut off.
   * A connection whose answer ends late, a stream's say, would be kept for a next request that nobody can make any more, and
   * one that has asked for nothing for the first: they are let go of.
   */
  async close(closeFirst: () => Promise<unknown>): Promise<void> {
    const letGo = (): void => {
      for (const server of this.#servers) server.closeIdleConnections();
      for (const socket of this.#silent) socket.destroy();
    };
    const look = setInterval(letGo, SERVER_CLOSE_MS.look);
    const late = setTimeout(() => {
      for (const server of this.#servers) server.closeAllConnections();
    }, SERVER_CLOSE_MS.answers);
    try {
      const closed = this.#servers.slice(1).map((server) => new Promise((resolve) => server.close(resolve)));
      await Promise.all([closeFirst(), ...closed]);
    } finally {
      clearInterval(look);
      clearTimeout(late);
    }
  }
}
