import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import sharp, { type Sharp } from "sharp";
import type { FaceFinder, RgbPicture } from "../../src/engines/faces/face-finder.ts";
import { meshFinder } from "../../src/engines/faces/mesh/mesh-finder.ts";
import { planesOf } from "../../src/engines/lipsync/rig/frame-planes.ts";
import { toVector } from "../../src/engines/lipsync/rig/mouth-parameters.ts";
import { findMarks } from "../../src/engines/lipsync/rig/photo/find-marks.ts";
import { settleLips } from "../../src/engines/lipsync/rig/photo/lip-line.ts";
import { loadPhotoFrame } from "../../src/engines/lipsync/rig/photo/photo-frame.ts";
import { PhotoRenderer } from "../../src/engines/lipsync/rig/photo/photo-renderer.ts";
import { restPose } from "../../src/engines/lipsync/rig/pose.ts";
import { createCanvas } from "../../src/engines/lipsync/rig/canvas.ts";
import { VISEMES } from "../../src/engines/lipsync/rig/viseme-table.ts";
import { AppError } from "../../src/errors.ts";
import { type Box, faceBox, mapMarks, type Point } from "../../src/library/face-marks.ts";
import { toRgb } from "../rig/i420.ts";
import { ASTRONAUT, MARKS, prepareAstronaut, scratchFolder } from "./astronaut.ts";

const signal = new AbortController().signal;
const { available } = await meshFinder.availability();
const needsFinder = available ? {} : { skip: "the optional package @vladmandic/human is not installed" };

/** A finder of a machine that has none. */
const nobody: FaceFinder = {
  id: "nobody",
  availability: async () => ({ available: false, reason: "There is none.", remedy: "Give a box." }),
  open: async () => {
    throw new AppError("engine_unavailable", "There is none.");
  },
};

async function pictureOf(image: Sharp): Promise<RgbPicture> {
  const { data, info } = await image.removeAlpha().toColourspace("srgb").raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data };
}

const astronaut = await pictureOf(sharp(ASTRONAUT));
const far = (a: Point, b: Point): number => Math.hypot(a[0] - b[0], a[1] - b[1]);
const FACE: Box = [162, 78, 112, 100];
const MOUTH: Box = [201, 138, 45, 17];

test("finds the face of a photograph, and its lips to a pixel", needsFinder, async () => {
  const { marks, foundBy } = await findMarks(astronaut, {}, meshFinder, signal);
  assert.equal(foundBy, "mesh");
  assert.equal(marks.eyes.length, 2);
  for (const part of ["outerUpper", "innerUpper", "innerLower", "outerLower"] as const) {
    for (const [i, point] of marks[part].entries()) {
      assert.ok(far(point, MARKS[part][i] as Point) < 1.5, `${part} ${i}`);
    }
  }
});

test("finds a small face in a large picture", needsFinder, async () => {
  const width = 1600;
  const data = new Uint8Array(width * 1000 * 3).fill(120);
  for (let y = 0; y < 512; y++) {
    data.set(astronaut.data.subarray(y * 512 * 3, (y + 1) * 512 * 3), ((y + 450) * width + 1050) * 3);
  }
  const { marks } = await findMarks({ width, height: 1000, data }, {}, meshFinder, signal);
  assert.ok(far(marks.chin, [MARKS.chin[0] + 1050, MARKS.chin[1] + 450]) < 4);
});

test("a picture without a face is refused, with a word on boxes", needsFinder, async () => {
  const drawing = Buffer.from(
    '<svg width="320" height="240"><rect width="320" height="240" fill="#e8d9b5"/><circle cx="90" cy="120" r="60" fill="#7a4a22"/><path d="M160 200 L300 200 L230 60 Z" fill="#345"/></svg>',
  );
  await assert.rejects(findMarks(await pictureOf(sharp(drawing)), {}, meshFinder, signal), (error) => {
    assert.ok(error instanceof AppError);
    assert.equal(error.code, "invalid_input");
    assert.match(error.message, /face_box.*mouth_box/s);
    return true;
  });
});

test("a search is cancelled at once, and the thread is gone", needsFinder, async () => {
  const stop = new AbortController();
  const search = findMarks(astronaut, {}, meshFinder, stop.signal);
  setTimeout(() => stop.abort(), 120);
  const began = performance.now();
  await assert.rejects(search, { code: "cancelled" });
  assert.ok(performance.now() - began < 1500);
});

test("without a finder the caller's boxes are enough, and nothing else is", async () => {
  const byFace = await findMarks(astronaut, { face: FACE }, nobody, signal);
  assert.equal(byFace.foundBy, "boxes");
  assert.ok(far(byFace.marks.chin, MARKS.chin) < 12);
  const byMouth = await findMarks(astronaut, { mouth: MOUTH }, nobody, signal);
  const lips = [...byMouth.marks.outerUpper, ...byMouth.marks.outerLower];
  assert.ok(far(lips[0] as Point, MARKS.outerUpper[0] as Point) < 6);
  const { marks } = await findMarks(astronaut, { face: FACE, mouth: MOUTH }, nobody, signal);
  const [left, , width] = faceBox(marks);
  assert.ok(Math.abs(left - FACE[0]) < 3 && Math.abs(width - FACE[2]) < 5);
  assert.ok(marks.noseBase[1] < MOUTH[1] && marks.chin[1] > MOUTH[1] + MOUTH[3]);
  await assert.rejects(findMarks(astronaut, {}, nobody, signal), { code: "engine_unavailable" });
});

test("boxes that make no sense are refused, each with its name", async () => {
  const cases: readonly (readonly [object, RegExp])[] = [
    [{ face: [500, 100, 80, 80] }, /face_box.*outside.*512x512/],
    [{ face: [10, 10, 8, 8] }, /face_box.*8x8/],
    [{ mouth: [10, 510, 60, 20] }, /mouth_box.*outside/],
  ];
  for (const [boxes, message] of cases) {
    await assert.rejects(findMarks(astronaut, boxes, nobody, signal), (error) => {
      assert.ok(error instanceof AppError && error.code === "invalid_input");
      assert.match(error.message, message);
      assert.equal(error.violations?.length, 1);
      return true;
    });
  }
});

test("lips that are apart stay so; shut ones are laid together, whatever the finder saw", async () => {
  assert.deepEqual(settleLips(astronaut, MARKS), MARKS);
  // The same face with its lips shut, as the engine draws it, and marks as a finder gives them that expects a smile.
  await using scratch = await scratchFolder();
  const profile = await prepareAstronaut(scratch.path);
  const file = join(scratch.path, "picture.png");
  const photo = await loadPhotoFrame(file, profile, profile.marks, 1280, 720);
  const frame = new Uint8Array(1280 * 720 * 1.5);
  const look = {
    pose: restPose(),
    eyes: { gazeX: 0, gazeY: 0, shut: 0 },
    breath: 0,
    mouth: toVector(VISEMES.rest.target),
  };
  new PhotoRenderer(photo).draw(createCanvas(planesOf(frame, 1280, 720)), look, false);
  const shut = { width: 1280, height: 720, data: toRgb(frame, 1280, 720) };
  const seen = mapMarks(photo.marks, ([x, y]) => [x + 0.5, y + 0.5]);
  const settled = settleLips(shut, seen);
  for (const [i, [x, y]] of settled.innerUpper.entries()) {
    assert.deepEqual(settled.innerLower[i], [x, y], "no gap is left");
    assert.ok(y >= (seen.outerUpper[i] as Point)[1] && y <= (seen.outerLower[i] as Point)[1], `place ${i}`);
  }
});
