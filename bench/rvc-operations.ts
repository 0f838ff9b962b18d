/** What the networks of a conversion have to compute, and what the cores can: for bench/rvc.ts. */
import type { PickleValue } from "../src/checkpoints/pickle/values.ts";
import { buildContentVec } from "../src/graphs/contentvec.ts";
import { type Graph, GraphBuilder } from "../src/graphs/graph-builder.ts";
import type { Dim } from "../src/graphs/onnx/types.ts";
import { writeModel } from "../src/graphs/onnx/write-model.ts";
import { buildRmvpe } from "../src/graphs/rmvpe.ts";
import { rvcVoice } from "../src/graphs/rvc-voice.ts";
import { buildRvc } from "../src/graphs/rvc.ts";
import { InferenceThread } from "../src/inference/session.ts";
import { TempDir } from "../src/media/temp.ts";
import { formulaCheckpoint, keysOf, type KeyTree } from "../test/graphs/formula.ts";
import { readReference } from "../test/graphs/reference.ts";

/** Seconds around a passage that the networks before the sound's hear as well. */
const SURROUNDINGS = 2;

/** Multiplications and additions for some seconds of sound in the bench's voice, by network. */
export function operations(seconds: number): Readonly<Record<"content" | "pitch" | "latent" | "sound", number>> {
  const heard = seconds + SURROUNDINGS;
  const samples = 16_000 * heard;
  /** The seven convolutions of ContentVec, each shorter by its stride. */
  const strides = [5, 10, 20, 40, 80, 160].map((by, i) => [`samples/${i}`, samples / by] as const);
  const { tree: contentTree } = readReference<{ readonly tree: KeyTree }>("contentvec");
  using contentVec = formulaCheckpoint("hubert_base.pt", keysOf(contentTree));
  const { tree: pitchTree } = readReference<{ readonly tree: KeyTree }>("rmvpe");
  using rmvpe = formulaCheckpoint("rmvpe.pt", keysOf(pitchTree));
  const { config, tree } = readReference<{ readonly config: readonly PickleValue[]; readonly tree: KeyTree }>("rvc");
  using checkpoint = formulaCheckpoint("voice.pth", keysOf(tree), { config: config as PickleValue });
  const voice = rvcVoice(checkpoint);
  if (!voice) throw new Error("the bench's voice is none");
  const { latent, sound } = buildRvc(checkpoint, voice);
  const frames = 100 * seconds;
  const padded = 32 * Math.ceil((100 * heard + 1) / 32);
  return {
    content: operationsOf(buildContentVec(contentVec).v2, new Map([...strides, ["frames", samples / 320]])),
    pitch: operationsOf(
      buildRmvpe(rmvpe).graph,
      new Map([
        ["frames", 100 * heard + 1],
        ["padded", padded],
      ]),
    ),
    latent: operationsOf(latent, new Map([["frames", 100 * heard]])),
    // What is cut off, and the surroundings of its parts, are no use to anybody.
    sound: operationsOf(
      sound,
      new Map([
        ["frames", frames],
        ["kept", frames],
      ]),
    ),
  };
}

/** Those of a graph's convolutions, products and recurrent layers; others do not count beside them. */
function operationsOf({ nodes, values, inputs, initializers }: Graph, sides: ReadonlyMap<string, number>): number {
  const shapes = new Map([...values, ...inputs, ...initializers].map(({ name, shape }) => [name, shape]));
  const side = (of: Dim): number => {
    if (typeof of === "number") return of;
    const known = of === "batch" ? 1 : sides.get(of);
    if (known !== undefined) return known;
    const [, name = "", sign, by = "1"] = /^(.*?)([*/])(\d+)$/.exec(of) ?? [];
    const base = sides.get(name);
    if (base === undefined) throw new Error(`how long is ${of}?`);
    return sign === "*" ? base * Number(by) : base / Number(by);
  };
  const shapeOf = (name = ""): number[] => (shapes.get(name) ?? []).map(side);
  const product = (of: readonly number[]): number => of.reduce((a, b) => a * b, 1);
  return nodes.reduce((sum, { op, inputs: [x, weight, recurrent], outputs: [y] }) => {
    if (op === "Conv") return sum + 2 * product(shapeOf(y)) * product(shapeOf(weight).slice(1));
    if (op === "ConvTranspose") return sum + 2 * product(shapeOf(x)) * product(shapeOf(weight).slice(1));
    if (op === "MatMul") return sum + 2 * product(shapeOf(y)) * (shapeOf(x).at(-1) ?? 0);
    if (op !== "GRU") return sum;
    return sum + 2 * (shapeOf(x)[0] ?? 0) * (product(shapeOf(weight)) + product(shapeOf(recurrent)));
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
