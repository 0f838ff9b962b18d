import assert from "node:assert/strict";
import { test } from "node:test";
import { warmMemory } from "../src/warm-memory.ts";

test("memory is touched little by little, and given back before anything else happens", async () => {
  const bytes = 40 << 20;
  let turns = 0;
  let watch = setImmediate(function count() {
    turns += 1;
    watch = setImmediate(count);
  });
  const before = process.memoryUsage().arrayBuffers;
  await warmMemory(bytes);
  const kept = process.memoryUsage().arrayBuffers - before;
  clearImmediate(watch);
  assert.ok(kept < bytes / 4, `${kept} bytes are kept`);
  assert.ok(turns >= 100, `${turns} turns of the event loop in between`);
});

test("little and nothing need no memory", async () => {
  await warmMemory(0);
  await warmMemory(1);
});
