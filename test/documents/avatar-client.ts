import { connect } from "node:net";

/** An event of a stream, as it stood on its `data: ` line. */
export type StreamEvent = Record<string, unknown> & { readonly type: string };

/** What came of a raw request: the head, the chunks as the network gave them, and the events that they held. */
export type RawStream = { readonly head: string; readonly reads: readonly string[]; readonly events: StreamEvent[] };

/**
 * Posts to a stream and reads it straight from the socket, each read taken apart by lines by itself, as the documents'
 * browser client does: an event that comes in two reads would break it, and breaks this.
 * @param enough ends the reading before the stream does
 */
export async function rawStream(
  url: string,
  body: object,
  {
    enough = () => false,
    headers = {},
  }: { enough?: (event: StreamEvent) => boolean; headers?: Record<string, string> } = {},
): Promise<RawStream> {
  const { hostname, port, pathname } = new URL(url);
  const text = JSON.stringify(body);
  const more = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const socket = connect(Number(port), hostname);
  socket.setNoDelay(true);
  socket.write(
    `POST ${pathname} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nContent-Type: application/json\r\nConnection: close\r\n` +
      `${more.join("")}Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  );
  const reads: string[] = [];
  const events: StreamEvent[] = [];
  for await (const read of socket as AsyncIterable<Buffer>) {
    const chunk = read.toString("utf8");
    reads.push(chunk);
    let stop = false;
    for (const line of chunk.split("\n")) {
      if (!line.startsWith("data: ")) continue;
      const event = JSON.parse(line.slice(6)) as StreamEvent;
      events.push(event);
      stop ||= enough(event);
    }
    if (stop) break;
  }
  socket.destroy();
  return { head: reads[0]?.split("\r\n\r\n")[0] ?? "", reads, events };
}
