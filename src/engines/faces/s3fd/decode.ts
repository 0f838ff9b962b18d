import { S3FD_LEVELS } from "../../../graphs/s3fd.ts";

/** A face that was found: its edges in pixels, which may lie outside the picture, and how sure that is, 0…1. */
export type DetectedFace = {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  readonly score: number;
};

/** What the network says at one scale: `score` [height, width], `box` [4, height, width], of one picture. */
export type DetectionMap = {
  readonly width: number;
  readonly height: number;
  readonly score: Float32Array;
  readonly box: Float32Array;
};

/** Score from which a place is looked at, and from which it is a face, as the reference has them. */
const CANDIDATE_SCORE = 0.05;
const FACE_SCORE = 0.5;
/** Part of their union that two boxes of one face share. */
const MOST_OVERLAP = 0.3;
/** How far offsets and sizes are spread. */
const OFFSET_VARIANCE = 0.1;
const SIZE_VARIANCE = 0.2;

/** Every place of every scale where a face may be. */
export function candidates(maps: readonly DetectionMap[], leastScore = CANDIDATE_SCORE): DetectedFace[] {
  const found: DetectedFace[] = [];
  for (let level = 0; level < S3FD_LEVELS; level++) {
    const map = maps[level];
    if (!map) continue;
    const { width, height, score, box } = map;
    const places = width * height;
    const stride = 2 ** (level + 2);
    const prior = 4 * stride;
    for (let at = 0; at < places; at++) {
      const probability = score[at] as number;
      if (!(probability > leastScore)) continue;
      const x = stride / 2 + (at % width) * stride + (box[at] as number) * OFFSET_VARIANCE * prior;
      const y = stride / 2 + Math.floor(at / width) * stride + (box[at + places] as number) * OFFSET_VARIANCE * prior;
      const w = prior * Math.exp((box[at + 2 * places] as number) * SIZE_VARIANCE);
      const h = prior * Math.exp((box[at + 3 * places] as number) * SIZE_VARIANCE);
      found.push({ left: x - w / 2, top: y - h / 2, right: x + w / 2, bottom: y + h / 2, score: probability });
    }
  }
  return found;
}

/** Of boxes that lie over one another the surest one, surest first. Edges count as pixels of the box. */
export function suppressOverlaps(faces: readonly DetectedFace[], mostOverlap = MOST_OVERLAP): DetectedFace[] {
  const kept: DetectedFace[] = [];
  for (const face of faces.toSorted((a, b) => b.score - a.score)) {
    if (kept.every((other) => overlapOf(face, other) <= mostOverlap)) kept.push(face);
  }
  return kept;
}

/** The faces in one picture, surest first. */
export function facesOf(maps: readonly DetectionMap[]): DetectedFace[] {
  // What scores less than a face can neither be one nor hide a surer one.
  return suppressOverlaps(candidates(maps, FACE_SCORE));
}

const areaOf = ({ left, top, right, bottom }: DetectedFace): number => (right - left + 1) * (bottom - top + 1);

function overlapOf(a: DetectedFace, b: DetectedFace): number {
  const width = Math.max(0, Math.min(a.right, b.right) - Math.max(a.left, b.left) + 1);
  const height = Math.max(0, Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) + 1);
  const shared = width * height;
  return shared / (areaOf(a) + areaOf(b) - shared);
}
