import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { LipsyncEngine } from "../engines/lipsync/lipsync-engine.ts";
import { AppError } from "../errors.ts";
import type { AvatarProfile } from "../library/avatar-profile.ts";
import type { Box } from "../library/face-marks.ts";
import { fetchInput } from "./fetch-input.ts";
import type { PipelineContext } from "./pipeline.ts";

/** A photo or a video that a caller brings: base64 or a URL, and where the face is if they say. */
export type BroughtAvatar = {
  readonly kind: "photo" | "video";
  readonly source: string;
  readonly face?: Box;
  readonly mouth?: Box;
  /** Faces are looked for in a picture that is smaller by this factor. */
  readonly resizeFactor?: number;
};

/** An engine that makes avatars of photos. */
export type AdoptingEngine = LipsyncEngine & Required<Pick<LipsyncEngine, "adopt">>;

/** Whether an engine makes avatars of photos. */
export const adopts = (engine: LipsyncEngine): engine is AdoptingEngine => engine.adopt !== undefined;

/**
 * The best available engine that makes avatars of photos.
 * @throws AppError `engine_unavailable`
 */
export async function adoptingEngine({ engines }: PipelineContext): Promise<AdoptingEngine> {
  const engine = (await engines.available("lipsync")).find(adopts);
  if (engine) return engine;
  throw new AppError("engine_unavailable", "No lip-sync engine here can animate a photo. See `list_engines`.");
}

/**
 * Makes an avatar of what a caller brings, in a folder of the job's.
 * @throws AppError as `fetchInput` and `LipsyncEngine.adopt` do
 */
export async function adoptAvatar(
  brought: BroughtAvatar,
  engine: AdoptingEngine,
  context: PipelineContext,
): Promise<{ readonly folder: string; readonly profile: AvatarProfile }> {
  const { kind, source, face, mouth, resizeFactor } = brought;
  const dir = await context.tempDir();
  const path = join(dir, "avatar-source");
  const folder = join(dir, "avatar");
  await mkdir(folder);
  context.emit({ type: "status", stage: "avatar", message: "아바타 준비 중..." });
  await fetchInput(source, path, { kind: "picture" }, context);
  const profile = await context.clock.time("avatar", () =>
    engine.adopt({ path, kind, face, mouth, resizeFactor }, folder, context.signal),
  );
  await rm(path, { force: true });
  return { folder, profile };
}
