import { lanesOf } from "../engines/engine.ts";
import type { LipsyncEngine, Resolution, StudiedAvatar } from "../engines/lipsync/lipsync-engine.ts";
import type { AvatarChoice } from "./avatar-choice.ts";
import { AVATAR_FPS } from "./avatar-video.ts";
import type { PipelineContext } from "./pipeline.ts";

/**
 * Does once what all videos of an avatar at a size need: finds the face, and has it ready for the network.
 * @returns undefined for an engine to which all that comes for nothing
 * @throws AppError as `LipsyncEngine.study` and `prepare` do
 */
export async function prepareAvatar(
  engine: LipsyncEngine,
  choice: AvatarChoice,
  resolution: Resolution,
  { clock, emit, lanes, signal }: PipelineContext,
): Promise<StudiedAvatar | undefined> {
  const { person, loop = "short" } = choice;
  emit({ type: "status", stage: "avatar", message: "아바타 준비 중..." });
  const onPreparing = (share: number): void =>
    emit({ type: "progress", progress: share / 2, stage: "avatar", stage_progress: share / 2 });
  const options = { avatar: `${person}_${loop}`, resolution, fps: AVATAR_FPS, frameSkip: 1, onPreparing } as const;
  const studied = await lanes.hold(lanesOf(engine), () =>
    clock.time("avatar", async () => {
      const found = await engine.study?.(options, signal);
      await engine.prepare?.(person, resolution);
      return found;
    }),
  );
  emit({ type: "progress", progress: 1, stage: "avatar", stage_progress: 1 });
  return studied;
}
