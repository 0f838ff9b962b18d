import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { scalePicture } from "../../src/engines/lipsync/wav2lip/bilinear.ts";
import { FaceCropper } from "../../src/engines/lipsync/wav2lip/face-crop.ts";
import { mouthMask } from "../../src/engines/lipsync/wav2lip/mouth-mask.ts";
import { MouthPaster } from "../../src/engines/lipsync/wav2lip/mouth-paste.ts";
import { frameBytes, planesOf } from "../../src/engines/lipsync/rig/frame-planes.ts";
import { toPlanes } from "../../src/engines/lipsync/rig/rgb-planes.ts";
import { lowerFrom } from "../../src/graphs/wav2lip.ts";
import { goldenBytes, goldens, stripes } from "./goldens.ts";

const SIZE = 96;

/** A frame of one colour. */
function plain(width: number, height: number, [r, g, b]: readonly [number, number, number]) {
  const rgb = new Uint8Array(width * height * 3);
  for (let i = 0; i < rgb.length; i += 3) rgb.set([r, g, b], i);
  return toPlanes(rgb, width, height);
}

describe("the face that is cut out", () => {
  it("is scaled as OpenCV scales it, within a level", () => {
    const { width, height, coords } = goldens.clip;
    const golden = goldenBytes("crops");
    for (const [i, [top, bottom, left, right]] of coords.slice(0, 2).entries()) {
      const frame = stripes(height, width, i);
      const [w, h] = [right - left, bottom - top];
      const data = new Uint8Array(w * h * 3);
      for (let y = 0; y < h; y++) {
        const from = 3 * ((top + y) * width + left);
        data.set(frame.subarray(from, from + 3 * w), 3 * y * w);
      }
      const made = new Uint8Array(SIZE * SIZE * 3);
      scalePicture({ data, width: w, height: h }, SIZE, SIZE, made);
      const wanted = golden.subarray(i * made.length, (i + 1) * made.length);
      assert.ok(made.every((value, at) => Math.abs(value - (wanted[at] as number)) <= 1));
    }
  });

  it("has the frame's colours, blue first, whatever the parity of its edges", () => {
    for (const colour of [
      [200, 120, 30],
      [20, 90, 240],
      [255, 255, 255],
      [0, 0, 0],
    ] as const) {
      const frame = plain(65, 47, colour);
      for (const [left, top] of [
        [0, 0],
        [3, 5],
        [10, 7],
      ] as const) {
        const made = new FaceCropper(SIZE).crop(frame, { left, top, right: 65, bottom: 47 });
        for (let i = 0; i < made.length; i++) {
          assert.ok(Math.abs((made[i] as number) - (colour[2 - (i % 3)] as number)) <= 3);
        }
      }
    }
  });
});

describe("the mouth that is laid over it", () => {
  const box = { left: 41, top: 23, right: 141, bottom: 146 };
  const lower = lowerFrom(SIZE) * SIZE * 3;
  const picture = new Uint8Array(SIZE * SIZE * 3 - lower);
  for (let i = 0; i < picture.length; i += 3) picture.set([40, 90, 220], i);

  it("leaves all that is not lower face as it was, to the bit", () => {
    const frame = toPlanes(stripes(180, 200, 3), 200, 180);
    const before = { y: frame.y.slice(), u: frame.u.slice(), v: frame.v.slice() };
    new MouthPaster(SIZE, mouthMask(SIZE)).paste(frame, box, picture);
    let changed = 0;
    for (let row = 0; row < 180; row++) {
      for (let x = 0; x < 200; x++) {
        const at = row * 200 + x;
        if (frame.y[at] === before.y[at]) continue;
        changed++;
        const inside =
          x >= box.left && x < box.right && row >= box.top + 0.45 * (box.bottom - box.top) && row < box.bottom;
        assert.ok(inside, `pixel ${x}, ${row}`);
      }
    }
    assert.ok(changed > 0.3 * 100 * 123);
    for (let row = 0; row < 90; row++) {
      for (let x = 0; x < 100; x++) {
        const at = row * 100 + x;
        if (frame.u[at] === before.u[at] && frame.v[at] === before.v[at]) continue;
        assert.ok(
          2 * x >= box.left - 1 && 2 * x < box.right && 2 * row >= box.top + 0.42 * 123 && 2 * row < box.bottom,
        );
      }
    }
  });

  it("shows no edge: from a pixel to the next it changes little, and the pasted square of the reference much", () => {
    const steps = (mask: Float32Array, from = lowerFrom(SIZE)): number => {
      const frame = plain(200, 180, [90, 90, 90]);
      const shown = new Uint8Array(3 * SIZE * (SIZE - from)).map((_, i) => [40, 90, 220][i % 3] as number);
      new MouthPaster(SIZE, mask, from).paste(frame, box, shown);
      let most = 0;
      for (let at = 200; at < 200 * 180; at++) {
        const here = frame.y[at] as number;
        if (at % 200 > 0) most = Math.max(most, Math.abs(here - (frame.y[at - 1] as number)));
        most = Math.max(most, Math.abs(here - (frame.y[at - 200] as number)));
      }
      return most;
    };
    const whole = steps(new Float32Array(SIZE * SIZE).fill(1), 0);
    const soft = steps(mouthMask(SIZE));
    assert.ok(whole >= 20 && soft <= whole / 3, `${soft} against ${whole}`);
  });

  it("is the network's picture, to the level, where the mask says so", () => {
    const frame = plain(200, 180, [0, 0, 0]);
    new MouthPaster(SIZE, mouthMask(SIZE)).paste(frame, box, picture);
    const wanted = plain(200, 180, [220, 90, 40]);
    const at = 120 * 200 + 91;
    assert.ok(Math.abs((frame.y[at] as number) - (wanted.y[at] as number)) <= 1);
    const half = 60 * 100 + 45;
    assert.ok(Math.abs((frame.u[half] as number) - (wanted.u[half] as number)) <= 1);
    assert.ok(Math.abs((frame.v[half] as number) - (wanted.v[half] as number)) <= 1);
  });

  it("takes boxes of a few pixels, and boxes as large as the frame", () => {
    for (const edge of [1, 2, 5]) {
      const frame = planesOf(new Uint8Array(frameBytes(31, 17)), 31, 17);
      new MouthPaster(SIZE, mouthMask(SIZE)).paste(
        frame,
        { left: 7, top: 3, right: 7 + edge, bottom: 3 + edge },
        picture,
      );
      new MouthPaster(SIZE, mouthMask(SIZE)).paste(frame, { left: 0, top: 0, right: 31, bottom: 17 }, picture);
    }
  });
});
