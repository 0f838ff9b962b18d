import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type GroupLease, LeaseGroups, type OnWait } from "../../src/inference/lease-groups.ts";
import type { Lease, LeaseRequest, Leases } from "../../src/inference/model-cache.ts";
import { countedCache, isCode, MB, request, use } from "./caches.ts";

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

describe("what can never be taken together", () => {
  /** Longest wait that a timer takes: a job that waits for room does not end. */
  const FOR_EVER = 2 ** 31 - 1;
  const refusal = isCode(
    "engine_unavailable",
    /"scale 2" needs 12 MB beside "scale 1" \(11 MB\), which .* networks may take 20 MB of .*TALKBOX_MODEL_MEMORY/,
  );

  it("is refused at once, one after the other and side by side, with names, sizes and what to do", async () => {
    const { cache } = countedCache({ bytes: 20 * MB, waitMs: FOR_EVER });
    await using _ = cache;
    const oneByOne = async (leases: Leases) => [
      await leases.lease(request(1), signal),
      await leases.lease(request(2), signal),
    ];
    await assert.rejects(cache.together(oneByOne, signal), refusal);
    const atOnce = (leases: Leases) => Promise.all([1, 2].map((factor) => leases.lease(request(factor), signal)));
    await assert.rejects(cache.together(atOnce, signal), isCode("engine_unavailable", /beside "scale \d" \(11 MB\)/));
    assert.ok(cache.list().every(({ leases }) => leases === 0));
    await letGo(await cache.together(async (leases) => [await leases.lease(request(2), signal)], signal));
  });

  it("is known by the size that one turned out to have, whatever was expected", async () => {
    const { cache } = countedCache({ bytes: 13 * MB, waitMs: FOR_EVER });
    await using _ = cache;
    const [first, second] = [1, 2].map((factor) => request(factor, { expectBytes: 6 * MB })) as [
      LeaseRequest,
      LeaseRequest,
    ];
    const both = async (leases: Leases) => [await leases.lease(first, signal), await leases.lease(second, signal)];
    await assert.rejects(
      cache.together(both, signal),
      isCode("engine_unavailable", /needs 6 MB beside "scale 1" \(11 MB\), which .* may take 13 MB/),
    );
  });

  it("is not what fits when the largest is opened first", async () => {
    const { cache } = countedCache({ bytes: 23 * MB, waitMs: FOR_EVER });
    await using _ = cache;
    const large = request(2, { expectBytes: 18 * MB });
    const oneByOne = async (leases: Leases) => [
      await leases.lease(request(1), signal),
      await leases.lease(large, signal),
    ];
    await letGo(await cache.together(oneByOne, signal));
    assert.deepEqual(
      cache.list().map(({ leases }) => leases),
      [0, 0],
    );
    await use(cache, 3);
    await letGo(
      await cache.together(
        (leases) => Promise.all([large, request(1)].map((each) => leases.lease(each, signal))),
        signal,
      ),
    );
    await assert.rejects(
      cache.together(async (leases) => [...(await oneByOne(leases)), await leases.lease(request(3), signal)], signal),
      isCode("engine_unavailable", /"scale 3" needs 12 MB beside "scale 2" \(11 MB\), "scale 1" \(11 MB\)/),
    );
    assert.ok(cache.list().every(({ leases }) => leases === 0));
  });

  it("is not what waits for others, nor what the job has let go of or took twice", async () => {
    const { cache } = countedCache({ bytes: 32 * MB, waitMs: FOR_EVER });
    await using _ = cache;
    const other = await cache.lease(request(4));
    let attempts = 0;
    const taking = cache.together(async (leases) => {
      attempts += 1;
      const first = await leases.lease(request(3), signal);
      await first[Symbol.asyncDispose]();
      const twice = [await leases.lease(request(1), signal), await leases.lease(request(1), signal)];
      const last = leases.lease(request(2), signal);
      // The second time it waits, until the other is done.
      if (attempts === 2) await other[Symbol.asyncDispose]();
      return [...twice, await last];
    }, signal);
    await letGo(await taking);
    assert.equal(attempts, 2);
  });

  it("keeps nobody from one of them who holds no other", async () => {
    const { cache } = countedCache({ bytes: 20 * MB, waitMs: FOR_EVER });
    await using _ = cache;
    const held = await cache.lease(request(1));
    const alone = cache.lease(request(2));
    await assert.rejects(
      cache.together((leases) => Promise.all([1, 2].map((factor) => leases.lease(request(factor), signal))), signal),
      refusal,
    );
    await held[Symbol.asyncDispose]();
    await using lease = await alone;
    assert.ok(lease.bytes > 0);
  });

  it("is not what had its room before another turned out larger than expected", async () => {
    const asked = new Map<string, { readonly give: (lease: GroupLease) => void; readonly onWait: OnWait }>();
    const groups = new LeaseGroups<string, GroupLease>((name, gone, onWait) => {
      const { promise, resolve, reject } = Promise.withResolvers<GroupLease>();
      gone.addEventListener("abort", () => reject(gone.reason));
      asked.set(name, { give: resolve, onWait });
      return promise;
    });
    const give = (name: string, bytes: number): void =>
      asked
        .get(name)
        ?.give({ name, place: { pool: "host", bytes, expected: bytes }, held: true, async [Symbol.asyncDispose]() {} });
    const leases = await groups.take(async (lease) => {
      const first = lease("first");
      const second = lease("second");
      second.catch(() => {});
      // The first attempt ends here; the second one goes on.
      asked.get("second")?.onWait({ name: "second", pool: "host", bytes: 12, budget: 20 });
      asked.get("second")?.onWait(undefined);
      give("first", 15);
      await first;
      give("second", 12);
      return [await first, await second];
    }, signal);
    assert.deepEqual(
      leases.map(({ name }) => name),
      ["first", "second"],
    );
  });
});
