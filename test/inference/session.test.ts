import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { AppError } from "../../src/errors.ts";
import { InferenceThread, type Session } from "../../src/inference/session.ts";
import type { Tensor } from "../../src/inference/tensor.ts";

const here = import.meta.dirname;
const source = join(here, "../../src/inference");
const model = (name: string): string => join(here, `${name}.onnx`);
const thread = new InferenceThread();
after(() => thread.close());

const floats = (...values: number[]): Tensor => ({
  type: "float32",
  dims: [values.length],
  data: Float32Array.from(values),
});
/** A run that takes a while: some hundred milliseconds. */
const square = (side: number): Tensor => ({
  type: "float32",
  dims: [side, side],
  data: new Float32Array(side * side),
});
const isCode = (code: string) => (error: unknown) => error instanceof AppError && error.code === code;

test("runs a network and says where", async () => {
  await using session = await thread.open(model("twice"));
  assert.deepEqual([session.provider, session.refusals, session.inputs, session.outputs], ["cpu", [], ["x"], ["y"]]);
  const { y } = await session.run({ x: floats(1, -2, 0.5) });
  assert.deepEqual(y, { type: "float32", dims: [3], data: Float32Array.of(2, -4, 1) });
});

test("opens a model from its bytes, and passes 64-bit integers", async () => {
  await using session = await thread.open(await readFile(model("twice-integers")));
  const { y } = await session.run({ x: { type: "int64", dims: [2], data: BigInt64Array.of(3n, -(2n ** 60n)) } });
  assert.deepEqual(y?.data, BigInt64Array.of(6n, -(2n ** 61n)));
});

test("buffers of inputs are handed over, a view of a larger one is not", async () => {
  await using session = await thread.open(model("twice"));
  const whole = floats(1, 2);
  await session.run({ x: whole });
  assert.equal(whole.data.length, 0, "handed over");
  await assert.rejects(session.run({ x: whole }), isCode("engine_failed"));
  const large = Float32Array.of(1, 2, 3, 4);
  const { y } = await session.run({ x: { type: "float32", dims: [2], data: large.subarray(1, 3) } });
  assert.deepEqual(y?.data, Float32Array.of(4, 6));
  assert.deepEqual(large, Float32Array.of(1, 2, 3, 4));
});

test("a run does not hold up the event loop", async () => {
  await using session = await thread.open(model("power"));
  const state = { running: true };
  const run = session.run({ x: square(640) }).finally(() => (state.running = false));
  let turns = 0;
  for (; state.running; turns++) await nextTurn();
  await run;
  // In this thread it would take one.
  assert.ok(turns > 10, `${turns} turns of the loop during a run`);
});

test("a cancelled run answers at once; what waited behind it is served", async () => {
  await using slow = await thread.open(model("power"));
  await using quick = await thread.open(model("twice"));
  const cancel = new AbortController();
  const first = slow.run({ x: square(640) });
  const waiting = slow.run({ x: square(640) }, cancel.signal);
  const behind = quick.run({ x: floats(4) });
  const refused = assert.rejects(waiting, isCode("cancelled"));
  cancel.abort();
  await refused;
  await first;
  assert.deepEqual((await behind).y?.data, Float32Array.of(8));
  await assert.rejects(quick.run({ x: floats(1) }, AbortSignal.abort()), isCode("cancelled"));
});

test("a file that is no network is refused, with what each provider said", async () => {
  const bytes = Buffer.from("not a network at all");
  await assert.rejects(thread.open(bytes), (error: AppError) => {
    assert.equal(error.code, "engine_failed");
    assert.match((error.cause as Error).message, /^cpu: .+/);
    return true;
  });
  await assert.rejects(thread.open(model("missing")), isCode("engine_failed"));
});

test("a provider that does not work here is passed over, and its reason kept", async () => {
  // Asked for on a machine where it works, it would be chosen: both are right.
  await using session = await thread.open(model("twice"), { providers: ["cuda", "cpu"] });
  if (session.provider === "cuda") return;
  assert.equal(session.provider, "cpu");
  assert.equal(session.refusals[0]?.provider, "cuda");
  assert.ok((session.refusals[0]?.reason.length ?? 0) > 10);
});

test("a run with the wrong inputs fails, and the session lives on", async () => {
  await using session = await thread.open(model("twice"));
  await assert.rejects(session.run({ z: floats(1) }), isCode("engine_failed"));
  assert.deepEqual((await session.run({ x: floats(1) })).y?.data, Float32Array.of(2));
});

test("after closing, runs fail; closing twice is fine", async () => {
  const own = new InferenceThread();
  const session = await own.open(model("twice"));
  await session.close();
  await session.close();
  await assert.rejects(session.run({ x: floats(1) }), isCode("engine_failed"));
  const other = await own.open(model("power"));
  const begun = other.run({ x: square(640) });
  const waiting = assert.rejects(other.run({ x: square(640) }), isCode("engine_failed"));
  await nextTurn();
  await own.close();
  assert.equal((await begun).y?.data.length, 640 * 640, "a run that has begun is waited for");
  await waiting;
  assert.equal(own.running, false);
  await own.close();
});

test("a thread that dies fails its runs, and the next open starts another", async () => {
  const folder = await mkdtemp(join(tmpdir(), "inference-"));
  try {
    const entry = join(folder, "thread.mjs");
    await writeFile(
      entry,
      `import { existsSync, writeFileSync } from "node:fs";
       import { parentPort } from "node:worker_threads";
       parentPort.on("message", ({ type, id }) => {
         if (type === "open") parentPort.postMessage({ type: "opened", id, session: 1, provider: "cpu", refusals: [], inputs: [], outputs: [] });
         else process.exit(7);
       });`,
    );
    await using own = new InferenceThread(entry);
    const session: Session = await own.open("any");
    await assert.rejects(session.run({}), isCode("engine_failed"));
    await assert.rejects(session.run({}), isCode("engine_failed"));
    assert.ok(await own.open("any"));
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("where ONNX Runtime is not installed, opening says so and what to do", async () => {
  // Copied away from node_modules, the thread finds no runtime.
  const folder = await mkdtemp(join(tmpdir(), "inference-"));
  try {
    for (const file of ["thread-entry.ts", "protocol.ts", "stop-input.ts", "tensor.ts"]) {
      await cp(join(source, file), join(folder, file));
    }
    await using own = new InferenceThread(join(folder, "thread-entry.ts"));
    await assert.rejects(own.open(model("twice")), (error: AppError) => {
      assert.equal(error.code, "engine_unavailable");
      assert.match(error.message, /npm ci/);
      assert.match((error.cause as Error).message, /onnxruntime-node/);
      return true;
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("an idle thread does not keep the process alive, and a long command line does not overflow its stack", async () => {
  const script = `
    import { InferenceThread } from ${JSON.stringify(pathToFileURL(join(source, "session.ts")).href)};
    const session = await new InferenceThread().open(${JSON.stringify(model("twice"))});
    const { y } = await session.run({ x: { type: "float32", dims: [1], data: Float32Array.of(21) } });
    console.log(y.data[0]);
  `;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.on("data", (chunk) => (output += String(chunk)));
  const limit = setTimeout(() => child.kill("SIGKILL"), 15_000);
  const [code] = (await once(child, "close")) as [number | null];
  clearTimeout(limit);
  assert.deepEqual([code, output.trim()], [0, "42"]);
});
