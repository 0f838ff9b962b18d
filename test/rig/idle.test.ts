import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { blinkAt } from "../../src/engines/lipsync/rig/idle.ts";
import { type Loop, readMotionSheet } from "../../src/engines/lipsync/rig/motion-sheet.ts";

const AVATARS = join(import.meta.dirname, "../../models/avatars");
const people = readdirSync(AVATARS, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

/** Seconds around the seam that no event may touch. */
const SEAM = 0.4;
const BLINK = 0.28;

const BROW_REACH = 2.5;

/** First and last moment of each event of a loop. */
function events(loop: Loop): readonly (readonly [number, number])[] {
  return [
    ...loop.blinks.map((at) => [at, at + BLINK] as const),
    ...loop.glances.map(({ at, seconds }) => [at, at + seconds] as const),
    ...loop.brows.map(({ at, seconds }) => [at - BROW_REACH * seconds, at + BROW_REACH * seconds] as const),
  ];
}

test("every person's loops last 5 and 10 seconds, and nothing happens at their seam", async () => {
  for (const person of people) {
    const { loops } = await readMotionSheet(join(AVATARS, person));
    assert.equal(loops.short.seconds, 5);
    assert.equal(loops.long.seconds, 10);
    for (const loop of Object.values(loops)) {
      for (const [from, to] of events(loop)) {
        assert.ok(from >= SEAM && to <= loop.seconds - SEAM, `${person}: ${from}…${to} of ${loop.seconds}`);
      }
    }
  }
});

test("short and long loops, and the loops of two people, differ in motion", async () => {
  const seen = new Set<string>();
  for (const person of people) {
    const { loops } = await readMotionSheet(join(AVATARS, person));
    for (const { channels, blinks } of Object.values(loops)) seen.add(JSON.stringify([channels, blinks]));
  }
  assert.equal(seen.size, people.length * 2);
});

test("a blink at 25 fps shuts the eye for one or two frames and opens in a few more", () => {
  const levels = Array.from({ length: 12 }, (_, i) => blinkAt(i / 25 - 0.02));
  assert.ok(levels.filter((level) => level > 0.9).length >= 1);
  assert.ok(levels.filter((level) => level > 0.75).length <= 3);
  assert.ok(levels.filter((level) => level > 0).length <= 7);
  assert.equal(blinkAt(-1), 0);
  assert.equal(blinkAt(1), 0);
});
