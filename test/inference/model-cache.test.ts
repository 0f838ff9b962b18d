import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { LeaseRequest } from "../../src/inference/model-cache.ts";
import { Preloads } from "../../src/inference/preloads.ts";
import { inferenceUsage } from "../../src/inference/usage.ts";
import { countedCache, isCode, MB, request, use } from "./caches.ts";
import { row, valuesOf } from "./networks.ts";

describe("the model cache", () => {
  it("loads a network once however many ask at the same time", async () => {
    const { cache, threads } = countedCache();
    await using _ = cache;
    const { loads, hits } = inferenceUsage;
    const leases = await Promise.all(Array.from({ length: 20 }, () => cache.lease(request(2))));
    assert.equal(threads.length, 1);
    assert.deepEqual([inferenceUsage.loads - loads, inferenceUsage.hits - hits], [1, 19]);
    const results = await Promise.all(leases.map((lease, i) => lease.session.run(row(i, 0, 0, 0))));
    assert.deepEqual(
      results.map((result) => valuesOf(result)[0]),
      leases.map((_, i) => 2 * i),
    );
    assert.deepEqual(
      cache.list().map(({ name, provider, leases }) => [name, provider, leases]),
      [["scale 2", "cpu", 20]],
    );
    for (const lease of leases) await lease[Symbol.asyncDispose]();
    await leases[0]?.[Symbol.asyncDispose]();
    assert.equal(cache.list()[0]?.leases, 0, "disposing twice counts once");
  });

  it("tells everybody who waits how far the making of its file is, and nobody who has left or brought none", async () => {
    await using cache = countedCache().cache;
    const file = request(3).model as string;
    const step = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
    const model: LeaseRequest["model"] = async (_, __, progress) => {
      progress(0.25);
      await step[0].promise;
      progress(0.5);
      progress(0.4);
      await step[1].promise;
      progress(1);
      return file;
    };
    const heard: Readonly<Record<"first" | "second" | "leaves", number[]>> = { first: [], second: [], leaves: [] };
    const ask = (who: keyof typeof heard, signal?: AbortSignal) =>
      cache.lease(request(3, { model, progress: (share) => heard[who].push(share) }), signal);
    const leaving = new AbortController();
    const first = ask("first");
    const leaves = ask("leaves", leaving.signal);
    const silent = cache.lease(request(3, { model }));
    while (heard.first.length === 0) await sleep(1);
    const second = ask("second");
    leaving.abort();
    await assert.rejects(leaves, isCode("cancelled"));
    step[0].resolve();
    while (heard.second.length < 2) await sleep(1);
    step[1].resolve();
    for (const lease of await Promise.all([first, second, silent])) await lease[Symbol.asyncDispose]();
    assert.deepEqual(heard, { first: [0.25, 0.5, 1], second: [0.25, 0.5, 1], leaves: [0.25] });
    await using _ = await cache.lease(
      request(3, { model, progress: () => assert.fail("it is open: nothing is made") }),
    );
  });

  it("closes the network that nobody used for longest when there is no room, and no other", async () => {
    const { cache, names, threads } = countedCache({ bytes: 40 * MB });
    await using _ = cache;
    for (const factor of [1, 2, 3]) await use(cache, factor);
    await use(cache, 1);
    const { evictions } = inferenceUsage;
    await use(cache, 4);
    assert.equal(inferenceUsage.evictions - evictions, 1);
    assert.deepEqual(names(), ["scale 3", "scale 1", "scale 4"]);
    assert.deepEqual(
      threads.map(({ running }) => running),
      [true, false, true, true],
      "its thread has ended",
    );
    await use(cache, 2);
    assert.deepEqual(names(), ["scale 1", "scale 4", "scale 2"]);
  });

  it("never closes what somebody holds", async () => {
    const { cache, names } = countedCache({ bytes: 30 * MB });
    await using _ = cache;
    await using held = await cache.lease(request(1));
    for (const factor of [2, 3, 4]) await use(cache, factor);
    assert.deepEqual(names(), ["scale 1", "scale 4"]);
    assert.deepEqual(valuesOf(await held.session.run(row(5, 6, 7, 8))), [5, 6, 7, 8]);
  });

  it("waits where others hold all the room, until one lets go", async () => {
    const { cache, names } = countedCache({ bytes: 25 * MB });
    await using _ = cache;
    const [first, second] = [await cache.lease(request(1)), await cache.lease(request(2))];
    let came = false;
    const third = cache.lease(request(3)).then((lease) => {
      came = true;
      return lease;
    });
    await sleep(30);
    assert.equal(came, false);
    await second[Symbol.asyncDispose]();
    await using lease = await third;
    assert.deepEqual(valuesOf(await lease.session.run(row(1, 1, 1, 1))), [3, 3, 3, 3]);
    assert.deepEqual(names(), ["scale 1", "scale 3"]);
    await first[Symbol.asyncDispose]();
  });

  it("gives up a wait for room that is cancelled, and one that takes too long, with sizes and what to do", async () => {
    const { cache } = countedCache({ bytes: 20 * MB, waitMs: 100 });
    await using _ = cache;
    await using held = await cache.lease(request(1));
    const cancel = new AbortController();
    const cancelled = assert.rejects(cache.lease(request(2), cancel.signal), isCode("cancelled"));
    cancel.abort();
    await cancelled;
    await assert.rejects(
      cache.lease(request(2)),
      isCode("timeout", /"scale 2" \(12 MB, others hold \d+ MB of the 20 MB .*TALKBOX_MODEL_MEMORY/),
    );
    assert.ok(await held.session.run(row(1, 2, 3, 4)), "what is held goes on");
  });

  it("refuses at once what can never fit, with sizes and what to do", async () => {
    const { cache, threads } = countedCache({ bytes: 5 * MB });
    await using _ = cache;
    await assert.rejects(
      cache.lease(request(1)),
      isCode("engine_unavailable", /needs 12 MB, and networks may take 5 MB of .*TALKBOX_MODEL_MEMORY/),
    );
    assert.equal(threads.length, 0);
  });

  it("closes what nobody has used for a while, and loads it again when it is wanted", async () => {
    const { cache, names, threads } = countedCache({ idleMs: 30 });
    await using _ = cache;
    const { unloads } = inferenceUsage;
    await using held = await cache.lease(request(1));
    await use(cache, 2);
    for (let waited = 0; waited < 30_000 && threads[1]?.running; waited += 10) await sleep(10);
    assert.deepEqual(names(), ["scale 1"], "what is held stays");
    assert.equal(inferenceUsage.unloads - unloads, 1);
    await use(cache, 2);
    assert.equal(threads.length, 3);
    assert.ok(held.bytes >= 10 * MB);
  });

  it("loads what the deployment names at the start, keeps it, and goes on past what does not load", async () => {
    const warnings: string[] = [];
    const log = {
      info() {},
      debug() {},
      error() {},
      warn: (_fields: object, message: string) => warnings.push(message),
      child: () => log,
    };
    const { cache, names } = countedCache({ idleMs: 1 });
    await using _ = cache;
    const preloads = new Preloads(cache.pinned, log as never);
    preloads.register("one", (leases, signal) => leases.lease(request(1), signal));
    preloads.register("broken", (leases, signal) =>
      leases.lease({ ...request(2), model: Buffer.from("none") }, signal),
    );
    await preloads.load(["broken", "unheard of", "one"], AbortSignal.timeout(30_000));
    await sleep(20);
    assert.deepEqual(names(), ["scale 1"]);
    assert.equal(warnings.length, 2);
    assert.match(warnings[1] as string, /Known: one, broken/);
  });

  it("forgets a load that failed, so that the next one tries again", async () => {
    const { cache } = countedCache();
    await using _ = cache;
    const broken = { ...request(1), model: Buffer.from("not a network") };
    await assert.rejects(cache.lease(broken), isCode("engine_failed", /"scale 1"/));
    assert.deepEqual(cache.list(), []);
    await use(cache, 1);
  });

  it("runs the warm-up before anybody gets the network, and shares what is made with it", async () => {
    const { cache } = countedCache();
    await using _ = cache;
    const warmed: string[] = [];
    const warmUp = async (network: { readonly provider: string; run: unknown }): Promise<void> => {
      warmed.push(network.provider);
    };
    await using first = await cache.lease(request(1, { warmUp }));
    await using second = await cache.lease(request(1, { warmUp }));
    assert.deepEqual(warmed, ["cpu"]);
    const made: unknown[] = [];
    const make = (): object => {
      made.push(1);
      return {};
    };
    assert.equal(first.shared("thing", make), second.shared("thing", make));
    assert.equal(made.length, 1);
  });

  it("refuses leases when it is closed, and leaves no thread", async () => {
    const { cache, threads } = countedCache();
    await cache.lease(request(1));
    const loading = assert.rejects(cache.lease(request(2)), isCode("shutting_down"));
    await cache[Symbol.asyncDispose]();
    await loading;
    assert.ok(threads.every(({ running }) => !running));
    await assert.rejects(cache.lease(request(1)), isCode("shutting_down"));
    assert.equal(inferenceUsage.cacheBytes.host, 0, "every cache of this file gave its room back");
  });
});
