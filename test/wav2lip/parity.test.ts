import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { padded, smoothedAsReference } from "../../src/engines/faces/s3fd/face-boxes.ts";
import { scalePicture } from "../../src/engines/lipsync/wav2lip/bilinear.ts";
import { KeptFaces } from "../../src/engines/lipsync/wav2lip/kept-faces.ts";
import { firstColumn, MelStream } from "../../src/engines/lipsync/wav2lip/mel-stream.ts";
import { MouthNetworks } from "../../src/engines/lipsync/wav2lip/mouth-networks.ts";
import { MEL_BANDS, MEL_FRAMES, buildWav2Lip } from "../../src/graphs/wav2lip.ts";
import { writeModel } from "../../src/graphs/onnx/write-model.ts";
import { TempDir } from "../../src/media/temp.ts";
import { readReference } from "../graphs/reference.ts";
import { seededCheckpoint } from "../graphs/seeded.ts";
import { chirp, edges, goldenBytes, goldens, stripes } from "./goldens.ts";
import { checkpointModels } from "./networks.ts";

const SIZE = 96;
const FPS = 25;

/** Peak signal-to-noise ratio of bytes, dB. */
function psnr(a: Uint8Array, b: Uint8Array): number {
  const error = a.reduce((sum, value, i) => sum + (value - (b[i] as number)) ** 2, 0) / a.length;
  return 10 * Math.log10(255 ** 2 / error);
}

describe("Wav2Lip at full width, from sound and clip to pasted frames", () => {
  it("makes the reference's frames within 45 dB, and one for each of the three that it drops", async () => {
    const { width, height, seconds, rects, pads } = goldens.clip;
    const { keys } = readReference("wav2lip-96");
    using checkpoint = seededCheckpoint("wav2lip.pth", keys);
    await using dir = await TempDir.create();
    // The reference shows the upper face as well.
    const graphs = buildWav2Lip(checkpoint, SIZE, { from: 0 });
    const face = await writeModel(graphs.face, dir.path, "face");
    const mouth = await writeModel(graphs.mouth, dir.path, "mouth");
    await using models = checkpointModels({ wav2lip: { face, mouth } });
    const never = new AbortController().signal;
    const kept = new KeptFaces();
    await using networks = await MouthNetworks.open(models, kept, never);
    const boxes = smoothedAsReference(rects.map((rect) => padded(edges(rect), pads, width, height)));
    const mel = new MelStream();
    const sound = chirp(seconds);
    mel.push(sound, 16_000);
    mel.end();
    const count = Math.ceil((sound.length / 16_000) * FPS);
    const made = await Promise.all(
      Array.from({ length: count }, async (_, index) => {
        const place = index % rects.length;
        const box = boxes[place];
        assert.ok(box);
        const frame = stripes(height, width, place);
        const [w, h] = [box.right - box.left, box.bottom - box.top];
        const line = (row: number): number => 3 * ((box.top + row) * width + box.left);
        const data = new Uint8Array(w * h * 3);
        for (let row = 0; row < h; row++) data.set(frame.subarray(line(row), line(row) + 3 * w), 3 * w * row);
        const crop = new Uint8Array(SIZE * SIZE * 3);
        scalePicture({ data, width: w, height: h }, SIZE, SIZE, crop);
        const window = new Float32Array(MEL_BANDS * MEL_FRAMES);
        mel.window(firstColumn(index, FPS), window);
        const picture = await networks.picture(crop, window, { job: "job" });
        // The whole square, as the reference pastes it.
        scalePicture({ data: picture, width: SIZE, height: SIZE }, w, h, data);
        for (let row = 0; row < h; row++) frame.set(data.subarray(3 * w * row, 3 * w * (row + 1)), line(row));
        return frame;
      }),
    );
    const golden = goldenBytes("pasted");
    const bytes = width * height * 3;
    const dropped = made.length - golden.length / bytes;
    // Its last frame takes the last window there is, whatever its time: it is none of ours.
    const same = golden.length / bytes - 1;
    assert.equal(made.length, 13);
    assert.equal(dropped, 3);
    for (let i = 0; i < same; i++) {
      const ratio = psnr(made[i] as Uint8Array, golden.subarray(i * bytes, (i + 1) * bytes));
      assert.ok(ratio >= 45, `frame ${i}: ${ratio.toFixed(1)} dB`);
    }
    // The clip has six faces, which come again: each is encoded once.
    assert.equal(kept.count, rects.length);
  });
});
