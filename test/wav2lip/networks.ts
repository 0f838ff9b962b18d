import type { CheckpointModels } from "../../src/engines/checkpoint-models.ts";
import { GraphBuilder } from "../../src/graphs/graph-builder.ts";
import { cast, scaleBy, slice } from "../../src/graphs/nn.ts";
import type { Value } from "../../src/graphs/onnx/types.ts";
import { writeModel } from "../../src/graphs/onnx/write-model.ts";
import { lowerFrom } from "../../src/graphs/wav2lip.ts";
import { ModelCache } from "../../src/inference/model-cache.ts";
import { readProviders } from "../../src/inference/providers.ts";
import type { ModelEntry } from "../../src/library/models/model-entry.ts";
import { TEST_PROVIDERS } from "../inference/providers.ts";

const SIZE = 96;

/** Graphs by family and part. */
export type Graphs = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Networks of graphs that lie there already, on the providers that the suite is run on. */
export function checkpointModels(
  graphs: Graphs,
  size = SIZE,
  cache = new ModelCache({ order: readProviders(TEST_PROVIDERS.join(",")) }),
): CheckpointModels & AsyncDisposable & { readonly cache: ModelCache } {
  const entryOf = (family: string): ModelEntry => ({
    family,
    variant: family === "wav2lip" ? String(size) : "",
    format: "torch-zip",
    tensors: 1,
    licence: "",
    state: "ready",
    name: family,
    path: `${family}.pth`,
    bytes: 1,
    where: "",
    sha256: async () => "",
  });
  return {
    cache,
    library: { find: async (family) => (family in graphs ? entryOf(family) : undefined) },
    graphs: {
      async graphOf({ family }, { part }) {
        const path = graphs[family]?.[part];
        if (path === undefined) throw new Error(`no graph ${family} ${part}`);
        return { path, bytes: 1 };
      },
    },
    [Symbol.asyncDispose]: () => cache[Symbol.asyncDispose](),
  };
}

/**
 * Networks with Wav2Lip's inputs and outputs and no weights: the picture is a quarter of the lower face, and brighter the
 * louder the mel is: face / 4 + 24 · (mean of the mel + 4).
 */
export async function plainNetworks(folder: string, size = SIZE): Promise<Record<string, string>> {
  const pixels = ["batch", size, size, 3] as const;
  const see = (g: GraphBuilder): Value => cast(g, g.input("face", "uint8", pixels), "float32");
  const draw = (g: GraphBuilder, mel: Value, seen: Value): void => {
    const loud = g.node("ReduceMean", [mel], { shape: ["batch", 1, 1, 1] }, { axes: [1, 2, 3], keepdims: 1 });
    const four = g.constant("four", "float32", [], [4]);
    const bright = scaleBy(g, g.node("Add", [loud, four], loud), 24);
    const sum = g.node("Add", [scaleBy(g, seen, 0.25), bright], seen);
    g.output("picture", slice(g, cast(g, sum, "uint8"), 1, lowerFrom(size), size));
  };
  const hear = (g: GraphBuilder): Value => g.input("mel", "float32", ["batch", 1, 80, 16]);
  const face = new GraphBuilder("face");
  face.output("feature0", see(face));
  const mouth = new GraphBuilder("mouth");
  const mel = hear(mouth);
  const which = mouth.input("which", "int64", ["batch"]);
  const faces = mouth.input("feature0", "float32", ["faces", size, size, 3]);
  draw(mouth, mel, mouth.node("Gather", [faces, which], { shape: pixels }, { axis: 0 }));
  // What GPUs run for faces that come once.
  const whole = new GraphBuilder("whole");
  draw(whole, hear(whole), see(whole));
  return {
    face: await writeModel(face.finish(), folder, `plain-face${size}`),
    mouth: await writeModel(mouth.finish(), folder, `plain-mouth${size}`),
    whole: await writeModel(whole.finish(), folder, `plain-whole${size}`),
  };
}

/**
 * A detector without weights that sees the same two faces in every picture that is not dark, 128 pixels each: about
 * (208, 144), and more surely about (432, 432).
 */
export async function plainDetector(folder: string): Promise<Record<string, string>> {
  const g = new GraphBuilder("faces");
  const picture = cast(g, g.input("picture", "uint8", ["batch", "height", "width", 3]), "float32");
  const mean = g.node("ReduceMean", [picture], { shape: ["batch", 1, 1, 1] }, { axes: [1, 2, 3], keepdims: 1 });
  const dark = g.constant("dark", "float32", [], [20]);
  const bright = scaleBy(g, g.node("Sub", [mean, dark], mean), 0.1);
  const lit = g.node(
    "Clip",
    [bright, g.constant("none", "float32", [], [0]), g.constant("one", "float32", [], [1])],
    mean,
  );
  for (let level = 0; level < 6; level++) {
    const side = level === 3 ? 16 : 1;
    const score = Array.from({ length: side * side }, () => 0);
    if (level === 3) [score[4 * 16 + 6], score[13 * 16 + 13]] = [0.8, 0.95];
    const shape = [1, 1, side, side];
    const map = g.constant(`map${level}`, "float32", shape, score);
    g.output(`score${level}`, g.node("Mul", [lit, map], { type: "float32", shape: ["batch", 1, side, side] }));
    const boxes = g.constant(
      `boxes${level}`,
      "float32",
      [1, 4, side, side],
      Array.from({ length: 4 * side * side }, () => 0),
    );
    g.output(`box${level}`, g.node("Mul", [lit, boxes], { type: "float32", shape: ["batch", 4, side, side] }));
  }
  return { faces: await writeModel(g.finish(), folder, "plain-faces") };
}
