import type { FastifyInstance } from "fastify";
import type { Config } from "../../config.ts";
import { toAppError } from "../../errors.ts";
import { TTL_SECONDS } from "../../limits/jobs.ts";
import type { JobResult } from "../../../handler/index.ts";
import type { ArtifactStore } from "../../storage/artifact-store.ts";
import type { RouteParts } from "../route-parts.ts";
import { AvatarLog } from "./avatar-log.ts";

type StoreParts = Pick<RouteParts, "files" | "config" | "log">;

/** How the outputs of an avatar job are to be kept: as URLs, for VIDEO_CLEANUP_TTL. */
export function avatarOutput({ videoCleanup }: Config): { readonly delivery: "auto"; readonly ttl_seconds: number } {
  return { delivery: "auto", ttl_seconds: Math.max(TTL_SECONDS.min, videoCleanup.ttlSeconds) };
}

/** Gives the files of a job the life that no job may ask for: shorter than a minute, or for good without a clean-up. */
export async function settleLifetime({ artifacts }: JobResult, { files, config }: StoreParts): Promise<void> {
  const { enabled, ttlSeconds } = config.videoCleanup;
  if (enabled && ttlSeconds >= TTL_SECONDS.min) return;
  for (const { key, persistent, url } of artifacts) {
    if (persistent || url === undefined) continue;
    for (const store of [await files.disk(), files.bucket] as (ArtifactStore | undefined)[]) {
      // One of them has it; a file that is gone already needs no end.
      await store?.expire(key, enabled ? ttlSeconds : null).catch(() => undefined);
    }
  }
}

/** Deletes what has expired from the disk, every VIDEO_CLEANUP_INTERVAL seconds, while the server runs. */
export function startCleanup(app: FastifyInstance, parts: StoreParts): void {
  const { enabled, ttlSeconds, intervalSeconds } = parts.config.videoCleanup;
  if (!enabled) return;
  const log = new AvatarLog(parts);
  let sweeping: Promise<void> | undefined;
  const sweep = async (): Promise<void> => {
    try {
      const swept = await (await parts.files.disk()).sweep(Date.now());
      if (swept.length > 0) log.cleanedUp(swept.length);
    } catch (error) {
      parts.log.warn({ code: toAppError(error).code, err: error }, "clean-up failed");
    }
  };
  const timer = setInterval(() => {
    sweeping ??= sweep().finally(() => (sweeping = undefined));
  }, intervalSeconds * 1000).unref();
  app.addHook("onClose", async () => {
    clearInterval(timer);
    await sweeping;
  });
  log.cleanupStarted(ttlSeconds, intervalSeconds);
}
