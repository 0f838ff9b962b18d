/** The thread that beats: nothing a handler does to its event loop can hold it up. */
import { parentPort, workerData } from "node:worker_threads";
import { readHeartbeatList } from "./heartbeat-list.ts";
import type { HeartbeatOrder, HeartbeatReport } from "./heartbeat.ts";
import { HttpClient, HttpError } from "./http.ts";
import { Backoff, pause } from "./pauses.ts";
import { withQuery } from "./platform.ts";

const order = workerData as HeartbeatOrder;
const client = new HttpClient(order.idleSocketMs);
let underWay = 0;
let tidied = false;

function report(message: HeartbeatReport): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has no origin
  parentPort?.postMessage(message);
}

/** Sends one heartbeat, tried again until the next one is due. */
async function beat(): Promise<void> {
  const backoff = new Backoff(1000, order.periodMs);
  const until = performance.now() + order.periodMs;
  for (let attempt = 0; ; attempt += 1) {
    let fault: string;
    try {
      const ids = readHeartbeatList(order.list);
      const query: [string, string][] = ids === "" ? [] : [["job_id", ids]];
      const { status } = await client.request({
        method: "GET",
        url: withQuery(order.url, [...query, ["runpod_version", order.version]]),
        headers: { Authorization: order.apiKey, "User-Agent": order.userAgent },
        timeoutMs: 2 * order.periodMs,
        mostBytes: 1024 * 1024,
      });
      if (status < 400) return;
      fault = `answered with ${status}`;
      if (status !== 429 && status < 500) return report({ type: "fault", message: `The heartbeat was ${fault}.` });
    } catch (error) {
      fault = error instanceof HttpError ? error.message : String(error);
    }
    const wait = backoff.next();
    if (attempt >= order.retries || performance.now() + wait > until) {
      return report({ type: "fault", message: `The heartbeat failed: ${fault}.` });
    }
    await pause(wait);
  }
}

/**
 * Gives back what the start left behind, once all is loaded that a heartbeat needs: 3 MiB, which so idle a thread would
 * never collect. V8 hands its collector only to a context that is made while the flag is set.
 */
function tidyOnce(): void {
  if (tidied) return;
  tidied = true;
  const { setFlagsFromString } = process.getBuiltinModule("node:v8");
  setFlagsFromString("--expose-gc");
  const collect = process.getBuiltinModule("node:vm").runInNewContext("globalThis.gc") as NodeJS.GCFunction | undefined;
  setFlagsFromString("--no-expose-gc");
  collect?.({ type: "major", execution: "sync", flavor: "last-resort" });
}

function tick(): void {
  // One that hangs must not keep the next from being sent.
  if (underWay >= order.atOnce) return;
  underWay += 1;
  void beat().finally(() => {
    underWay -= 1;
    tidyOnce();
  });
}

// A frozen process stops all of its threads. This one does nothing else, so if it is late, all of them were: either clock
// may tell, for one of them may have stood still with the process.
const LOOK_MS = 1000;
let wall = Date.now();
let steady = performance.now();
setInterval(() => {
  const late = Math.max(Date.now() - wall, performance.now() - steady) - LOOK_MS;
  wall = Date.now();
  steady = performance.now();
  if (late < order.frozenMs) return;
  client.thaw(0);
  report({ type: "thawed", afterMs: late });
  tick();
}, LOOK_MS);

setInterval(tick, order.periodMs);
tick();
