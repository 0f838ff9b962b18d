import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { AppError } from "../../errors.ts";
import { MAX_AVATAR_BODY_BYTES } from "../../limits/server.ts";
import { TempDir } from "../../media/temp.ts";
import type { ArtifactStore } from "../../storage/artifact-store.ts";
import type { RouteParts } from "../route-parts.ts";
import { findStored, sendStored } from "../files.ts";
import { readLegacyBody } from "../legacy-body.ts";
import { MESSAGES } from "../messages.ts";
import type { RouteDescription } from "../openapi/description.ts";
import { AvatarLog } from "./avatar-log.ts";
import { AVATAR_ROUTES } from "./descriptions.ts";
import { AUDIO_FOLDERS, checkedName, nameInUrl, VIDEO_FOLDERS, videoPath, videoUrl } from "./links.ts";
import { saveFields } from "./lipsync-fields.ts";

/** `GET /video/{name}`, `GET /assets/{path}` and `POST /api/video/save`. */
export function videoRoutes(app: FastifyInstance, parts: RouteParts): void {
  const log = new AvatarLog(parts);
  const open = (describe: RouteDescription) => ({ config: { open: true, describe }, exposeHeadRoute: true });

  app.get("/video/:name", open(AVATAR_ROUTES.video), async (request, reply) => {
    const name = checkedName((request.params as { name: string }).name);
    if (name === undefined) throw notFound();
    checkSignature(request, parts, `video/${name}`);
    log.videoAsked(name);
    return sendFirst(request, reply, parts, videoKeys(name), (key) =>
      log.videoServed(videoPath(key), key.startsWith("saved/")),
    );
  });

  app.get("/assets/*", open(AVATAR_ROUTES.assets), async (request, reply) => {
    const path = (request.params as Record<string, string>)["*"] ?? "";
    const [, given = ""] = /^audio\/([^/]+)$/.exec(path) ?? [];
    const name = checkedName(given);
    if (name === undefined) throw notFound();
    checkSignature(request, parts, `assets/audio/${name}`);
    const keys = AUDIO_FOLDERS.map((folder) => `${folder}/${name}`);
    return sendFirst(request, reply, parts, keys, () => {});
  });

  const kept = { bodyLimit: MAX_AVATAR_BODY_BYTES, config: { describe: AVATAR_ROUTES.save } };
  app.post("/api/video/save", kept, async (request) => {
    const missing = { video_url: MESSAGES.avatar.videoUrlNeeded };
    const { video_url } = readLegacyBody(request, saveFields, { log: parts.log, missing });
    const name = nameInUrl(video_url);
    const key = name === undefined ? undefined : await save(name, parts);
    if (key === undefined) throw notFound();
    return { success: true, saved_url: videoUrl(key, parts), message: MESSAGES.avatar.saved };
  });
}

const videoKeys = (name: string): string[] => VIDEO_FOLDERS.map((folder) => `${folder}/${name}`);

/** Sends the first of some files that there is; one that lies in the bucket is read there. */
async function sendFirst(
  request: FastifyRequest,
  reply: FastifyReply,
  { files }: RouteParts,
  keys: readonly string[],
  onFound: (key: string) => void,
): Promise<FastifyReply> {
  const disk = await files.disk();
  for (const key of keys) {
    const file = await findStored(disk, key);
    if (file) {
      onFound(key);
      return sendStored(request, reply, file, disk);
    }
  }
  for (const key of files.bucket ? keys : []) {
    const elsewhere = files.bucket && (await findStored(files.bucket, key));
    if (elsewhere) {
      onFound(key);
      return reply.redirect(elsewhere.url, 302);
    }
  }
  throw notFound();
}

/** Copies a video to where it is kept for good, in the store where it is; answers its key there. */
async function save(name: string, { files, services }: RouteParts): Promise<string | undefined> {
  const [saved, ...others] = videoKeys(name);
  if (saved === undefined) return undefined;
  const stores = [await files.disk(), files.bucket].filter((store): store is ArtifactStore => store !== undefined);
  for (const store of stores) {
    if (await findStored(store, saved)) return saved;
    for (const key of others) {
      const file = await findStored(store, key);
      if (!file) continue;
      await using folder = await TempDir.create(services.tempRoot);
      const copy = folder.file("video");
      await pipeline(await store.open(key), createWriteStream(copy));
      await store.put(copy, { key: saved, mime: file.mime, ttlSeconds: null });
      return saved;
    }
  }
  return undefined;
}

function checkSignature(request: FastifyRequest, { access }: RouteParts, signed: string): void {
  access.checkSignature(request, signed, (request.query as Record<string, unknown>)["signature"]);
}

function notFound(): AppError {
  return new AppError("not_found", MESSAGES.avatar.fileNotFound);
}
