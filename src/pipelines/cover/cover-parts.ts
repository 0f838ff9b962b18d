import type { EncodedAudio } from "../../media/encode-audio.ts";
import type { PipelineContext } from "../pipeline.ts";
import { type CoverFile, makeCover } from "./cover.ts";
import type { CoverRequest, CoverTrack } from "./cover-request.ts";
import { TrackFiles, type TrackFormat } from "./track-files.ts";

/** What the tracks of a mix are called as files. */
export const TRACK_NAMES = { main: "sung", backup: "backing", instrument: "instrumental" } as const;

export type TrackName = (typeof TRACK_NAMES)[CoverTrack];

/** What can be asked for of a cover of separate stems: its tracks, or all of them. */
export const TRACK_CHOICES = ["sung", "backing", "instrumental", "tracks"] as const;

/** A cover, and those of its tracks that were wanted. */
export type CoverParts = {
  readonly cover: CoverFile;
  readonly tracks: ReadonlyMap<CoverTrack, EncodedAudio>;
};

/**
 * Makes a cover and writes tracks of it while they go into the mix, before their levels.
 * @param wanted others are not written
 * @throws AppError as `makeCover`
 */
export async function coverWithParts(
  request: Omit<CoverRequest, "tap">,
  wanted: ReadonlySet<TrackName>,
  format: TrackFormat,
  context: PipelineContext,
): Promise<CoverParts> {
  const names = (Object.entries(TRACK_NAMES) as [CoverTrack, TrackName][]).filter(([, name]) => wanted.has(name));
  const files = new TrackFiles(new Map(names), format, await context.tempDir(), context);
  let cover: CoverFile;
  try {
    cover = await makeCover({ ...request, tap: (track, sound, rate) => files.tap(track, sound, rate) }, context);
  } catch (error) {
    await files.fail(error);
    throw error;
  }
  return { cover, tracks: await files.finish() };
}

/** The tracks of a cover that were asked for by name or as `tracks`. @param backed whether it has backing vocals */
export function wantedTracks(
  asked: readonly (typeof TRACK_CHOICES)[number][],
  backed: boolean,
): ReadonlySet<TrackName> {
  const all = Object.values(TRACK_NAMES).filter((name) => name !== "backing" || backed);
  return new Set(all.filter((name) => asked.includes("tracks") || asked.includes(name)));
}
