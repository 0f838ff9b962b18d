import type { IncomingMessage, Server as HttpServer, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { Server, type Socket } from "socket.io";
import { toAppError } from "../../errors.ts";
import { MAX_SOCKET_MESSAGE_BYTES } from "../../limits/server.ts";
import type { RouteParts } from "../route-parts.ts";
import { serveSocket } from "./generation.ts";

/** Path of every request and upgrade that belongs to Socket.IO. */
const PATH = "/socket.io/";

/** What `socket.io` hands out of the engine beneath it. */
type Engine = {
  handleRequest(request: IncomingMessage, response: ServerResponse): void;
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  close(): void;
};

/** The Socket.IO events of document 001, on every port that the server listens on. */
export class SocketServer {
  readonly #io: Server;

  /** @param server the first port's; nothing need listen yet */
  constructor(server: HttpServer, parts: RouteParts) {
    const { access, config, log } = parts;
    const origin = config.corsOrigins.includes("*") ? "*" : [...config.corsOrigins];
    this.#io = new Server({
      path: PATH,
      cors: { origin },
      // Clients load their own library.
      serveClient: false,
      maxHttpBufferSize: MAX_SOCKET_MESSAGE_BYTES,
      // Flask's older clients speak the protocol before.
      allowEIO3: true,
      // CORS is no bar to a WebSocket: whose page it comes from is looked at here.
      allowRequest: (request, decide) => decide(null, originMayCall(request, config.corsOrigins)),
    });
    this.#io.use((socket, next) => {
      try {
        const { auth, headers } = socket.handshake;
        const { token, key } = auth as { token?: unknown; key?: unknown };
        access.checkConnection(headers, token ?? key);
        next();
      } catch (error) {
        next(new Error(toAppError(error).message));
      }
    });
    this.#io.on("connection", (socket: Socket) => serveSocket(socket, parts));
    this.#io.attach(server);
    log.debug({ path: PATH }, "socket.io");
  }

  get #engine(): Engine {
    return this.#io.engine;
  }

  /** Serves another port. @param otherwise takes the requests that are not Socket.IO's */
  join(server: HttpServer): void {
    const [otherwise] = server.listeners("request") as ((request: IncomingMessage, response: ServerResponse) => void)[];
    server.removeAllListeners("request");
    server.on("request", (request, response) => {
      if (isOurs(request)) this.#engine.handleRequest(request, response);
      else otherwise?.(request, response);
    });
    server.on("upgrade", (request, socket, head) => {
      if (isOurs(request)) this.#engine.handleUpgrade(request, socket, head);
      else socket.destroy();
    });
  }

  /** Lets go of every client; the ports stay open. */
  close(): void {
    this.#io.disconnectSockets(true);
    this.#engine.close();
  }
}

function isOurs({ url = "" }: IncomingMessage): boolean {
  return url.startsWith(PATH) || url.startsWith(`${PATH.slice(0, -1)}?`);
}

/** Whether a page of this origin may call; whoever says none is no page. */
function originMayCall({ headers }: IncomingMessage, allowed: readonly string[]): boolean {
  const { origin, host } = headers;
  if (origin === undefined || allowed.includes("*") || allowed.includes(origin)) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}
