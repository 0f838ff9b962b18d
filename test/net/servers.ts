import { createServer, type RequestListener } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** A server on a loopback address for one test. */
export type TestServer = AsyncDisposable & {
  readonly origin: string;
  readonly port: number;
  readonly requests: string[];
};

/** Starts a server that answers with `listener` and remembers the paths that it was asked for. */
export async function serve(listener: RequestListener, host = "127.0.0.1"): Promise<TestServer> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    requests.push(request.url ?? "");
    listener(request, response);
  });
  server.on("connection", (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://${host}:${port}`,
    port,
    requests,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
