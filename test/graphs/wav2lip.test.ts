import assert from "node:assert/strict";
import { readdir, readFile, stat } from "node:fs/promises";
import { describe, it } from "node:test";
import { decodeModel } from "../../src/graphs/onnx/schema.ts";
import { writeModel } from "../../src/graphs/onnx/write-model.ts";
import { buildWav2Lip, lowerFrom, type Wav2LipSize, wav2lipSize } from "../../src/graphs/wav2lip.ts";
import { dumpGraph } from "../../src/graphs/dump.ts";
import { InferenceThread } from "../../src/inference/session.ts";
import type { Tensor } from "../../src/inference/tensor.ts";
import { TempDir } from "../../src/media/temp.ts";
import { describeOnProviders, tolerance as toleranceOf } from "../inference/providers.ts";
import { assertClose, readReference } from "./reference.ts";
import { seededCheckpoint, uniform } from "./seeded.ts";

type About = { readonly size: Wav2LipSize; readonly batch: number };

/** Inputs as the reference had them: tools/graph-goldens/make.py. */
function inputs(size: number, batch: number): { face: Tensor; mel: Tensor } {
  const face = Uint8Array.from(uniform(`face${size}`, batch * size * size * 3), (u) => Math.floor(u * 256));
  const mel = Float32Array.from(uniform(`mel${size}`, batch * 80 * 16), (u) => u * 8 - 4);
  return {
    face: { type: "uint8", dims: [batch, size, size, 3], data: face },
    mel: { type: "float32", dims: [batch, 1, 80, 16], data: mel },
  };
}

describeOnProviders("Wav2Lip's graphs at full width", (provider) => {
  for (const size of [96, 256] as const) {
    it(`${size} pixels: make what PyTorch makes, within 1e-4, and within 1e-2 in float16`, async () => {
      const { keys, arrays, every, batch } = readReference<About>(`wav2lip-${size}`);
      using checkpoint = seededCheckpoint(`wav2lip${size}.pth`, keys);
      assert.equal(wav2lipSize(checkpoint), size);
      await using dir = await TempDir.create();
      await using thread = new InferenceThread();
      for (const [precision, tolerance] of [
        ["float32", 1e-4],
        ["float16", 1e-2],
      ] as const) {
        // Half the numbers of the larger network are enough to know that they are rounded right.
        if (size === 256 && precision === "float16") continue;
        const graphs = buildWav2Lip(checkpoint, size, { precision, floats: true, from: 0 });
        assert.deepEqual(graphs.unused, []);
        const paths = [
          await writeModel(graphs.face, dir.path, `face-${precision}`),
          await writeModel(graphs.mouth, dir.path, `mouth-${precision}`),
        ];
        const [face, mouth] = await Promise.all(
          paths.map((path) => thread.open(path, { providers: [provider], threads: 2 })),
        );
        assert.ok(face && mouth);
        const { face: pixels, mel } = inputs(size, batch);
        const features = await face.run({ face: pixels });
        const which: Tensor = {
          type: "int64",
          dims: [batch],
          data: BigInt64Array.from({ length: batch }, (_, i) => BigInt(i)),
        };
        const { picture } = await mouth.run({ mel, which, ...features });
        assert.ok(picture?.type === "float32");
        assert.deepEqual(picture.dims, [batch, size, size, 3]);
        assertClose(picture.data, arrays["picture"] as Float32Array, every, Math.max(tolerance, toleranceOf(provider)));
        await Promise.all([face.close(), mouth.close()]);
      }
    });
  }

  it("where only the lower face is asked for, it is the whole picture's to the last bit that matters", async () => {
    const { keys, arrays, every, batch } = readReference<About>("wav2lip-96");
    using checkpoint = seededCheckpoint("wav2lip.pth", keys);
    await using dir = await TempDir.create();
    await using thread = new InferenceThread();
    const { whole } = buildWav2Lip(checkpoint, 96, { floats: true });
    const session = await thread.open(await writeModel(whole, dir.path, "whole"), {
      providers: [provider],
      threads: 2,
    });
    const { picture } = await session.run(inputs(96, batch));
    assert.ok(picture?.type === "float32");
    const from = lowerFrom(96);
    assert.deepEqual(picture.dims, [batch, 96 - from, 96, 3]);
    const wanted = arrays["picture"] as Float32Array;
    const row = 96 * 3;
    let compared = 0;
    for (const [i, value] of wanted.entries()) {
      const [item, place] = [Math.floor((i * every) / (96 * row)), (i * every) % (96 * row)];
      if (place < from * row) continue;
      const made = picture.data[item * (96 - from) * row + place - from * row] as number;
      assert.ok(Math.abs(made - value) <= Math.max(1e-4, toleranceOf(provider)));
      compared++;
    }
    assert.ok(compared > wanted.length / 2);
  });
});

