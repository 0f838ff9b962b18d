import assert from "node:assert/strict";
import { test } from "node:test";
import { StageClock } from "../src/telemetry.ts";

/** A clock that is set by hand. */
function manualClock(): { now: () => number; pass: (ms: number) => void } {
  let time = 0;
  return { now: () => time, pass: (ms) => (time += ms) };
}

test("charges the innermost stage that is waited for, and nothing twice", async () => {
  const { now, pass } = manualClock();
  const clock = new StageClock(now);
  pass(1);
  await clock.time("encode", async () => {
    pass(10);
    await clock.time("lipsync", async () => {
      pass(5);
      await clock.time("tts", async () => {
        pass(100);
      });
      pass(5);
    });
    pass(10);
  });
  pass(2);
  assert.deepEqual(clock.stages(), [
    { stage: "dispatch", ms: 3 },
    { stage: "encode", ms: 20 },
    { stage: "lipsync", ms: 10 },
    { stage: "tts", ms: 100 },
  ]);
});

test("charges a stream for the waits between its items, not for what is done with them", async () => {
  const { now, pass } = manualClock();
  const clock = new StageClock(now);
  async function* source(): AsyncGenerator<number> {
    for (let i = 0; i < 3; i += 1) {
      pass(7);
      yield i;
    }
  }
  for await (const _ of clock.timeEach("decode", source())) pass(2);
  assert.deepEqual(Object.fromEntries(clock.stages().map(({ stage, ms }) => [stage, ms])), { decode: 21, dispatch: 6 });
});

test("closes the source when its reader leaves early", async () => {
  let closed = false;
  async function* source(): AsyncGenerator<number> {
    try {
      yield 1;
      yield 2;
    } finally {
      closed = true;
    }
  }
  for await (const _ of new StageClock().timeEach("decode", source())) break;
  assert.ok(closed);
});
