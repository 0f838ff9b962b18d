import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { formula, keysOf, type KeyTree } from "../graphs/formula.ts";
import { writeWeights } from "../library/models/workbench.ts";

/** What the reference made of a song with a network and its settings: `tools/stems-goldens/roformer.py`. */
export type RoformerGolden = {
  readonly settings: string;
  readonly samples: number;
  readonly rms: readonly [number, number];
  readonly left: readonly number[];
  readonly right: readonly number[];
  readonly tree: KeyTree;
};

export const roformerGoldens = JSON.parse(
  readFileSync(join(import.meta.dirname, "fixtures/roformer-goldens.json"), "utf8"),
) as { readonly every: number; readonly cases: readonly RoformerGolden[] };

/** Shapes of the weights of the networks that the goldens were made with, by what they do. */
export const ROFORMER_SHAPES = {
  oneStem: keysOf((roformerGoldens.cases[0] as RoformerGolden).tree),
  fourStems: keysOf((roformerGoldens.cases[6] as RoformerGolden).tree),
};

/** The settings of the first, which names its stem "vocals", with some lines changed. */
export function roformerSettings(changes: Readonly<Record<string, string>> = {}): string {
  let { settings } = roformerGoldens.cases[0] as RoformerGolden;
  for (const [key, value] of Object.entries(changes)) {
    settings = settings.replace(new RegExp(`( +${key}:).*`), `$1 ${value}`);
  }
  return settings;
}

/** Writes a network of these shapes with weights by formula, and its settings beside it where there are some. */
export async function writeRoformer(
  path: string,
  shapes: Readonly<Record<string, readonly number[]>>,
  settings?: string,
): Promise<void> {
  await writeWeights(`${path}.safetensors`, shapes, (key, count) =>
    key.endsWith("rotary_embed.freqs")
      ? Float32Array.from({ length: count }, (_, i) => 10_000 ** (-i / count))
      : formula(key, shapes[key] as readonly number[]),
  );
  if (settings !== undefined) await writeFile(`${path}.yaml`, settings);
}