describe("Wav2Lip's graphs", () => {
  it("a graph is written beside its weights, which it does not hold, and reads like its network", async () => {
    const { keys } = readReference<About>("wav2lip-96");
    using checkpoint = seededCheckpoint("wav2lip.pth", keys);
    const { mouth } = buildWav2Lip(checkpoint, 96);
    await using dir = await TempDir.create();
    const seen: number[] = [];
    const path = await writeModel(mouth, dir.path, "mouth", { onProgress: (bytes, all) => seen.push(bytes / all) });
    assert.deepEqual((await readdir(dir.path)).toSorted(), ["mouth.bin", "mouth.onnx"]);
    assert.ok((await stat(path)).size < 200_000 && (await stat(dir.file("mouth.bin"))).size > 80e6);
    assert.deepEqual(
      seen,
      seen.toSorted((a, b) => a - b),
    );
    assert.equal(seen.at(-1), 1);
    const { graph } = decodeModel(await readFile(path)) as { graph: { node: { name: string }[] } };
    assert.ok(graph.node.some(({ name }) => name.startsWith("face_decoder_blocks.6.0.conv_block")));
    // A batch norm is nowhere: it is in the weights.
    assert.match(dumpGraph(mouth), /float32\[batch, 64, 56, 96\] = DepthToSpace\(/);
    assert.doesNotMatch(dumpGraph(mouth), /BatchNormalization/);
  });

  it("a checkpoint of another shape, or with a weight missing or gone wrong, is told by file and key", async () => {
    const { keys } = readReference<About>("wav2lip-96");
    const key = "face_decoder_blocks.3.1.conv_block.0.weight";
    const { [key]: _, ...without } = keys;
    const names = {
      code: "model_unusable",
      message: new RegExp(`^w\\.pth: .*"${key.replaceAll(".", "\\.")}" is missing`),
    };
    assert.throws(() => buildWav2Lip(seededCheckpoint("w.pth", without), 96), names);
    const other = seededCheckpoint("w.pth", { ...keys, [key]: [384, 384, 5, 5] });
    assert.throws(() => buildWav2Lip(other, 96), {
      code: "model_unusable",
      message: /is \[384, 384, 5, 5\], and \[384, 384, 3, 3\] was expected/,
    });
    const larger = { ...keys, "face_encoder_blocks.7.0.conv_block.0.weight": [512, 512, 3, 3] };
    assert.throws(() => wav2lipSize(seededCheckpoint("w.pth", larger)), {
      code: "model_unusable",
      message: /which is not supported/,
    });
    assert.equal(wav2lipSize(seededCheckpoint("w.pth", { weight: [1] })), undefined);
    const broken = seededCheckpoint("w.pth", keys);
    const tensor = broken.tensors.get(key);
    assert.ok(tensor);
    const nan = {
      ...tensor,
      read: async () => new Uint8Array(new Float32Array(384 * 384 * 9).fill(Number.NaN).buffer),
    };
    const tensors = new Map([...broken.tensors, [key, nan]]);
    await using dir = await TempDir.create();
    const { mouth } = buildWav2Lip({ ...broken, tensors }, 96);
    await assert.rejects(writeModel(mouth, dir.path, "mouth"), {
      code: "model_unusable",
      message: /holds NaN or infinity/,
    });
    assert.deepEqual(await readdir(dir.path), []);
  });

  it("a graph that is cancelled while it is written leaves no graph", async () => {
    const { keys } = readReference<About>("wav2lip-96");
    const { face } = buildWav2Lip(seededCheckpoint("w.pth", keys), 96);
    await using dir = await TempDir.create();
    const abort = new AbortController();
    const onProgress = (): void => abort.abort();
    await assert.rejects(writeModel(face, dir.path, "face", { signal: abort.signal, onProgress }), {
      name: "AbortError",
    });
    assert.deepEqual(await readdir(dir.path), []);
  });
});
