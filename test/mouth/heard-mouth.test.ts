import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { AppError } from "../../src/errors.ts";
import { Ears } from "../../src/engines/lipsync/rig/mouth-network/ears.ts";
import { closuresIn, strengthAt } from "../../src/engines/lipsync/rig/mouth-network/heard-closures.ts";
import { HeardMouth } from "../../src/engines/lipsync/rig/mouth-network/heard-mouth.ts";
import { SILENCE } from "../../src/engines/lipsync/rig/mouth-network/level-follower.ts";
import { BANDS } from "../../src/engines/lipsync/rig/mouth-network/mouth-features.ts";
import { CLOSED, LEFT, MouthModel, RIGHT, ROW } from "../../src/engines/lipsync/rig/mouth-network/mouth-model.ts";
import { PARAMETER, PARAMETER_COUNT } from "../../src/engines/lipsync/rig/mouth-parameters.ts";
import { createRigEngine } from "../../src/engines/lipsync/rig/rig-engine.ts";
import { type Log, silentLog } from "../../src/log.ts";
import { BABBLE, partOf, spoken, withoutPhonemes } from "../rig/speech.ts";
import { chirp, frames as golden, RATE } from "./golden.ts";

const MODELS = join(import.meta.dirname, "../../models");
const never = new AbortController().signal;
const model = new MouthModel(MODELS);
after(() => model.close());

/** Features with the silence around them that the network looks at. */
function surrounded(features: Float32Array): Float32Array {
  const seen = new Float32Array(features.length + (LEFT + RIGHT) * BANDS).fill(SILENCE);
  seen.set(features, LEFT * BANDS);
  return seen;
}

test("the runtime's mouths are those of the training framework", async () => {
  const rows = await model.mouths(surrounded(Float32Array.from(golden.features.flat())));
  const expected = golden.mouths.flat();
  assert.equal(rows.length, expected.length);
  for (const [i, value] of expected.entries()) assert.ok(Math.abs(value - (rows[i] as number)) < 1e-4, `number ${i}`);
});

test("a long part is run in pieces that fit together", async () => {
  const features = Float32Array.from(
    { length: 2300 * BANDS },
    (_, i) => -1 - Math.sin(i * 0.37) * Math.sin(i * 0.0011),
  );
  const whole = await model.mouths(surrounded(features));
  assert.equal(whole.length, 2300 * ROW);
  const piece = await model.mouths(features.slice((1200 - LEFT) * BANDS, (1300 + RIGHT) * BANDS));
  for (let i = 0; i < piece.length; i++) {
    assert.ok(Math.abs((piece[i] as number) - (whole[1200 * ROW + i] as number)) < 1e-3);
  }
});

/** Mouths of a sound every 10 ms, in parts that are cut at these seconds. */
async function mouthsOf(sound: Float32Array, ...cuts: readonly number[]): Promise<Float64Array[]> {
  const stream = new HeardMouth(model);
  const found: Float64Array[] = [];
  const ends = [...cuts, sound.length / RATE];
  let start = 0;
  const sources = [];
  for (const end of ends) {
    const source = await stream.push(sound.subarray(Math.round(start * RATE), Math.round(end * RATE)), RATE, never);
    sources.push({ source, start, end });
    start = end;
  }
  for (let i = 0, now = 0; i < (sound.length / RATE) * 100; i++) {
    const t = i / 100;
    while (now < sources.length - 1 && t >= (sources[now]?.end ?? 0)) now++;
    const mouth = new Float64Array(PARAMETER_COUNT);
    sources[now]?.source.sample(t - (sources[now]?.start ?? 0), mouth);
    found.push(mouth);
  }
  return found;
}

test("where parts meet, the mouth is the one that the whole would have", async () => {
  const sound = chirp(6);
  const cut = await mouthsOf(sound, 3.1, 3.9, 5);
  const whole = await mouthsOf(sound, 3.1);
  assert.equal(cut.length, 600);
  for (let i = 0; i < 600; i++) {
    for (let p = 0; p < PARAMETER_COUNT; p++) {
      const [a, b] = [cut[i]?.[p] as number, whole[i]?.[p] as number];
      assert.ok(Math.abs(a - b) < 0.02, `parameter ${p} at ${i}: ${a} ${b}`);
    }
  }
});

test("silence and the hiss of a quiet room leave the mouth closed and at rest", async () => {
  const hiss = Float32Array.from({ length: 3 * RATE }, (_, i) => 2e-4 * Math.sin(i * i * 0.37));
  for (const sound of [new Float32Array(2 * RATE), hiss]) {
    for (const mouth of await mouthsOf(sound)) {
      const open = (mouth[PARAMETER.jaw] as number) * 0.68 + (mouth[PARAMETER.lower] as number) * 0.18;
      assert.ok(open < 0.05, `open by ${open}`);
    }
  }
});

