/** Weights of formula at full width, in files as people have them: for bench/rvc.ts. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { PickleValue } from "../src/checkpoints/pickle/values.ts";
import { GraphBuilder } from "../src/graphs/graph-builder.ts";
import { writeModel } from "../src/graphs/onnx/write-model.ts";
import { buildRvc } from "../src/graphs/rvc.ts";
import { rvcVoice } from "../src/graphs/rvc-voice.ts";
import { InferenceThread } from "../src/inference/session.ts";
import { TempDir } from "../src/media/temp.ts";
import { formula, formulaCheckpoint, keysOf, type KeyTree } from "../test/graphs/formula.ts";
import { readReference } from "../test/graphs/reference.ts";
import { writeWeights } from "../test/library/models/workbench.ts";
import { pthFile } from "../test/rvc/write-pth.ts";

/** Writes ContentVec, RMVPE and a voice of v2 at 48 kHz into a folder of models. */
export async function writeFullWidth(models: string): Promise<void> {
  for (const [name, file] of [
    ["contentvec", "hubert_base"],
    ["rmvpe", "rmvpe"],
  ] as const) {
    const shapes = keysOf(readReference<{ readonly tree: KeyTree }>(name).tree);
    const path = join(models, "rvc-base", `${file}.safetensors`);
    await writeWeights(path, shapes, (key) => formula(key, shapes[key] as readonly number[]));
  }
  const { config, tree } = readReference<{ readonly config: readonly PickleValue[]; readonly tree: KeyTree }>("rvc");
  using checkpoint = formulaCheckpoint("voice.pth", keysOf(tree));
  const fields = { config: config as never, info: "bench", sr: "48k", version: "v2", f0: 1 };
  await mkdir(join(models, "rvc/voice"), { recursive: true });
  await writeFile(join(models, "rvc/voice/voice.pth"), await pthFile(checkpoint, fields));
}

/** Multiplications and additions of the convolutions that make a second of sound of the bench's voice. */
export function soundOperations(): number {
  const { config, tree } = readReference<{ readonly config: readonly PickleValue[]; readonly tree: KeyTree }>("rvc");
  using checkpoint = formulaCheckpoint("voice.pth", keysOf(tree), { config: config as PickleValue });
  const voice = rvcVoice(checkpoint);
  if (!voice) throw new Error("the bench's voice is none");
  const { nodes, values, inputs, initializers } = buildRvc(checkpoint, voice).sound;
  const shapes = new Map([...values, ...inputs, ...initializers].map(({ name, shape }) => [name, shape]));
  // Frames are 100 a second: `frames*480` are 48,000 samples.
  const side = (of: number | string): number => (typeof of === "number" ? of : 100 * Number(of.split("*")[1] ?? 1));
  const sizeOf = (name: string | undefined): number =>
    (shapes.get(name ?? "") ?? []).slice(1).reduce<number>((product, of) => product * side(of), 1);
  return nodes.reduce((sum, { op, inputs: [x, weight], outputs: [y] }) => {
    if (op === "Conv") return sum + 2 * sizeOf(y) * sizeOf(weight);
    return op === "ConvTranspose" ? sum + 2 * sizeOf(x) * sizeOf(weight) : sum;
  }, 0);
}

/** What the cores can do at best: GFLOP/s of a product of two matrices of 1024 by 1024, the best of some. */
export async function peakGflops(threads: number): Promise<number> {
  const side = 1024;
  const g = new GraphBuilder("product");
  const [a, b] = [g.input("a", "float32", [side, side]), g.input("b", "float32", [side, side])];
  g.output("c", g.node("MatMul", [a, b], { shape: [side, side] }));
  await using dir = await TempDir.create();
  await using thread = new InferenceThread();
  const session = await thread.open(await writeModel(g.finish(), dir.path, "product"), { threads });
  const matrix = () =>
    ({ type: "float32", dims: [side, side], data: new Float32Array(side * side).fill(0.5) }) as const;
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 20; i++) {
    const feeds = { a: matrix(), b: matrix() };
    const began = performance.now();
    await session.run(feeds);
    best = Math.min(best, performance.now() - began);
  }
  return (2 * side ** 3) / best / 1e6;
}
