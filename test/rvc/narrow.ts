import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Checkpoint } from "../../src/checkpoints/checkpoint.ts";
import type { PickleValue } from "../../src/checkpoints/pickle/values.ts";
import { buildContentVec } from "../../src/graphs/contentvec.ts";
import { writeModel } from "../../src/graphs/onnx/write-model.ts";
import { type RvcVoice, rvcVoice } from "../../src/graphs/rvc-voice.ts";
import { buildRvc } from "../../src/graphs/rvc.ts";
import { formula, formulaCheckpoint, keysOf, type KeyTree, spread } from "../graphs/formula.ts";
import { readReference } from "../graphs/reference.ts";
import { uniform } from "../graphs/seeded.ts";
import { writeWeights } from "../library/models/workbench.ts";
import { flatFile, invertedFile } from "./index-vectors.ts";
import { pthFile } from "./write-pth.ts";

/** Voices of formula weights, narrow, and all that tools/rvc-goldens/conversion.py made with them. */

export type Case = {
  readonly version: "v1" | "v2";
  readonly rate: number;
  readonly f0: boolean;
  readonly samples: number;
  readonly indexRate: number;
  readonly protect: number;
  readonly semitones: number;
  readonly speaker: number;
  /** Samples of the reference's result. */
  readonly length: number;
};

type About = {
  readonly every: number;
  readonly listener: KeyTree;
  readonly cases: Readonly<Record<string, Case>>;
  readonly arrays: Readonly<Record<string, number>>;
};

export type Golden = Omit<About, "arrays"> & { readonly arrays: Readonly<Record<string, Int16Array>> };

export function readGolden(): Golden {
  const base = join(import.meta.dirname, "fixtures/conversion");
  const about = JSON.parse(readFileSync(`${base}.json`, "utf8")) as About;
  const bytes = new Uint8Array(readFileSync(`${base}.bin`));
  let at = 0;
  const arrays = Object.fromEntries(
    Object.entries(about.arrays).map(([key, length]) => {
      at += 2 * length;
      return [key, new Int16Array(bytes.buffer, at - 2 * length, length)];
    }),
  );
  return { ...about, arrays };
}

type Kind = { readonly config: readonly PickleValue[]; readonly tree: KeyTree };
const { variants } = readReference<{ variants: Readonly<Record<string, Kind>> }>("rvc-narrow");

/** The checkpoint of a narrow voice, such as `v2 48k`. */
export function narrowCheckpoint(variant: string, fields: Readonly<Record<string, PickleValue>> = {}): Checkpoint {
  const { config, tree } = variants[variant] as Kind;
  return formulaCheckpoint("voice.pth", keysOf(tree), { config: config as PickleValue, ...fields });
}

export const variantOf = ({ version, rate, f0 }: Pick<Case, "version" | "rate" | "f0">): string =>
  `${version} ${rate / 1000}k${f0 ? "" : " without f0"}`;

/** A narrow voice's graphs, written into a folder. */
export async function writeVoice(
  variant: string,
  folder: string,
): Promise<{ readonly voice: RvcVoice; readonly latent: string; readonly sound: string }> {
  using checkpoint = narrowCheckpoint(variant);
  const voice = rvcVoice(checkpoint);
  assert.ok(voice);
  const { latent, sound } = buildRvc(checkpoint, voice);
  const name = variant.replaceAll(" ", "-");
  return {
    voice,
    latent: await writeModel(latent, folder, `${name}-latent`),
    sound: await writeModel(sound, folder, `${name}-sound`),
  };
}

/** ContentVec's graphs, written into a folder. */
export async function writeListener(
  tree: KeyTree,
  folder: string,
): Promise<{ readonly v1: string; readonly v2: string }> {
  using checkpoint = formulaCheckpoint("hubert_base.pt", keysOf(tree));
  const { v1, v2 } = buildContentVec(checkpoint);
  return { v1: await writeModel(v1, folder, "listener-v1"), v2: await writeModel(v2, folder, "listener-v2") };
}

/** Something sung: a glide of several partials, with some noise. */
export function clip(samples: number): Float32Array<ArrayBuffer> {
  const breath = spread("breath", samples, 0.02);
  return breath.map((noise, i) => {
    const t = i / 16_000;
    const phase = 180 * t + 3 * Math.sin(4 * t);
    let sound = 0;
    for (let k = 1; k < 6; k++) sound += (0.12 / k) * Math.sin(2 * Math.PI * k * phase + k);
    return sound * (0.55 + 0.45 * Math.sin(2.5 * t)) + noise;
  });
}

/** Hz of each frame: every fifth quarter of a second there is none. */
export const pitchAt = (i: number): number => (Math.floor(i / 25) % 5 === 3 ? 0 : 180 + 40 * Math.sin(i / 15));

const VECTORS = 600;
const LISTS = 16;

/** The index of a narrow voice, as faiss writes it. */
export function indexFile(width: number, lists: ArrayLike<number>): Buffer {
  const of = (key: string, rows: number): Float32Array =>
    Float32Array.from(uniform(key, rows * width), (x) => (x - 0.5) * 4);
  return invertedFile(of("vectors", VECTORS), of("centroids", LISTS), lists, { width });
}

/** An index of some vectors without lists. */
export const flatIndex = (width: number, count: number): Buffer =>
  flatFile(
    Float32Array.from(uniform("vectors", count * width), (x) => (x - 0.5) * 4),
    width,
  );

/** The file of a narrow voice, as RVC saves it. @param numbers of a weight in place of those that it has */
export function voiceFile(variant: string, numbers: Readonly<Record<string, number>> = {}): Promise<Buffer> {
  using checkpoint = spoiled(narrowCheckpoint(variant), numbers);
  const { config } = variants[variant] as Kind;
  const [version = "", rate = ""] = variant.split(" ");
  const fields = {
    config: config as never,
    info: "7epoch",
    sr: rate,
    version,
    f0: variant.includes("without") ? 0 : 1,
  };
  return pthFile(checkpoint, fields);
}

/** A checkpoint in which the first number of some weights is another one. */
function spoiled(checkpoint: Checkpoint, numbers: Readonly<Record<string, number>>): Checkpoint {
  const tensors = new Map(checkpoint.tensors);
  for (const [key, number] of Object.entries(numbers)) {
    const tensor = tensors.get(key);
    assert.ok(tensor);
    const read = async (): Promise<Uint8Array> => {
      const bytes = (await tensor.read()).slice();
      new DataView(bytes.buffer).setFloat32(0, number, true);
      return bytes;
    };
    tensors.set(key, { ...tensor, read });
  }
  return { ...checkpoint, tensors };
}

/** Weights of formula, as a file of safetensors. */
export async function writeFormula(path: string, tree: KeyTree): Promise<void> {
  const shapes = keysOf(tree);
  await writeWeights(path, shapes, (key) => formula(key, shapes[key] as readonly number[]));
}

/** A ContentVec for voices of v1, narrow, and RMVPE, in a folder. */
export async function writeBase(folder: string): Promise<void> {
  const { tree } = readReference<{ readonly tree: KeyTree }>("contentvec-narrow");
  const wide = { ...tree, final_proj: { weight: [256, 128], bias: [256] } };
  await writeFormula(join(folder, "hubert_base.safetensors"), wide);
  await writeFormula(join(folder, "rmvpe.safetensors"), readReference<{ tree: KeyTree }>("rmvpe-narrow").tree);
}
