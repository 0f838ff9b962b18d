import type { FastifyInstance } from "fastify";
import type { GpuMemoryReader } from "../../inference/gpu-memory.ts";
import type { JobRecord } from "../../jobs/job.ts";
import type { RouteParts } from "../route-parts.ts";
import { AVATAR_ROUTES } from "./descriptions.ts";
import { listSpeechEngines } from "./speech-choice.ts";

const MIB = 1024 * 1024;

/** `GET /api/v2/status`, `/api/tts_engines`, `/api/avatars` and `/api/queue_status`. */
export function statusRoutes(app: FastifyInstance, parts: RouteParts): void {
  const { services, jobs, routeJobs, config, profile, gpus } = parts;

  const avatarIds = async (): Promise<string[]> => {
    const ids = [];
    for (const engine of await services.engines.available("lipsync")) {
      for (const { id } of await engine.avatars()) ids.push(id);
    }
    return ids;
  };

  app.get("/api/v2/status", { config: { describe: AVATAR_ROUTES.status } }, async () => {
    const engines = await listSpeechEngines(parts);
    return {
      status: "ok",
      models_loaded: (await services.engines.available("lipsync")).length > 0,
      available_avatars: await avatarIds(),
      tts_engines: engines.filter(({ available }) => available).map(({ id }) => id),
    };
  });

  app.get("/api/tts_engines", { config: { describe: AVATAR_ROUTES.engines } }, async () => {
    const engines = await listSpeechEngines(parts);
    // The one answer of which the two documents' forms cannot be had at once.
    return profile === "interview-2025-01" ? { engines } : engines;
  });

  app.get("/api/avatars", { config: { describe: AVATAR_ROUTES.avatars } }, async () => {
    const avatars = (await avatarIds()).map((id) => {
      const size = /_(720p|480p|360p)$/.exec(id)?.[1] ?? "720p";
      return { id, name: id, path: `precomputed/${size}/${id}_precomputed.pkl` };
    });
    return { avatars };
  });

  app.get("/api/queue_status", { config: { describe: AVATAR_ROUTES.queue } }, async (request) => {
    const { underWay, waiting } = jobs.queue();
    const item = ({ id, startedAt }: JobRecord): object => {
      const owner = routeJobs.owner(id);
      // The name by which a job can be cancelled is its caller's own affair.
      const shown = owner !== undefined && (config.apiKey !== "" || owner.address === request.ip);
      return {
        request_id: id,
        sid: shown ? owner.sid : null,
        started_at: startedAt === null ? null : startedAt / 1000,
      };
    };
    return {
      queue_size: waiting.length,
      is_processing: underWay.length > 0,
      gpu: await firstGpu(gpus),
      queue_length: waiting.length,
      processing_count: underWay.length,
      max_concurrent: config.concurrency,
      processing: underWay.map(item),
      queue: waiting.map(item),
    };
  });
}

/** The first GPU as document 000 describes one; null where there is none. */
async function firstGpu(gpus: GpuMemoryReader): Promise<object | null> {
  const [gpu] = await gpus.read();
  if (!gpu) return null;
  const total = Math.round(gpu.totalBytes / MIB);
  const used = Math.round(gpu.usedBytes / MIB);
  return {
    memory_total_mb: total,
    memory_used_mb: used,
    memory_free_mb: Math.max(0, total - used),
    utilization_percent: gpu.utilizationPercent ?? null,
  };
}
