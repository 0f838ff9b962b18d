import type { AvatarProfile } from "../../../library/avatar-profile.ts";
import { type Box, faceBox, type FaceMarks } from "../../../library/face-marks.ts";
import { type Aspect, frameSize, type LipsyncOptions } from "../lipsync-engine.ts";
import type { AvatarSheet } from "./avatar-sheet.ts";
import { compose } from "./composition.ts";
import { DESIGN } from "./layers.ts";
import { placePicture } from "./photo/placement.ts";

/** Where the face is in the frames that show somebody: left, top, width and height, in pixels of the frame. */
export type FaceView = {
  /** Of every picture that there is of them: one, or those of a video in their order. */
  readonly boxes: readonly Box[];
  /** Which of them a frame of the whole video shows. */
  readonly at: (frame: number) => number;
  /** Whether a caller said where the face is: then the box is theirs, to the pixel. */
  readonly exact: boolean;
};

/** Height of a face from the hairline to the chin, in distances from the nose's base to the chin. */
const THIRDS = 3;
/** What that may come to, against the face's outline: a beard or a turned head misleads. */
const LEAST_HEIGHT = 0.85;
const MOST_HEIGHT = 1.2;

/** The box that a detector of faces would give: from ear to ear and from the hairline to the chin. */
export function boxOfMarks(marks: FaceMarks): Box {
  const [left, top, width, height] = faceBox(marks);
  const thirds = THIRDS * Math.hypot(marks.chin[0] - marks.noseBase[0], marks.chin[1] - marks.noseBase[1]);
  const tall = Math.max(LEAST_HEIGHT * height, Math.min(MOST_HEIGHT * height, thirds));
  return [left, top + height - tall, width, tall];
}

/** Of a person who is drawn: the head moves less than the box has room. */
export function drawnView({ face, nose_base_y }: AvatarSheet, options: LipsyncOptions): FaceView {
  const [width, height] = frameSize(options.resolution, options.aspect);
  const { innerWidth, innerHeight, left, top } = compose(width, height, aspectOf(options));
  const [sx, sy] = [innerWidth / DESIGN.width, innerHeight / DESIGN.height];
  const tall = THIRDS * (face.chin_y - nose_base_y);
  const box: Box = [
    (face.cx - face.half_width) * sx - left,
    (face.chin_y - tall) * sy + top,
    2 * face.half_width * sx,
    tall * sy,
  ];
  return { boxes: [box], at: () => 0, exact: false };
}

/** Of a person whom a photo or a video shows: as a detector found the face, else by its marks. */
export function likenessView(profile: AvatarProfile, options: LipsyncOptions): FaceView {
  const [width, height] = frameSize(options.resolution, options.aspect);
  const { crop, target } = placePicture(profile, faceBox(profile.marks), width, height);
  const [sx, sy] = [target[2] / crop[2], target[3] / crop[3]];
  const boxes = (profile.faces?.boxes ?? markedBoxes(profile)).map(
    ([x, y, w, h]): Box => [(x - crop[0]) * sx + target[0], (y - crop[1]) * sy + target[1], w * sx, h * sy],
  );
  const exact = profile.faces?.found_by === "boxes";
  if (profile.kind === "photo") return { boxes, at: () => 0, exact };
  const last = profile.frames - 1;
  const step = profile.fps / options.fps;
  return {
    boxes,
    exact,
    at: (frame) => {
      // There and back again, as the video is played.
      const place = last === 0 ? 0 : Math.floor(frame * step + 1e-6) % (2 * last);
      return Math.min(boxes.length - 1, place <= last ? place : 2 * last - place);
    },
  };
}

function markedBoxes(profile: AvatarProfile): Box[] {
  const first = boxOfMarks(profile.marks);
  if (profile.kind === "photo") return [first];
  const [x, y] = [first[0] + first[2] / 2, first[1] + first[3] / 2];
  return profile.track.map(([a, b, c, d]): Box => {
    const size = Math.hypot(a, b);
    const [w, h] = [first[2] * size, first[3] * size];
    return [a * x - b * y + c - w / 2, b * x + a * y + d - h / 2, w, h];
  });
}

const aspectOf = ({ aspect = "16:9" }: LipsyncOptions): Aspect => aspect;
