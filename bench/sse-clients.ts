/**
 * Callers of the avatar API's stream: how soon the first event comes to one who is alone, and fifty at once, each held to
 * its end. Every event is read straight from the socket; places in the queue must fall one by one.
 * Usage: node bench/sse-clients.ts [clients] [concurrency]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readConfig } from "../src/config.ts";
import { silentLog } from "../src/log.ts";
import { openServer } from "../src/server/open-server.ts";

const clients = Number(process.argv[2] ?? 50);
const concurrency = process.argv[3] ?? "3";
const root = join(import.meta.dirname, "..");
const data = mkdtempSync(join(tmpdir(), "talkbox-bench-"));
const config = readConfig(
  { PATH: process.env["PATH"], TALKBOX_DATA: data, TALKBOX_CONCURRENCY: concurrency, TALKBOX_RATE_LIMIT: "0" },
  root,
);
const server = await openServer({ config, log: silentLog(), port: 0, host: "127.0.0.1", version: "bench" });

type Heard = {
  readonly firstMs: number;
  readonly totalMs: number;
  readonly places: readonly number[];
  readonly waits: readonly (readonly [atMs: number, seconds: number])[];
  readonly begunMs: number;
  readonly last: string;
};

/** One caller, from its request to the end of its stream. */
async function caller(text: string): Promise<Heard> {
  const { port, hostname } = new URL(server.url);
  const body = JSON.stringify({ text, quality: "low" });
  const began = performance.now();
  const socket = connect(Number(port), hostname);
  socket.write(
    `POST /api/v2/lipsync/stream HTTP/1.1\r\nHost: ${hostname}\r\nContent-Type: application/json\r\n` +
      `Connection: close\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  let firstMs = Number.NaN;
  let begunMs = Number.NaN;
  let last = "nothing";
  const places: number[] = [];
  const waits: [number, number][] = [];
  for await (const read of socket as AsyncIterable<Buffer>) {
    const at = performance.now() - began;
    for (const line of read.toString("utf8").split("\n")) {
      if (!line.startsWith("data: ")) continue;
      const event = JSON.parse(line.slice(6)) as {
        type: string;
        stage?: string;
        position?: number;
        estimated_wait?: number;
      };
      if (Number.isNaN(firstMs)) firstMs = at;
      if (event.stage === "tts") begunMs = at;
      if (event.position !== undefined) places.push(event.position);
      if (typeof event.estimated_wait === "number") waits.push([at, event.estimated_wait]);
      last = event.stage ?? event.type;
    }
  }
  return { firstMs, totalMs: performance.now() - began, places, waits, begunMs, last };
}

const percentile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? Number.NaN;

try {
  await server.readiness.warm;
  await caller("안녕하세요");
  const alone: number[] = [];
  for (let round = 0; round < 10; round++) alone.push((await caller("안녕하세요")).firstMs);
  process.stdout.write(
    `first event, alone: median ${percentile(alone, 0.5).toFixed(1)} ms, worst ${percentile(alone, 1).toFixed(1)} ms\n`,
  );

  const began = performance.now();
  const heard = await Promise.all(Array.from({ length: clients }, async () => caller("안녕하세요")));
  const first = heard.map(({ firstMs }) => firstMs);
  const ended = heard.filter(({ last }) => last === "done").length;
  const honest = heard.filter(({ places }) =>
    places.every((place, at) => at === 0 || place <= (places[at - 1] as number)),
  ).length;
  const misses = heard.flatMap(({ waits, begunMs }) =>
    waits.map(([atMs, seconds]) => Math.abs(seconds - (begunMs - atMs) / 1000)),
  );
  process.stdout.write(
    [
      `${clients} at once, ${concurrency} jobs at a time: ${ended} done, ${clients - ended} not, in ${((performance.now() - began) / 1000).toFixed(1)} s`,
      `first event: median ${percentile(first, 0.5).toFixed(1)} ms, 95 % ${percentile(first, 0.95).toFixed(1)} ms, worst ${percentile(first, 1).toFixed(1)} ms`,
      `places that never rose: ${honest} of ${clients}; estimates off by ${percentile(misses, 0.5).toFixed(1)} s in the median`,
      "",
    ].join("\n"),
  );
  if (ended < clients || honest < clients) process.exitCode = 1;
} finally {
  await server.close(0);
  rmSync(data, { recursive: true, force: true });
}
