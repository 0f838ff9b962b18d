import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import { dumpGraph } from "../../../src/graphs/dump.ts";
import { architectureOf, ARCHITECTURES } from "../../../src/library/models/architectures.ts";
import type { Checkpoint } from "../../../src/checkpoints/checkpoint.ts";
import type { PickleValue } from "../../../src/checkpoints/pickle/values.ts";
import { formulaCheckpoint, keysOf, type KeyTree } from "../../graphs/formula.ts";
import { readReference } from "../../graphs/reference.ts";
import { seededCheckpoint } from "../../graphs/seeded.ts";
import { shapesOf } from "./workbench.ts";

/** What the graphs of each version are. Where one changes, its architecture's version is raised, and this follows. */
const KNOWN: Readonly<Record<string, { readonly version: number; readonly graphs: string }>> = {
  "wav2lip 96": { version: 4, graphs: "de0526ae1e5eb8bf" },
  "wav2lip 256": { version: 4, graphs: "0d9c56159c971026" },
  "s3fd ": { version: 1, graphs: "1198fe528b4ced05" },
  "rvc v2 40k": { version: 2, graphs: "9da39a9ee04fb494" },
  "rvc v1 32k without f0": { version: 2, graphs: "764384311dd499c8" },
  "contentvec ": { version: 2, graphs: "4d841114cee17039" },
  "rmvpe ": { version: 2, graphs: "3117c9f35b7f6575" },
  "crepe full": { version: 1, graphs: "5768145d518af257" },
  "roformer bs 24x2, 17 bands of 256, stereo, 1 stem": { version: 1, graphs: "9062ae49ba65ebd8" },
  "roformer mel-band 16x3, 20 bands of 512, mono, 4 stems": { version: 1, graphs: "c347e9b84dde8af7" },
  "crepe tiny": { version: 1, graphs: "b14c04afefc5379e" },
};

const seeded = (shapes: Parameters<typeof shapesOf>[0]): Checkpoint => seededCheckpoint("model.pth", shapesOf(shapes));

/** A narrow network of a fixture. */
function narrow(fixture: string): Checkpoint {
  const { tree } = readReference<{ readonly tree: KeyTree }>(fixture);
  return formulaCheckpoint("model.pth", keysOf(tree));
}

function crepe(size: "full" | "tiny"): Checkpoint {
  const { trees } = readReference<{ readonly trees: Readonly<Record<string, KeyTree>> }>("crepe");
  return formulaCheckpoint("model.pth", keysOf(trees[size] as KeyTree));
}

function roformer(name: string): Checkpoint {
  const { cases } = readReference<{ readonly cases: Readonly<Record<string, { readonly tree: KeyTree }>> }>("roformer");
  return formulaCheckpoint("model.ckpt", keysOf((cases[name] as { readonly tree: KeyTree }).tree));
}

function voice(variant: string): Checkpoint {
  type Kind = { readonly config: PickleValue; readonly tree: KeyTree };
  const { variants } = readReference<{ readonly variants: Readonly<Record<string, Kind>> }>("rvc-narrow");
  const { config, tree } = variants[variant] as Kind;
  return formulaCheckpoint("model.pth", keysOf(tree), { config });
}

describe("versions of graphs", () => {
  for (const [family, variant, checkpointOf] of [
    ["wav2lip", "96", () => seeded("wav2lip-96")],
    ["wav2lip", "256", () => seeded("wav2lip-256")],
    ["s3fd", "", () => seeded("s3fd")],
    ["rvc", "v2 40k", () => voice("v2 40k")],
    ["rvc", "v1 32k without f0", () => voice("v1 32k without f0")],
    ["contentvec", "", () => narrow("contentvec-narrow")],
    ["rmvpe", "", () => narrow("rmvpe-narrow")],
    ["roformer", "bs 24x2, 17 bands of 256, stereo, 1 stem", () => roformer("bs stereo")],
    ["roformer", "mel-band 16x3, 20 bands of 512, mono, 4 stems", () => roformer("mel mono")],
    ["crepe", "full", () => crepe("full")],
    ["crepe", "tiny", () => crepe("tiny")],
  ] as const) {
    it(`${family} ${variant}: a graph that has changed has another version, so that no cache answers the old one`, async () => {
      const graphs = architectureOf(family)?.graphs;
      assert.ok(graphs);
      using checkpoint = checkpointOf();
      const hash = createHash("sha256");
      for (const part of graphs.parts) {
        for (const precision of ["float32", "float16"] as const) {
          const { graph } = graphs.build(checkpoint, variant, part, precision);
          hash.update(dumpGraph(graph));
          for (const { name, bytes } of graph.initializers) {
            // Numbers that are not the checkpoint's.
            if (name.startsWith("constant/")) hash.update(await bytes());
          }
        }
      }
      assert.deepEqual(
        { version: graphs.version, graphs: hash.digest("hex").slice(0, 16) },
        KNOWN[`${family} ${variant}`],
      );
    });
  }

  it("every network that has graphs is watched", () => {
    const watched = new Set(Object.keys(KNOWN).map((name) => name.split(" ")[0]));
    const made = ARCHITECTURES.filter(({ graphs }) => graphs).map(({ family }) => family);
    assert.deepEqual(watched, new Set(made));
  });
});
