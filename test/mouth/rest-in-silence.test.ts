import assert from "node:assert/strict";
import { test } from "node:test";
import { SILENCE } from "../../src/engines/lipsync/rig/mouth-network/level-follower.ts";
import { BANDS } from "../../src/engines/lipsync/rig/mouth-network/mouth-features.ts";
import { LEFT, RIGHT, ROW } from "../../src/engines/lipsync/rig/mouth-network/mouth-model.ts";
import { restInSilence } from "../../src/engines/lipsync/rig/mouth-network/rest-in-silence.ts";
import { PARAMETER } from "../../src/engines/lipsync/rig/mouth-parameters.ts";

/** The jaw that a network which holds it at 0.8 is left with, where frames of the given stretches are silent. */
function jaws(frames: number, quiet: number, ...silences: readonly (readonly [number, number])[]): number[] {
  const seen = new Float32Array((LEFT + frames + RIGHT) * BANDS).fill(-1);
  for (const [from, to] of silences) seen.fill(quiet, (LEFT + from) * BANDS, (LEFT + to) * BANDS);
  const rows = new Float32Array(frames * ROW);
  for (let i = 0; i < frames; i++) rows[i * ROW + PARAMETER.jaw] = 0.8;
  restInSilence(rows, seen);
  return Array.from({ length: frames }, (_, i) => rows[i * ROW + PARAMETER.jaw] as number);
}

test("a mouth that the network holds open in silence is at rest after 120 ms, and open again when it sounds", () => {
  const found = jaws(100, SILENCE, [20, 60]);
  assert.ok(found.slice(0, 25).every((jaw) => Math.abs(jaw - 0.8) < 1e-6));
  assert.ok(found.slice(32, 54).every((jaw) => jaw < 0.05));
  assert.ok(found.slice(60).every((jaw) => Math.abs(jaw - 0.8) < 1e-6));
  // It neither snaps shut nor open.
  for (let i = 1; i < found.length; i++) assert.ok(Math.abs((found[i] as number) - (found[i - 1] as number)) < 0.17);
});

test("the gap of a stop and the quiet of a room are the network's to judge", () => {
  assert.ok(jaws(60, SILENCE, [20, 25]).every((jaw) => Math.abs(jaw - 0.8) < 1e-6));
  assert.ok(jaws(60, -2.8, [20, 60]).every((jaw) => Math.abs(jaw - 0.8) < 1e-6));
});

test("silence before the frames at hand counts", () => {
  assert.ok((jaws(10, SILENCE, [-30, 10])[0] as number) < 0.05);
});
