/** Weights of formula at full width, in files as people have them: for bench/rvc.ts. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { PickleValue } from "../src/checkpoints/pickle/values.ts";
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
