import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type Lane, Lanes, LANES } from "../../src/lanes.ts";

const never = new AbortController().signal;

/** Permits of every lane that are taken, waited for, or gone beside. */
function used(lanes: Lanes): number[] {
  return LANES.flatMap((lane) => {
    const { taken, waiting, over } = lanes.count(lane);
    return [taken, waiting, over];
  });
}

const NOTHING = LANES.flatMap(() => [0, 0, 0]);

function make(changes: Partial<Record<Lane, number>> = {}): Lanes {
  return new Lanes({ gpu: 1, cpu: 1, encode: 1, upload: 1, ...changes });
}

/** A turn of the event loop, in which all that need not wait has happened. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await sleep(0);
}

test("no more jobs use a lane than it has permits, and each gets its turn", async () => {
  const lanes = make({ cpu: 2 });
  let [running, most] = [0, 0];
  const order: number[] = [];
  const job = (index: number): Promise<void> =>
    lanes.forJob(never).hold(["cpu"], async () => {
      order.push(index);
      most = Math.max(most, ++running);
      await sleep(2);
      running--;
    });
  await Promise.all(Array.from({ length: 9 }, (_, index) => job(index)));
  assert.equal(most, 2);
  assert.deepEqual(order, [0, 1, 2, 3, 4, 5, 6, 7, 8]);
  assert.deepEqual(used(lanes), NOTHING);
});

test("a lane that is not asked for is not waited for", async () => {
  const lanes = make();
  const { promise: over, resolve: end } = Promise.withResolvers<void>();
  const first = lanes.forJob(never).hold(["gpu", "encode"], () => over);
  assert.equal(await lanes.forJob(never).hold(["cpu", "upload"], async () => "done"), "done");
  end();
  await first;
});

test("branches of one job share a permit, and the last one frees it", async () => {
  const lanes = make();
  const job = lanes.forJob(never);
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const branches = gates.map(({ promise }) => job.hold(["cpu", "encode"], () => promise));
  await settle();
  assert.equal(lanes.count("cpu").taken, 1);
  let begun = false;
  const next = lanes.forJob(never).hold(["cpu"], async () => void (begun = true));
  gates[0]?.resolve();
  await branches[0];
  await settle();
  assert.equal(begun, false);
  gates[1]?.resolve();
  await Promise.all([branches[1], next]);
  assert.deepEqual(used(lanes), NOTHING);
});

test("jobs that take the same lanes in any order of asking do not wait for each other for good", async () => {
  const lanes = make();
  let done = 0;
  const orders: readonly (readonly [Lane, Lane])[] = [
    ["encode", "cpu"],
    ["cpu", "encode"],
    ["upload", "gpu"],
    ["gpu", "upload"],
  ];
  const job = async ([outer, inner]: readonly [Lane, Lane]): Promise<void> => {
    const mine = lanes.forJob(never);
    await mine.hold([outer], async () => {
      await sleep(3);
      await mine.hold([inner], async () => {
        await sleep(1);
        done++;
      });
    });
  };
  await Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map((index) => job(orders[index % 4] as readonly [Lane, Lane])));
  assert.equal(done, 8);
  assert.deepEqual(used(lanes), NOTHING);
});

test("a branch that waits for an earlier lane goes beside its permits when another branch gets a later one", async () => {
  const lanes = make();
  const blocked = Promise.withResolvers<void>();
  const other = lanes.forJob(never).hold(["cpu"], () => blocked.promise);
  await settle();
  const job = lanes.forJob(never);
  const sound = Promise.withResolvers<void>();
  // The encoder lives on what the branch that waits is to make.
  const made = job.hold(["cpu"], async () => sound.resolve());
  await settle();
  assert.equal(lanes.count("cpu").waiting, 1);
  await job.hold(["encode"], () => sound.promise);
  await made;
  assert.deepEqual([lanes.count("cpu").taken, lanes.count("cpu").waiting, lanes.count("cpu").over], [1, 0, 0]);
  blocked.resolve();
  await other;
  assert.deepEqual(used(lanes), NOTHING);
});

test("a job cancelled while it waits leaves the line; cancelled at work, it keeps its permit until the work is over", async () => {
  const lanes = make();
  const [working, waiting] = [new AbortController(), new AbortController()];
  const stubborn = Promise.withResolvers<void>();
  const first = lanes.forJob(working.signal).hold(["cpu"], () => stubborn.promise);
  const second = lanes.forJob(waiting.signal).hold(["gpu", "cpu", "encode"], async () => assert.fail("it began"));
  await settle();
  assert.deepEqual([lanes.count("gpu").taken, lanes.count("cpu").waiting], [1, 1]);
  waiting.abort();
  await assert.rejects(second, { name: "AbortError" });
  assert.deepEqual([lanes.count("gpu").taken, lanes.count("cpu").waiting], [0, 0]);
  working.abort();
  await settle();
  assert.equal(lanes.count("cpu").taken, 1);
  stubborn.resolve();
  await first;
  assert.deepEqual(used(lanes), NOTHING);
  await assert.rejects(
    lanes.forJob(AbortSignal.abort()).hold(["cpu"], async () => {}),
    { name: "AbortError" },
  );
  assert.deepEqual(used(lanes), NOTHING);
});

test("work that fails frees its permits; the wait is told, and its end", async () => {
  const lanes = make();
  const told: string[] = [];
  const onWait = (): (() => void) => {
    told.push("waits");
    return () => void told.push("goes on");
  };
  const failing = lanes.forJob(never, onWait).hold(["cpu"], async () => {
    await sleep(1);
    throw new RangeError("broken");
  });
  const failed = assert.rejects(failing, RangeError);
  const next = lanes.forJob(never, onWait).hold(["cpu"], async () => void told.push("works"));
  await failed;
  await next;
  assert.deepEqual(told, ["waits", "goes on", "works"]);
  assert.deepEqual(used(lanes), NOTHING);
});
