import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import { handler } from "../../handler/index.ts";
import { createServices, type Services } from "../../handler/services.ts";
import type { Config } from "../config.ts";
import { GpuMemoryReader } from "../inference/gpu-memory.ts";
import { SERVER_PATIENCE } from "../limits/server.ts";
import { JobStore } from "../jobs/job-store.ts";
import { Jobs } from "../jobs/jobs.ts";
import type { RunJob } from "../jobs/job-runner.ts";
import { addResourceMetrics } from "../jobs/resource-metrics.ts";
import type { Log } from "../log.ts";
import { OPERATIONS } from "../operations/index.ts";
import { Access } from "./access.ts";
import { AvatarLog } from "./avatar/avatar-log.ts";
import { filePath } from "./files.ts";
import { createApp } from "./http.ts";
import { Listeners } from "./listeners.ts";
import { listenerOptions, type Patience } from "./patience.ts";
import { Readiness } from "./readiness.ts";
import { RouteJobs } from "./route-job.ts";
import { SocketServer } from "./socket/socket-server.ts";
import { warmUp } from "./warm-up.ts";

export type ServerOptions = {
  readonly config: Config;
  readonly log: Log;
  /** 0 for any that is free. */
  readonly port: number;
  readonly host: string;
  /** More ports with the same routes: one for health checks, and others. */
  readonly healthPort?: number;
  readonly morePorts?: readonly number[];
  readonly version: string;
  /** The document that rules where those of the avatar API differ; default the configuration's. */
  readonly profile?: Config["profile"];
  /** Runs jobs; default the handler. */
  readonly run?: RunJob;
  /** Default true. */
  readonly warmsUp?: boolean;
  readonly webhookPausesMs?: readonly number[];
  /** Tells of the GPUs' memory; default the driver's own program. */
  readonly gpus?: GpuMemoryReader;
  /** Where it differs from the limits'. */
  readonly patience?: Partial<Patience>;
};

/** A server that listens. */
export type Server = {
  /** Without a slash at the end. */
  readonly url: string;
  /** The other ports'. */
  readonly moreUrls: readonly string[];
  readonly jobs: Jobs;
  readonly app: FastifyInstance;
  readonly services: Services;
  readonly readiness: Readiness;
  /** Jobs of an earlier run that go on in this one. */
  readonly takenUp: number;
  /** Takes no more jobs, waits for those under way, and ends; what has not ended by `drainMs` goes on at the next start. */
  close(drainMs?: number): Promise<void>;
};

/**
 * Opens the jobs of TALKBOX_DATA and listens.
 * @throws AppError `conflict` when the port or the jobs are in use; `storage_failed`
 */
export async function openServer(options: ServerOptions): Promise<Server> {
  const { config, log, host } = options;
  const loopback = host === "localhost" || host === "::1" || host.startsWith("127.");
  const access = new Access({ apiKey: config.apiKey, loopback, publicUrl: config.publicUrl });
  let url = config.publicUrl;
  const services = createServices(config, log, {
    urlOf: (key) => url + filePath(key, access),
    deleteOfJob: (id) => jobs.deleteArtifacts(id),
  });
  const store = await JobStore.open(join(config.dataDir, ".talkbox", "jobs"));
  const workerId = `talkbox-${randomUUID().slice(0, 8)}`;
  const jobs: Jobs = new Jobs({
    store,
    run: options.run ?? ((job, signal) => handler(job, { services, signal })),
    heavy: (operation) => OPERATIONS.get(operation)?.heavy,
    concurrency: config.concurrency,
    queueSize: config.queueSize,
    deleteFile: (key) => services.deleteStored(key),
    log,
    origin: { workerId, version: options.version },
    webhooks: {
      secret: config.webhookSecret,
      allowPrivate: config.allowPrivateUrls,
      ...(options.webhookPausesMs ? { pausesMs: options.webhookPausesMs } : {}),
    },
  });
  const gpus = options.gpus ?? new GpuMemoryReader();
  addResourceMetrics(jobs.metrics.registry, services.lanes, gpus);
  const readiness = new Readiness(
    (signal) => (options.warmsUp === false ? Promise.resolve() : warmUp(services, signal)),
    log,
  );
  const patience = { ...SERVER_PATIENCE, ...options.patience };
  const routeJobs = new RouteJobs(jobs, patience.jobMs);
  const parts = {
    jobs,
    routeJobs,
    gpus,
    services,
    config,
    profile: options.profile ?? config.profile,
    url: () => url,
    access,
    log,
    workerId,
    version: options.version,
    patience,
    files: { disk: () => services.store(), bucket: services.outputs.bucket?.store },
    health: () => readiness.health,
  };
  const app = await createApp(parts);
  const sockets = new SocketServer(app.server, parts);
  const listeners = new Listeners();
  const closeAll = async (drainMs?: number): Promise<void> => {
    await Promise.all([readiness.stop(), jobs.close(drainMs)]);
    sockets.close();
    await listeners.close(() => app.close());
    await services[Symbol.asyncDispose]();
  };
  try {
    await listeners.listen(app.server, options.port, host);
    for (const port of portsBeside(options)) {
      const more = createServer(listenerOptions(patience), (request, response) => app.routing(request, response));
      sockets.join(more);
      await listeners.listen(more, port, host);
    }
  } catch (error) {
    await closeAll(0);
    throw error;
  }
  const [own = "", ...moreUrls] = listeners
    .addresses()
    .map((address) => `http://${urlHost(host)}:${(address as AddressInfo).port}`);
  url ||= own;
  const lines = new AvatarLog(parts);
  lines.baseUrl(config.lipsyncBaseUrl);
  lines.listening(own);
  const takenUp = await jobs.recover();
  readiness.start();
  return {
    url: own,
    moreUrls,
    jobs,
    app,
    services,
    readiness,
    takenUp,
    close: closeAll,
  };
}

/** The ports beside the first, each once; 0 may stand for several. */
function portsBeside({ port, healthPort, morePorts = [] }: ServerOptions): number[] {
  const ports = [...morePorts, ...(healthPort === undefined ? [] : [healthPort])];
  return ports.filter((more, i) => more === 0 || (more !== port && ports.indexOf(more) === i));
}

/** An address as it stands in a URL by which this machine reaches it. */
function urlHost(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}
