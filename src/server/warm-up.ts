import { run } from "../../handler/index.ts";
import type { Services } from "../../handler/services.ts";
import type { AvatarInfo, LipsyncEngine } from "../engines/lipsync/lipsync-engine.ts";
import { toAppError } from "../errors.ts";
import { chooseAvatar } from "../pipelines/avatar-choice.ts";

/**
 * Has the default engines do a little work, so that the first job does not wait for them to load: a word is spoken, and
 * the avatars are looked up.
 * @throws AppError as the engines do; `engine_unavailable` where one is missing
 */
export async function warmUp(services: Services, signal: AbortSignal): Promise<void> {
  const preloaded = services.preloads.load(services.config.preload, signal);
  const silent = { ...services, log: services.log.child({ warm_up: true }) };
  const speech = await services.engines.choose("speech", "auto");
  // A service elsewhere is ready as it is, and a word spoken there is charged for.
  if (speech.info.embedded)
    await run(
      { operation: "tts", params: { text: "ok" }, output: { delivery: "inline" } },
      { services: silent, signal },
    );
  const engine = await services.engines.choose("lipsync", "auto");
  await prepareChunkAvatar(services, engine, await engine.avatars());
  await preloaded;
}

/** Gets whom the chunk API shows ready to be drawn. A name that nobody has is told, and keeps no other job from running. */
async function prepareChunkAvatar(
  { config, log }: Services,
  engine: LipsyncEngine,
  avatars: readonly AvatarInfo[],
): Promise<void> {
  try {
    const { person } = chooseAvatar(config.chunkAvatar, avatars);
    await engine.prepare?.(person, "480p");
  } catch (error) {
    const { code, message } = toAppError(error);
    log.warn({ code }, `TALKBOX_CHUNK_AVATAR cannot be prepared: ${message}`);
  }
}
