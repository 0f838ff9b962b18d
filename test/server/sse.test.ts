import assert from "node:assert/strict";
import { type AddressInfo, connect } from "node:net";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import Fastify from "fastify";
import { openSse, readLastEventId } from "../../src/server/sse.ts";

const app = Fastify({ forceCloseConnections: true });
after(() => app.close());
const left = { seen: false };
app.get("/events", async (request, reply) => {
  const sse = openSse(request, reply, { heartbeatMs: 20 });
  sse.signal.addEventListener("abort", () => (left.seen = true));
  if (request.headers["last-event-id"] !== undefined) {
    await sse.send(readLastEventId(request) ?? {});
    await sse.end();
    return reply;
  }
  void (async () => {
    for (let index = 0; index < 100; index++) await sse.send({ index, text: "가".repeat(60) }, `job/${index}`);
  })();
  return reply;
});
await app.listen({ port: 0, host: "127.0.0.1" });
const { port } = app.server.address() as AddressInfo;

/** Reads from the network as it comes; `enough` ends it. */
async function rawReads(headers: string, enough: (all: string) => boolean): Promise<string[]> {
  const socket = connect(port, "127.0.0.1");
  socket.write(`GET /events HTTP/1.1\r\nHost: x\r\n${headers}\r\n`);
  const reads: string[] = [];
  for await (const read of socket as AsyncIterable<Buffer>) {
    reads.push(read.toString("utf8"));
    if (enough(reads.join(""))) break;
  }
  socket.destroy();
  return reads;
}

test("each event leaves in one piece, and signs of life come between", async () => {
  const reads = await rawReads("", (all) => all.includes(": waiting") && all.includes('"index":99'));
  let events = 0;
  for (const read of reads) {
    // As the documents' browser client does it: each read is taken apart by itself.
    for (const line of read.split("\n"))
      if (line.startsWith("data: ")) events += JSON.parse(line.slice(6)).index >= 0 ? 1 : 0;
  }
  assert.equal(events, 100);
  assert.match(reads[0] ?? "", /content-type: text\/event-stream; charset=utf-8/i);
  assert.match(reads.join(""), /id: job\/7\ndata: \{"index":7,/);
});

test("the caller's going is seen", async () => {
  for (let waited = 0; !left.seen && waited < 30_000; waited += 5) await sleep(5);
  assert.ok(left.seen);
});

test("the id of the last event names the job and the place; anything else is none", async () => {
  const [answer] = await rawReads("Last-Event-ID: 3f-aa/12\r\nConnection: close\r\n", (all) => all.includes("after"));
  assert.match(answer ?? "", /data: \{"job":"3f-aa","after":12\}/);
  const [none] = await rawReads("Last-Event-ID: ../x\r\nConnection: close\r\n", (all) => all.includes("data: {}"));
  assert.match(none ?? "", /data: \{\}/);
});
