import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Lease, Leases } from "../../src/inference/model-cache.ts";
import { countedCache, isCode, MB, request } from "./caches.ts";

const { signal } = new AbortController();

/** What two jobs reach together, once. */
function meeting(): () => Promise<void> {
  const both = Promise.withResolvers<void>();
  let here = 0;
  return async () => {
    here += 1;
    if (here === 2) both.resolve();
    await both.promise;
  };
}

/** Takes two networks, the second one when the other job has its first. */
const crossing =
  (first: number, second: number, meet: () => Promise<void>) =>
  async (leases: Leases): Promise<readonly Lease[]> => {
    const taken = await leases.lease(request(first), signal);
    await meet();
    return [taken, await leases.lease(request(second), signal)];
  };

const letGo = async (leases: readonly Lease[]): Promise<void> => {
  for (const lease of leases) await lease[Symbol.asyncDispose]();
};

describe("leases that are taken together", () => {
  for (const [what, second] of [
    ["others", [3, 4]],
    ["the same one", [3, 3]],
  ] as const) {
    it(`two jobs that hold what the other waits for, and both want ${what}, both get all of theirs`, async () => {
      const options = { bytes: 30 * MB, waitMs: 30_000 };
      const { cache } = countedCache(options);
      await using _ = cache;
      const meet = meeting();
      const job = async (own: number, more: number): Promise<void> => {
        await letGo(await cache.together(crossing(own, more, meet), signal));
      };
      await Promise.all([job(1, second[0]), job(2, second[1])]);
      assert.ok(cache.list().every(({ leases }) => leases === 0));
    });

    it(`one by one they wait for each other for ever (${what})`, async () => {
      const { cache } = countedCache({ bytes: 30 * MB, waitMs: 100 });
      await using _ = cache;
      const meet = meeting();
      const job = async (own: number, more: number): Promise<void> => letGo(await crossing(own, more, meet)(cache));
      const ends = await Promise.allSettled([job(1, second[0]), job(2, second[1])]);
      assert.ok(ends.some((end) => end.status === "rejected" && isCode("timeout")(end.reason)));
    });
  }

  it("are all let go when one cannot be had, and others of them are still being taken", async () => {
    const { cache } = countedCache();
    await using _ = cache;
    const slow = Promise.withResolvers<never>();
    const abandoned = Promise.withResolvers<void>();
    const model = async (_provider: string, gone: AbortSignal): Promise<never> => {
      gone.addEventListener("abort", () => {
        abandoned.resolve();
        slow.reject(gone.reason);
      });
      return slow.promise;
    };
    const broken = { ...request(4), model: Buffer.from("none") };
    await assert.rejects(
      cache.together(
        (leases) =>
          Promise.all([request(1), { ...request(2), model }, broken].map((each) => leases.lease(each, signal))),
        signal,
      ),
      isCode("engine_failed", /"scale 4"/),
    );
    await abandoned.promise;
    assert.ok(cache.list().every(({ leases }) => leases === 0));
  });

  it("are not waited for any longer when the job is cancelled while it waits for its turn, and while it waits for room", async () => {
    const { cache } = countedCache({ bytes: 20 * MB });
    await using _ = cache;
    await using held = await cache.lease(request(1));
    const cancels = [new AbortController(), new AbortController()];
    const waits = cancels.map((cancel) =>
      cache.together((leases) => leases.lease(request(2), cancel.signal), cancel.signal),
    );
    const [second, first] = [cancels[1] as AbortController, cancels[0] as AbortController];
    const ended = waits.map((wait) => assert.rejects(wait, isCode("cancelled")));
    second.abort();
    await ended[1];
    first.abort();
    await ended[0];
    assert.deepEqual(
      cache.list().map(({ name, leases }) => [name, leases]),
      [["scale 1", 1]],
    );
    assert.ok(held.bytes > 0);
  });
});