test("parameters stay in their ranges, whatever is heard", async () => {
  const bounds = { width: [0.6, 1.15], smile: [0, 1.2] } as Record<string, readonly [number, number]>;
  for (const mouth of await mouthsOf(chirp(3).map((x) => 5 * x))) {
    for (const [name, index] of Object.entries(PARAMETER)) {
      const [low, high] = bounds[name] ?? [0, 1];
      const value = mouth[index] as number;
      assert.ok(value >= low && value <= high, `${name} ${value}`);
    }
  }
});

test("samples that are no numbers, or no sound, do no lasting harm", async () => {
  const sound = chirp(4);
  sound.set([Number.NaN, Number.POSITIVE_INFINITY, 1e30, Number.NEGATIVE_INFINITY], 1000);
  const whole = await mouthsOf(chirp(4));
  const hurt = await mouthsOf(sound);
  for (const [i, mouth] of hurt.entries()) {
    assert.ok(mouth.every(Number.isFinite), `frame ${i}`);
    if (i > 250) assert.ok(Math.abs((mouth[PARAMETER.jaw] as number) - (whole[i]?.[PARAMETER.jaw] as number)) < 0.05);
  }
});

test("runs of the closure's logit become closures, each full at its centre", () => {
  const rows = new Float32Array(100 * ROW).fill(-5);
  for (const [from, to] of [
    [10, 13],
    [40, 60],
    [97, 100],
  ] as const) {
    for (let i = from; i < to; i++) rows[i * ROW + CLOSED] = 5;
  }
  const closures = closuresIn(rows, CLOSED, 200);
  assert.deepEqual(
    closures.map(({ centre }) => Number(centre.toFixed(3))),
    [2.115, 2.5, 2.985],
  );
  for (const { centre } of closures) assert.equal(strengthAt(closures, centre), 1);
  assert.equal(strengthAt(closures, 2.3), 0);
  const ramp = strengthAt(closures, 2.4);
  assert.ok(ramp > 0.3 && ramp < 0.7, `half closed where the logit crosses zero: ${ramp}`);
});

/** A log that keeps its warnings. */
function keepingLog(): { log: Log; warnings: unknown[] } {
  const warnings: unknown[] = [];
  const log = { ...silentLog(), warn: (...what: unknown[]) => warnings.push(what), child: () => log } as unknown as Log;
  return { log, warnings };
}

test("without the network's file the engine reads formants, says so once, and lists why", async () => {
  const models = await mkdtemp(join(tmpdir(), "ears-"));
  try {
    await cp(join(MODELS, "avatars/talk"), join(models, "avatars/talk"), { recursive: true });
    const { log, warnings } = keepingLog();
    const engine = createRigEngine({ modelsDir: models, log });
    for (let film = 0; film < 2; film++) {
      let frames = 0;
      const options = { avatar: "talk_short", resolution: "360p", fps: 25, frameSkip: 1 } as const;
      const parts = spoken(withoutPhonemes(partOf(BABBLE)), withoutPhonemes(partOf(BABBLE)));
      for await (const frame of engine.render(parts, options, never)) {
        frames++;
        frame.release();
      }
      assert.ok(frames > 50);
    }
    assert.equal(warnings.length, 1);
    assert.match(engine.info.description, /formants only.*models\/mouth/);
    assert.deepEqual(await engine.availability(), { available: true });
  } finally {
    await rm(models, { recursive: true });
  }
});

test("a broken file of the network does not stop the film", async () => {
  const models = await mkdtemp(join(tmpdir(), "ears-"));
  try {
    await mkdir(join(models, "mouth"));
    await writeFile(join(models, "mouth/mouth.onnx"), "not a network");
    const { log, warnings } = keepingLog();
    await using ears = new Ears(models, log);
    assert.equal(await ears.listen().hear(withoutPhonemes(partOf(BABBLE)), never), undefined);
    assert.equal(warnings.length, 1);
  } finally {
    await rm(models, { recursive: true });
  }
});

test("parts with phonemes are not listened to, and a cancelled job hears nothing", async () => {
  await using ears = new Ears(MODELS, silentLog());
  assert.equal(await ears.listen().hear(partOf(BABBLE), never), undefined);
  await assert.rejects(
    ears.listen().hear(withoutPhonemes(partOf(BABBLE)), AbortSignal.abort()),
    (error: unknown) => error instanceof AppError && error.code === "cancelled",
  );
  assert.ok(await ears.listen().hear(withoutPhonemes(partOf(BABBLE)), never));
  assert.equal(ears.trouble, undefined);
});
