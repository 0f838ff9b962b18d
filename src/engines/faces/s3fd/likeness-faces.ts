import { join } from "node:path";
import { AppError } from "../../../errors.ts";
import type { AvatarProfile, Likeness } from "../../../library/avatar-profile.ts";
import { type Box, faceBox } from "../../../library/face-marks.ts";
import type { Binaries } from "../../../media/binaries.ts";
import { clipFrames } from "../../../media/clip.ts";
import type { DetectedFace } from "./decode.ts";
import { nearestBoxes } from "./face-boxes.ts";
import type { S3fdDetector } from "./s3fd-detector.ts";

/** Longest side, in pixels, of what the detector is shown: it finds faces of 16 of them. */
const SHOWN = 640;
/** On a processor a picture costs a second: one in so many of a video is looked at, and the face between is between. */
const SELDOM = 5;
/** Part of their union that a face shares with the one that is known, to be taken for it. */
const SAME = 0.2;

export type FindOptions = {
  readonly binaries: () => Promise<Binaries>;
  readonly signal: AbortSignal;
  /** Looks at the picture at one part in so many of its size; default 1. */
  readonly resizeFactor?: number;
  /** Called with the share of the pictures that were looked at. */
  readonly progress?: (share: number) => void;
};

/**
 * Where the face is in a photo, or in every picture of a video: [left, top, width, height] in pixels. Of several faces
 * that one is followed which the profile says; where it is lost it stays where it was found nearest.
 * @returns undefined where the detector finds none at all
 * @throws AppError `cancelled`, `media_failed`, `engine_failed`
 */
export async function findLikenessFaces(
  { folder, profile }: Likeness,
  detector: S3fdDetector,
  options: FindOptions,
): Promise<NonNullable<AvatarProfile["faces"]> | undefined> {
  const { resizeFactor = 1, signal } = options;
  const scale = Math.min(1 / resizeFactor, SHOWN / Math.max(profile.width, profile.height));
  const width = Math.max(16, Math.round(profile.width * Math.min(1, scale)));
  const height = Math.max(16, Math.round(profile.height * Math.min(1, scale)));
  const [across, down] = [profile.width / width, profile.height / height];
  const step = profile.kind === "photo" || detector.fast ? 1 : SELDOM;
  const known = faceBox(profile.marks);
  const looked: (Box | undefined)[] = [];
  let held: Uint8Array[] = [];
  const look = async (): Promise<void> => {
    for (const faces of await detector.detect({ width, height, data: held }, signal)) {
      const scaled = faces.map((face) => boxOf(face, across, down));
      looked.push(choose(scaled, placed(known, profile, looked.length * step)));
    }
    held = [];
    options.progress?.(Math.min(1, (looked.length * step) / framesOf(profile)));
  };
  for await (const picture of picturesOf(folder, profile, step, width, height, options)) {
    held.push(picture);
    if (held.length === detector.batch) await look();
  }
  if (held.length > 0) await look();
  const everywhere = nearestBoxes(looked.map((box) => box && edgesOf(box)));
  if (!everywhere) return undefined;
  const boxes = Array.from({ length: framesOf(profile) }, (_, frame): [number, number, number, number] => {
    const at = Math.min(everywhere.length - 1, frame / step);
    const before = everywhere[Math.floor(at)];
    const after = everywhere[Math.ceil(at)];
    if (!before || !after) throw new AppError("engine_failed", "The avatar's video has no picture.");
    const mean = (edge: keyof typeof before): number => before[edge] + (at % 1) * (after[edge] - before[edge]);
    const [left, top] = [mean("left"), mean("top")];
    return [tenths(left), tenths(top), tenths(mean("right") - left), tenths(mean("bottom") - top)];
  });
  return { found_by: "s3fd", boxes };
}

const framesOf = (profile: AvatarProfile): number => (profile.kind === "photo" ? 1 : profile.frames);
const tenths = (value: number): number => Math.round(value * 10) / 10;
const edgesOf = ([left, top, w, h]: Box) => ({ left, top, right: left + w, bottom: top + h });
const boxOf = ({ left, top, right, bottom }: DetectedFace, across: number, down: number): Box => [
  left * across,
  top * down,
  (right - left) * across,
  (bottom - top) * down,
];

/** The pictures that are looked at, [height, width, 3] red, green, blue. */
async function* picturesOf(
  folder: string,
  profile: AvatarProfile,
  step: number,
  width: number,
  height: number,
  { binaries, signal }: FindOptions,
): AsyncGenerator<Uint8Array, void> {
  if (profile.kind === "photo") {
    const { default: sharp } = await import("sharp");
    yield await sharp(join(folder, profile.picture))
      .resize(width, height, { fit: "fill" })
      .removeAlpha()
      .toColourspace("srgb")
      .raw()
      .toBuffer();
    return;
  }
  const some = step === 1 ? "" : `select=not(mod(n\\,${step})),`;
  const options = { binaries: await binaries(), filter: `${some}scale=${width}:${height}`, width, height, signal };
  yield* clipFrames(join(folder, profile.video), { ...options, layout: "rgb" });
}

/** Where the face that is known lies in a picture of a video. */
function placed(known: Box, profile: AvatarProfile, frame: number): Box {
  const place = profile.kind === "video" ? profile.track[Math.min(frame, profile.track.length - 1)] : undefined;
  if (!place) return known;
  const [a, b, c, d] = place;
  const [x, y] = [known[0] + known[2] / 2, known[1] + known[3] / 2];
  const size = Math.hypot(a, b);
  const [w, h] = [known[2] * size, known[3] * size];
  return [a * x - b * y + c - w / 2, b * x + a * y + d - h / 2, w, h];
}

/** The face that is known, where one is found there; else the surest. */
function choose(faces: readonly Box[], known: Box): Box | undefined {
  const rated = faces.map((face) => ({ face, shared: shared(face, known) })).filter((each) => each.shared > SAME);
  return rated.toSorted((a, b) => b.shared - a.shared)[0]?.face ?? faces[0];
}

/** What two boxes share, as a part of what both cover. */
function shared(a: Box, b: Box): number {
  const width = Math.min(a[0] + a[2], b[0] + b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[1] + a[3], b[1] + b[3]) - Math.max(a[1], b[1]);
  if (width <= 0 || height <= 0) return 0;
  return (width * height) / (a[2] * a[3] + b[2] * b[3] - width * height);
}
