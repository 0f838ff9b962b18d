import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { candidates, type DetectedFace, facesOf, suppressOverlaps } from "../../src/engines/faces/s3fd/decode.ts";
import { S3fdDetector } from "../../src/engines/faces/s3fd/s3fd-detector.ts";
import { writeModel } from "../../src/graphs/onnx/write-model.ts";
import { buildS3fd } from "../../src/graphs/s3fd.ts";
import { TempDir } from "../../src/media/temp.ts";
import { readReference } from "../graphs/reference.ts";
import { seededCheckpoint } from "../graphs/seeded.ts";
import { goldens, stripes } from "./goldens.ts";
import { checkpointModels } from "./networks.ts";

/** Maps on which nothing is found. */
function emptyMaps(width: number, height: number) {
  return Array.from({ length: 6 }, (_, level) => {
    const [w, h] = [Math.ceil(width / 2 ** (level + 2)), Math.ceil(height / 2 ** (level + 2))];
    return { width: w, height: h, score: new Float32Array(w * h), box: new Float32Array(4 * w * h) };
  });
}

describe("S3FD's answers", () => {
  it("a place of each scale is a box about its middle, moved and stretched by what the network says", () => {
    for (let level = 0; level < 6; level++) {
      const maps = emptyMaps(640, 384);
      const map = maps[level];
      assert.ok(map);
      const stride = 2 ** (level + 2);
      const [x, y] = [map.width - 1, 1];
      const [at, places] = [y * map.width + x, map.width * map.height];
      map.score[at] = 0.9;
      for (const [i, value] of [0.5, -1, Math.log(2) / 0.2, Math.log(0.5) / 0.2].entries())
        map.box[at + i * places] = value;
      const [face, ...others] = candidates(maps);
      assert.ok(face && others.length === 0);
      const centre = [stride / 2 + x * stride + 0.2 * stride, stride / 2 + y * stride - 0.4 * stride];
      const expected = [
        (centre[0] as number) - 4 * stride,
        (centre[1] as number) - stride,
        (centre[0] as number) + 4 * stride,
        (centre[1] as number) + stride,
      ];
      for (const [i, value] of [face.left, face.top, face.right, face.bottom].entries()) {
        assert.ok(Math.abs(value - (expected[i] as number)) < 1e-3 * stride, `level ${level}, edge ${i}`);
      }
    }
  });

  it("what is no number, or less sure than a face, is none", () => {
    const maps = emptyMaps(64, 64);
    maps[1]?.score.set([Number.NaN, 0.5, 0.04, 0.06]);
    assert.equal(candidates(maps).length, 2);
    assert.deepEqual(facesOf(maps), []);
  });

  it("of boxes that lie over one another the surest stays, and two people stay two", () => {
    const face = (left: number, score: number): DetectedFace => ({ left, top: 0, right: left + 99, bottom: 99, score });
    const kept = suppressOverlaps([face(0, 0.7), face(8, 0.9), face(60, 0.6), face(200, 0.8), face(208, 0.51)]);
    // 48 of 152 columns are shared with the one at 60: more than three tenths; 47 of 153 would be.
    assert.deepEqual(
      kept.map(({ left, score }) => [left, score]),
      [
        [8, 0.9],
        [200, 0.8],
      ],
    );
    assert.equal(suppressOverlaps([face(0, 0.9), face(54, 0.8)]).length, 2);
    assert.equal(suppressOverlaps([face(0, 0.9), face(53, 0.8)]).length, 1);
  });
});

describe("S3FD at full width", () => {
  it("finds the boxes that the reference finds with the same weights, in its order of colours", async () => {
    const { keys } = readReference("s3fd");
    using checkpoint = seededCheckpoint("s3fd.pth", keys);
    await using dir = await TempDir.create();
    const path = await writeModel(buildS3fd(checkpoint, "vendored").graph, dir.path, "s3fd");
    await using models = checkpointModels({ s3fd: { "faces-vendored": path } });
    const never = new AbortController().signal;
    await using detector = await S3fdDetector.open(models, never, "vendored");
    assert.ok(detector);
    const { width, height, frames, boxes } = goldens.s3fd;
    // The goldens' pictures are blue, green, red.
    const data = frames.map((frame) =>
      stripes(height, width, frame).map((_, i, all) => all[i + 2 - 2 * (i % 3)] as number),
    );
    const found = await detector.detect({ width, height, data }, never);
    for (const [i, faces] of found.entries()) {
      const expected = boxes[i] ?? [];
      assert.ok(expected.length > 20 && Math.abs(faces.length - expected.length) <= 1);
      const [first] = faces;
      assert.ok(first);
      for (const [k, [left, top, right, bottom, score]] of expected.slice(0, 10).entries()) {
        const same = faces.find((face) => Math.hypot(face.left - left, face.top - top) < 0.05);
        assert.ok(same, `box ${k} of picture ${i}`);
        assert.ok(Math.hypot(same.right - right, same.bottom - bottom) < 0.05 && Math.abs(same.score - score) < 1e-4);
        if (k === 0) assert.equal(same, first);
      }
    }
  });
});
