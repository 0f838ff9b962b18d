import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { nearestBoxes, padded, smoothed, smoothedAsReference } from "../../src/engines/faces/s3fd/face-boxes.ts";
import { edges, goldens } from "./goldens.ts";

const row = (left: number) => edges([left, 1, left + 10, 12]);

describe("the boxes of a face", () => {
  it("padded and smoothed as the reference has them they are the reference's, to the pixel", () => {
    const { rects, coords, pads, width, height } = goldens.clip;
    const made = smoothedAsReference(rects.map((rect) => padded(edges(rect), pads, width, height)));
    for (const [i, [top, bottom, left, right]] of coords.entries()) {
      assert.deepEqual(made[i % made.length], { left, top, right, bottom });
    }
  });

  it("of a film shorter than the window are smoothed over what Python's slice takes", () => {
    const made = smoothedAsReference([row(0), row(10), row(20)]);
    assert.deepEqual(
      made.map(({ left }) => left),
      [15, 15, 17],
    );
    assert.deepEqual(smoothedAsReference([row(7)]), [row(7)]);
  });

  it("tremble less when they are smoothed, and lag behind nothing", () => {
    const still = Array.from({ length: 40 }, (_, i) => row(50 + (i % 2)));
    assert.ok(smoothed(still).every(({ left }) => Math.abs(left - 50.5) <= 0.2));
    const moving = Array.from({ length: 40 }, (_, i) => row(3 * i));
    for (const [i, { left }] of smoothed(moving).slice(2, -2).entries()) assert.ok(Math.abs(left - 3 * (i + 2)) < 1e-9);
  });

  it("stay within the picture and keep a pixel, wherever they were found", () => {
    assert.deepEqual(padded(edges([-20.7, -3, 30.9, 50]), [0, 10, 0, 0], 40, 45), edges([0, 0, 30, 45]));
    assert.deepEqual(padded(edges([60, 70, 90, 99]), [5, 5, 5, 5], 40, 45), edges([39, 44, 40, 45]));
    assert.deepEqual(padded(edges([-9, -9, -5, -5]), [0, 0, 0, 0], 40, 45), edges([0, 0, 1, 1]));
  });

  it("are those of the nearest picture where the face is lost, and none where it never was there", () => {
    const lost = undefined;
    const found = nearestBoxes([lost, row(1), lost, lost, lost, row(5), lost]);
    assert.deepEqual(
      found?.map(({ left }) => left),
      [1, 1, 1, 1, 5, 5, 5],
    );
    assert.equal(nearestBoxes([lost, lost]), undefined);
    assert.equal(nearestBoxes([]), undefined);
  });
});
