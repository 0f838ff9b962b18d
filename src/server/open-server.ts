import { randomUUID } from "node:crypto";
import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import { handler } from "../../handler/index.ts";
import { createServices, type Services } from "../../handler/services.ts";
import type { Config } from "../config.ts";
import { AppError } from "../errors.ts";
import { JobStore } from "../jobs/job-store.ts";
import { Jobs } from "../jobs/jobs.ts";
import type { RunJob } from "../jobs/job-runner.ts";
import type { Log } from "../log.ts";
import { OPERATIONS } from "../operations/index.ts";
import { Access } from "./access.ts";
import { filePath } from "./files.ts";
import { createApp } from "./http.ts";
import { Readiness } from "./readiness.ts";
import { warmUp } from "./warm-up.ts";

export type ServerOptions = {
  readonly config: Config;
  readonly log: Log;
  /** 0 for any that is free. */
  readonly port: number;
  readonly host: string;
  /** A second port with the same routes. */
  readonly healthPort?: number;
  readonly version: string;
  /** Runs jobs; default the handler. */
  readonly run?: RunJob;
  /** Default true. */
  readonly warmsUp?: boolean;
  readonly webhookPausesMs?: readonly number[];
};

/** A server that listens. */
export type Server = {
  /** Without a slash at the end. */
  readonly url: string;
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
  const services = createServices(config, log, { urlOf: (key) => url + filePath(key, access) });
  const store = await JobStore.open(join(config.dataDir, ".talkbox", "jobs"));
  const workerId = `talkbox-${randomUUID().slice(0, 8)}`;
  const jobs = new Jobs({
    store,
    run: options.run ?? ((job, signal) => handler(job, { services, signal })),
    heavy: (operation) => OPERATIONS.get(operation)?.heavy,
    concurrency: config.concurrency,
    queueSize: config.queueSize,
    deleteFile: (key) => deleteFile(services, key),
    log,
    origin: { workerId, version: options.version },
    webhooks: {
      secret: config.webhookSecret,
      allowPrivate: config.allowPrivateUrls,
      ...(options.webhookPausesMs ? { pausesMs: options.webhookPausesMs } : {}),
    },
  });
  const readiness = new Readiness(
    (signal) => (options.warmsUp === false ? Promise.resolve() : warmUp(services, signal)),
    log,
  );
  const parts = {
    jobs,
    access,
    log,
    workerId,
    files: { disk: () => services.store(), bucket: services.outputs.bucket?.store },
    health: () => readiness.health,
  };
  const app = await createApp(parts);
  const listeners: HttpServer[] = [app.server];
  const closeAll = async (drainMs?: number): Promise<void> => {
    await Promise.all([readiness.stop(), jobs.close(drainMs)]);
    await Promise.all(listeners.slice(1).map(closeListener));
    await app.close();
    await services[Symbol.asyncDispose]();
  };
  try {
    await listen(app.server, options.port, host);
    if (options.healthPort !== undefined && options.healthPort !== options.port) {
      const second = createServer((request, response) => app.routing(request, response));
      listeners.push(second);
      await listen(second, options.healthPort, host);
    }
  } catch (error) {
    await closeAll(0);
    throw error;
  }
  const own = `http://${urlHost(host)}:${(app.server.address() as AddressInfo).port}`;
  url ||= own;
  const takenUp = await jobs.recover();
  readiness.start();
  return {
    url: own,
    jobs,
    app,
    services,
    readiness,
    takenUp,
    close: closeAll,
  };
}

function listen(server: HttpServer, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const what = cause.code === "EADDRINUSE" ? "is in use already" : "cannot be listened on";
      reject(new AppError("conflict", `Port ${port} on ${host} ${what}. Choose another with --port.`, { cause }));
    });
    server.listen(port, host, resolve);
  });
}

function closeListener(server: HttpServer): Promise<void> {
  server.closeIdleConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

/** An address as it stands in a URL by which this machine reaches it. */
function urlHost(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}

/** Deletes a file wherever a job may have stored it. */
async function deleteFile(services: Services, key: string): Promise<boolean> {
  const { bucket } = services.outputs;
  const onDisk = await (await services.store()).delete(key);
  // What still waits for the bucket must not be sent after its end.
  const waiting = (await bucket?.outbox.remove(key)) ?? false;
  return ((await bucket?.store.delete(key)) ?? false) || waiting || onDisk;
}
