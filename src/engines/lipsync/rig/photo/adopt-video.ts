import { join } from "node:path";
import { AppError } from "../../../../errors.ts";
import { type AvatarProfile, writeProfile } from "../../../../library/avatar-profile.ts";
import { type Box, faceBox, type FaceMarks, mapMarks } from "../../../../library/face-marks.ts";
import { MAX_AVATAR_VIDEO_SECONDS, MAX_AVATAR_VIDEO_SIDE } from "../../../../limits/inputs.ts";
import type { Binaries } from "../../../../media/binaries.ts";
import { type Clip, CLIP_FPS, clipFrames, makeClip } from "../../../../media/clip.ts";
import { probe } from "../../../../media/probe.ts";
import type { FaceFinder } from "../../../faces/face-finder.ts";
import { IDENTITY, type Similarity } from "./axes.ts";
import { FaceTracker } from "./face-tracker.ts";
import { type Boxes, findMarks } from "./find-marks.ts";

/** Width of the face, in pixels, at which it is followed. */
const FOLLOWED = 140;

/**
 * Makes an avatar's folder of a video: an upright clip without sound, and a profile that says where the face is in its
 * first picture and how it moves.
 * @throws AppError as `makeClip` and `findMarks` do
 */
export async function adoptVideo(
  path: string,
  boxes: Boxes,
  folder: string,
  finder: FaceFinder,
  binaries: Binaries,
  signal: AbortSignal,
): Promise<AvatarProfile> {
  const video = "video.mp4";
  const target = join(folder, video);
  const limits = { maxSeconds: MAX_AVATAR_VIDEO_SECONDS, maxSide: MAX_AVATAR_VIDEO_SIDE };
  const clip = await makeClip(path, target, { binaries, ...limits, signal });
  const { width, height, frames } = clip;
  const { marks, foundBy } = await findMarks(
    await firstPicture(target, clip, binaries, signal),
    await scaledBoxes(path, boxes, clip, binaries, signal),
    finder,
    signal,
  );
  const track = smoothed(await follow(target, clip, marks, binaries, signal));
  const profile: AvatarProfile = {
    version: 1,
    kind: "video",
    description: "A video",
    video,
    fps: CLIP_FPS,
    frames,
    track: track.map(([a, b, c, d]) => [rounded(a, 1e6), rounded(b, 1e6), rounded(c, 1e3), rounded(d, 1e3)]),
    width,
    height,
    marks,
    found_by: foundBy,
  };
  await writeProfile(folder, profile);
  return profile;
}

const rounded = (value: number, steps: number): number => Math.round(value * steps) / steps;

/** The caller's boxes are in pixels of the upright video, which may have been larger than the clip. */
async function scaledBoxes(
  path: string,
  boxes: Boxes,
  clip: Clip,
  binaries: Binaries,
  signal: AbortSignal,
): Promise<Boxes> {
  if (!boxes.face && !boxes.mouth) return boxes;
  const { video } = await probe(path, { ffprobe: binaries.ffprobe, signal });
  const scale = Math.max(clip.width, clip.height) / Math.max(video?.width ?? 1, video?.height ?? 1);
  const scaled = (box: Box | undefined): Box | undefined =>
    box && [box[0] * scale, box[1] * scale, box[2] * scale, box[3] * scale];
  return { face: scaled(boxes.face), mouth: scaled(boxes.mouth) };
}

async function firstPicture(path: string, { width, height }: Clip, binaries: Binaries, signal: AbortSignal) {
  for await (const data of clipFrames(path, { binaries, count: 1, filter: "", width, height, layout: "rgb", signal })) {
    return { width, height, data };
  }
  throw new AppError("invalid_input", "There is no picture in the video. Send MP4 or WebM.");
}

/** How the face lies in every picture against the first, pixels of the clip. */
async function follow(
  path: string,
  clip: Clip,
  marks: FaceMarks,
  binaries: Binaries,
  signal: AbortSignal,
): Promise<readonly Similarity[]> {
  const scale = Math.min(1, FOLLOWED / faceBox(marks)[2]);
  const width = Math.max(16, 2 * Math.round((clip.width * scale) / 2));
  const height = Math.max(16, 2 * Math.round((clip.height * scale) / 2));
  const [sx, sy] = [width / clip.width, height / clip.height];
  const options = { binaries, filter: `scale=${width}:${height}`, width, height, layout: "gray", signal } as const;
  const track: Similarity[] = [];
  let tracker: FaceTracker | undefined;
  for await (const data of clipFrames(path, options)) {
    const picture = { width, height, data };
    if (!tracker) {
      tracker = new FaceTracker(
        picture,
        mapMarks(marks, ([x, y]) => [x * sx - 0.5, y * sy - 0.5]),
      );
      track.push(IDENTITY);
      continue;
    }
    const [a, b, c, d] = tracker.follow(picture).place;
    // From small pixels, counted from the first one's middle, to the clip's, counted from its edge.
    track.push([a, b, (c + 0.5 - 0.5 * (a - b)) / sx, (d + 0.5 - 0.5 * (a + b)) / sy]);
  }
  return track;
}

/** Takes the tremble out: each with its neighbours, 1 2 1. */
function smoothed(track: readonly Similarity[]): readonly Similarity[] {
  return track.map((middle, i) => {
    const before = track[i - 1];
    const after = track[i + 1];
    if (!before || !after) return middle;
    const mean = (k: 0 | 1 | 2 | 3): number => (before[k] + 2 * middle[k] + after[k]) / 4;
    return [mean(0), mean(1), mean(2), mean(3)];
  });
}
