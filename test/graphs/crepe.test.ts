import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decodeCrepe, voicedOnly } from "../../src/engines/pitch/crepe/decode.ts";
import { buildCrepe, type CrepeSize } from "../../src/graphs/crepe.ts";
import { writeModel } from "../../src/graphs/onnx/write-model.ts";
import { InferenceThread } from "../../src/inference/session.ts";
import { CREPE } from "../../src/library/models/architectures/crepe.ts";
import { TempDir } from "../../src/media/temp.ts";
import { describeOnProviders, tolerance as toleranceOf } from "../inference/providers.ts";
import { formulaCheckpoint, keysOf, type KeyTree, spread } from "./formula.ts";
import { assertClose, readReference } from "./reference.ts";

/** How a reference was run: tools/graph-goldens/crepe.py. */
type Run = { readonly batch: number; readonly trees: Readonly<Record<CrepeSize, KeyTree>> };

describeOnProviders("CREPE's graphs at full width", (provider) => {
  for (const size of ["full", "tiny"] as const) {
    it(`${size}: hears what PyTorch hears, in silence too, within 1e-4, and within 1e-2 in float16`, async () => {
      const { arrays, every, batch, trees } = readReference<Run>("crepe");
      using checkpoint = formulaCheckpoint(`${size}.pth`, keysOf(trees[size]));
      assert.equal(CREPE.recognise(checkpoint), size);
      const data = spread("frames", batch * 1024, 0.1, 0.05);
      data.fill(0, (batch - 1) * 1024);
      await using dir = await TempDir.create();
      await using thread = new InferenceThread();
      for (const [precision, tolerance] of [
        ["float32", 1e-4],
        ["float16", 1e-2],
      ] as const) {
        const { graph, unused } = buildCrepe(checkpoint, size, precision);
        assert.deepEqual(unused, []);
        const path = await writeModel(graph, dir.path, precision);
        const session = await thread.open(path, { providers: [provider], threads: 2 });
        const { salience } = await session.run({
          frames: { type: "float32", dims: [batch, 1024], data: data.slice() },
        });
        assert.ok(salience?.type === "float32");
        assert.deepEqual(salience.dims, [batch, 360]);
        assertClose(salience.data, arrays[size] as Float32Array, every, Math.max(tolerance, toleranceOf(provider)));
        await session.close();
      }
    });
  }
});

describe("CREPE", () => {
  it("another size, and a weight of another shape, are told by name; another network is none", () => {
    const keys = keysOf(readReference<Run>("crepe").trees.tiny);
    const medium = formulaCheckpoint("medium.pth", { ...keys, "conv1.weight": [512, 1, 512, 1] });
    assert.throws(() => CREPE.recognise(medium), {
      code: "model_unusable",
      message: /^medium\.pth: it is a CREPE whose first layer has 512 channels/,
    });
    const other = formulaCheckpoint("tiny.pth", { ...keys, "classifier.weight": [360, 2048] });
    assert.throws(() => buildCrepe(other, "tiny"), {
      code: "model_unusable",
      message: /as CREPE \(tiny\) .*"classifier\.weight" is \[360, 2048\], and \[360, 256\] was expected/,
    });
    assert.equal(CREPE.recognise(formulaCheckpoint("other.pth", { "conv1.weight": [64, 3, 7, 7] })), undefined);
  });

  it("the course of the pitch is the one that torchcrepe finds, over a leap and where nothing is sung", () => {
    const { arrays, frames } = readReference<{ readonly frames: number }>("crepe-decode");
    const salience = spread("salience", frames * 360);
    for (let i = 0; i < salience.length; i++) {
      const [frame, pitch] = [Math.floor(i / 360), i % 360];
      const middle = 100 + 20 * Math.sin(frame / 5) + (frame >= 15 ? 60 : 0) + (frame === 12 ? 90 : 0);
      const level = frame < 45 ? 0.9 : 0.04;
      salience[i] = level * Math.exp(-(((pitch - middle) / 3) ** 2)) + 0.02 * ((salience[i] as number) + 1);
    }
    const decoded = decodeCrepe(salience, { floor: 50, ceiling: 1100 });
    const cents = (hz: number): number => 1200 * Math.log2(hz / 10);
    const assertSame = (made: Float64Array, expected: Float32Array | undefined): void => {
      assert.equal(made.length, expected?.length);
      for (const [i, hz] of made.entries()) {
        const known = expected?.[i] as number;
        if (known === 0) assert.equal(hz, 0);
        else assert.ok(Math.abs(cents(hz) - cents(known)) < 0.1, `frame ${i}: ${hz} Hz, and ${known} Hz was expected`);
      }
    };
    assertSame(decoded.f0, arrays["f0"]);
    assertClose(new Float32Array(decoded.periodicity), arrays["periodicity"] as Float32Array, 1, 1e-6);
    const voiced = voicedOnly(decoded);
    assertSame(voiced, arrays["voiced"]);
    assert.ok(voiced.includes(0) && voiced.some((hz) => hz > 0));
    // The doubt of one frame is passed over, the leap is not.
    assert.ok(cents(decoded.f0[44] as number) - cents(decoded.f0[11] as number) > 800);
    assert.ok(Math.abs(cents(decoded.f0[12] as number) - cents(decoded.f0[11] as number)) < 300);
    assert.equal(decodeCrepe(new Float32Array(0), { floor: 50, ceiling: 1100 }).f0.length, 0);
  });
});
