import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { cosyVoice } from "../speech/remote/services.ts";
import { localServer, type LocalServer } from "./local-server.ts";

const TEXT = "Here is something that takes a while to say, and then some more of it. ".repeat(40);

/** What the metrics say of a lane. */
async function lane(server: LocalServer, name: string): Promise<{ taken: number; waiting: number }> {
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  const value = (what: string): number =>
    Number(new RegExp(`^talkbox_lane_${what}\\{lane="${name}"\\} (\\d+)$`, "m").exec(metrics)?.[1]);
  return { taken: value("taken"), waiting: value("waiting") };
}

async function until(settled: () => Promise<boolean>, what: string): Promise<void> {
  for (let waited = 0; waited < 30_000; waited += 20) {
    if (await settled()) return;
    await sleep(20);
  }
  assert.fail(what);
}

async function begin(server: LocalServer, operation: string, params: object): Promise<string> {
  const { status, body } = await server.call("/run", { body: { input: { operation, params } } });
  assert.equal(status, 200, JSON.stringify(body));
  return String(body["id"]);
}

async function end(server: LocalServer, ids: readonly string[]): Promise<void> {
  for (const id of ids) server.jobs.cancel(id);
  await until(async () => server.jobs.places().unsettled === 0, "the jobs have stopped");
  for (const name of ["cpu", "encode"]) assert.deepEqual(await lane(server, name), { taken: 0, waiting: 0 });
}

describe("lanes, as the metrics tell of them", () => {
  it("a stream of chunks holds the encode lane from its begin to its end, and another one waits for it", async () => {
    const server = await localServer({ env: { TALKBOX_CONCURRENCY: "2", TALKBOX_ENCODE_JOBS: "1" } });
    const ids = [
      await begin(server, "stream_chunks", { text: TEXT }),
      await begin(server, "stream_chunks", { text: TEXT }),
    ];
    await until(async () => {
      const { taken, waiting } = await lane(server, "encode");
      return taken === 1 && waiting === 1;
    }, "one encodes, the other waits");
    await end(server, ids);
  });

  it("speech of this machine holds the cpu lane", async () => {
    const server = await localServer();
    const id = await begin(server, "tts", { text: TEXT.repeat(6) });
    await until(async () => (await lane(server, "cpu")).taken === 1, "it holds the lane");
    await end(server, [id]);
  });

  it("speech that is made elsewhere holds no lane but that of what is done with it here", async () => {
    const service = await cosyVoice();
    const server = await localServer({ env: { COSYVOICE_API_URL: service.url, TALKBOX_CONCURRENCY: "4" } });
    service.faults.push("silent", "silent", "silent");
    const asked = { text: "Hello there.", engine: "cosyvoice" };
    const ids = [await begin(server, "tts", asked), await begin(server, "tts", { ...asked, output_format: "mp3" })];
    await until(async () => service.load.now === 2, "both are being spoken");
    assert.deepEqual(
      [await lane(server, "cpu"), await lane(server, "encode")].map(({ taken }) => taken),
      [0, 1],
    );
    ids.push(await begin(server, "lipsync", { text: "Hello there.", tts_engine: "cosyvoice" }));
    await until(async () => service.load.now === 3, "all are being spoken");
    // The pictures are drawn and encoded here.
    assert.deepEqual(
      [await lane(server, "cpu"), await lane(server, "encode")].map(({ taken }) => taken),
      [1, 2],
    );
    await end(server, ids);
  });
});
