import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

export type Received = { readonly path: string; readonly headers: Record<string, string>; readonly text: string };

/** Takes webhooks; the n-th for a path is answered with the n-th status of `statuses`, then with 200. */
export async function webhookReceiver(statuses: Readonly<Record<string, readonly number[]>> = {}): Promise<{
  readonly url: string;
  readonly received: Received[];
  /** Waits until so many have come for a path. */
  expect(path: string, count: number): Promise<Received[]>;
}> {
  const received: Received[] = [];
  const of = (path: string): Received[] => received.filter((one) => one.path === path);
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const path = request.url ?? "";
      response.writeHead(statuses[path]?.[of(path).length] ?? 200).end();
      received.push({
        path,
        headers: request.headers as Record<string, string>,
        text: Buffer.concat(chunks).toString(),
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  after(() => server.close());
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    async expect(path, count) {
      for (let waited = 0; of(path).length < count && waited < 5000; waited += 10) await sleep(10);
      return of(path);
    },
  };
}
