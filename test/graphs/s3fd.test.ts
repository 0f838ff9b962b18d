import assert from "node:assert/strict";
import { it } from "node:test";
import { writeModel } from "../../src/graphs/onnx/write-model.ts";
import { buildS3fd, isS3fd, S3FD_LEVELS } from "../../src/graphs/s3fd.ts";
import { InferenceThread } from "../../src/inference/session.ts";
import { TempDir } from "../../src/media/temp.ts";
import { describeOnProviders, tolerance } from "../inference/providers.ts";
import { assertClose, readReference } from "./reference.ts";
import { seededCheckpoint, uniform } from "./seeded.ts";

describeOnProviders("S3FD's graph at full width", (provider) => {
  it("makes what PyTorch makes at all six levels, within 1e-4, for a picture of odd sides", async () => {
    const { keys, arrays, every, height, width } = readReference<{ height: number; width: number }>("s3fd");
    using checkpoint = seededCheckpoint("s3fd.pth", keys);
    assert.ok(isS3fd(checkpoint));
    const { graph, unused } = buildS3fd(checkpoint);
    assert.deepEqual(unused, []);
    await using dir = await TempDir.create();
    await using thread = new InferenceThread();
    const session = await thread.open(await writeModel(graph, dir.path, "s3fd"), {
      providers: [provider],
      threads: 2,
    });
    const data = Uint8Array.from(uniform("picture", height * width * 3), (u) => Math.floor(u * 256));
    const made = await session.run({ picture: { type: "uint8", dims: [1, height, width, 3], data } });
    for (let level = 0; level < S3FD_LEVELS; level++) {
      for (const [name, kept] of [
        [`score${level}`, 1],
        [`box${level}`, every],
      ] as const) {
        const value = made[name];
        assert.ok(value?.type === "float32");
        assertClose(value.data, arrays[name] as Float32Array, kept, Math.max(1e-4, tolerance(provider)));
      }
    }
  });
});
