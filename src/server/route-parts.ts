import type { Services } from "../../handler/services.ts";
import type { Config } from "../config.ts";
import type { GpuMemoryReader } from "../inference/gpu-memory.ts";
import type { Jobs } from "../jobs/jobs.ts";
import type { Log } from "../log.ts";
import type { Access } from "./access.ts";
import type { FileStores } from "./files.ts";
import type { Health } from "./readiness.ts";
import type { RouteJobs } from "./route-job.ts";

/** What the routes of every documented API are made of. */
export type RouteParts = {
  readonly jobs: Jobs;
  readonly routeJobs: RouteJobs;
  readonly services: Services;
  readonly config: Config;
  readonly access: Access;
  readonly files: FileStores;
  readonly gpus: GpuMemoryReader;
  readonly health: () => Health;
  readonly log: Log;
  /** The document that rules where two differ. */
  readonly profile: Config["profile"];
  /** Where the server listens, without a slash at the end; known once it does. */
  readonly url: () => string;
};
