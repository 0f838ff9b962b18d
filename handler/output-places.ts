import { mkdir, stat, statfs } from "node:fs/promises";
import { join, sep } from "node:path";
import type { Config } from "../src/config.ts";
import { AppError, toAppError } from "../src/errors.ts";
import { OUTBOX_GRACE_MS, SWEEP_GRACE_MS, SWEEP_INTERVAL_MS } from "../src/limits/storage.ts";
import type { Log } from "../src/log.ts";
import { guardedLookup, refuseAddress } from "../src/net/guarded-lookup.ts";
import type { BucketPlace, Delivery } from "../src/storage/deliver.ts";
import { DiskStore } from "../src/storage/disk.ts";
import { Outbox } from "../src/storage/outbox/outbox.ts";
import { BucketClient } from "../src/storage/s3/bucket-client.ts";
import { S3Store } from "../src/storage/s3/s3-store.ts";
import { type BucketSettings, bucketSettings, describeBucket } from "../src/storage/s3/settings.ts";

/** The names that a deployment's settings of a bucket have. */
const NAMES = {
  endpointUrl: "BUCKET_ENDPOINT_URL",
  bucket: "BUCKET_NAME",
  accessKeyId: "BUCKET_ACCESS_KEY_ID",
  secretAccessKey: "BUCKET_SECRET_ACCESS_KEY",
} as const;

/** The magic number of file systems in memory. */
const TMPFS = 0x01021994;

/** The deployment's bucket, and what waits for it. */
export type OwnBucket = { readonly client: BucketClient; readonly store: S3Store; readonly outbox: Outbox };

/** Where outputs can go. */
export type OutputPlaces = AsyncDisposable & {
  disk(): Promise<DiskStore>;
  /** Whether what is written to the disk is there when this machine is not. */
  diskLasts(): Promise<boolean>;
  readonly bucket: OwnBucket | undefined;
  /**
   * Where a job's outputs go besides disk and answer: the bucket that it brought, else the deployment's. Dispose of it
   * with the job.
   * @throws AppError url_refused for a bucket at an address that is not public
   */
  bucketFor(delivery: Delivery, brought?: BucketSettings): Disposable & { readonly place: BucketPlace | undefined };
};

export type OutputOptions = {
  readonly outDir?: string;
  readonly callerReadsDisk?: boolean;
  readonly urlOf?: (key: string) => string;
  /** For tests. */
  readonly times?: Partial<typeof TIMES>;
};

const TIMES = { sweepEveryMs: SWEEP_INTERVAL_MS, sweepGraceMs: SWEEP_GRACE_MS, outboxGraceMs: OUTBOX_GRACE_MS };

/** The deployment's bucket; undefined when the environment names none. @throws AppError invalid_input */
export function openBucket(config: Config): OwnBucket | undefined {
  if (!config.bucket) return undefined;
  const settings = bucketSettings(config.bucket(), NAMES);
  const client = new BucketClient(settings);
  const store = new S3Store(client);
  const target = { name: describeBucket(settings), store: async () => store };
  return { client, store, outbox: new Outbox({ folder: join(config.dataDir, ".talkbox", "outbox"), target }) };
}

/**
 * Opens the places of a process. What waits in the outbox is sent at once and tried again every few minutes; a store that
 * is in use is swept as often. Neither keeps the process alive, nor is either waited for by a job.
 */
export function openOutputPlaces(config: Config, log: Log, options: OutputOptions): OutputPlaces {
  const bucket = openBucket(config);
  const ending = new AbortController();
  const { sweepEveryMs, sweepGraceMs, outboxGraceMs } = { ...TIMES, ...options.times };
  const upkeep = new Upkeep(log, ending.signal, sweepEveryMs);
  if (bucket) upkeep.keep("outbox", async (signal) => flush(bucket.outbox, log, signal), true);
  const disk = untilItSucceeds(async () => {
    const store = await openDisk(config, options);
    upkeep.keep("disk", async (signal) => sweep("disk", store, log, signal), false);
    return store;
  });
  const place: BucketPlace | undefined = bucket && {
    store: async () => {
      upkeep.keep("s3", async (signal) => sweep("s3", bucket.store, log, signal), true);
      return bucket.store;
    },
    outbox: bucket.outbox,
  };
  const diskLasts = async () => !config.runpodQueue || options.outDir !== undefined || isOnVolume(config);
  return {
    disk,
    bucket,
    diskLasts,
    bucketFor(delivery, brought) {
      // A person who names a folder wants the files there, unless the job insists.
      const own = options.outDir === undefined || delivery === "s3" ? place : undefined;
      if (!brought) return { place: own, [Symbol.dispose]() {} };
      if (brought.endpoint !== undefined && !config.allowPrivateUrls) refuseAddress(new URL(brought.endpoint));
      const client = new BucketClient(brought, config.allowPrivateUrls ? {} : { lookup: guardedLookup() });
      // What is in a caller's bucket is the caller's to delete.
      const store = new S3Store(client, { swept: false });
      return { place: { store: async () => store, otherwise: own }, [Symbol.dispose]: () => client[Symbol.dispose]() };
    },
    async [Symbol.asyncDispose]() {
      upkeep.stop();
      // What waits on a disk that goes with the worker has its last chance.
      if (bucket && !(await diskLasts())) upkeep.now("outbox");
      const sweeps = within(sweepGraceMs, upkeep.settled("disk", "s3"));
      await Promise.all([within(outboxGraceMs, upkeep.settled("outbox")), sweeps]);
      ending.abort();
      await upkeep.settled();
      bucket?.client[Symbol.dispose]();
    },
  };
}

/** Makes something once, however many ask; a failure is not remembered, so that a mended machine needs no restart. */
export function untilItSucceeds<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    if (made) return made;
    const attempt = make();
    made = attempt;
    attempt.catch(() => (made = undefined));
    return attempt;
  };
}

async function openDisk(config: Config, { outDir, callerReadsDisk = false, urlOf }: OutputOptions): Promise<DiskStore> {
  const root = outDir ?? config.dataDir;
  try {
    await mkdir(root, { recursive: true });
    const store = new DiskStore({
      root,
      flat: outDir !== undefined,
      reachable: callerReadsDisk || urlOf !== undefined,
      ...(urlOf ? { urlOf } : {}),
    });
    await store.sweep(Date.now());
    return store;
  } catch (cause) {
    const where = outDir === undefined ? "Point TALKBOX_DATA at one that can." : "Choose another with --out.";
    throw new AppError("storage_failed", `The folder for outputs cannot be written to. ${where}`, { cause });
  }
}

/** Whether outputs lie on a file system of their own that is not memory: a mounted volume. */
async function isOnVolume({ dataDir, volumeDir }: Config): Promise<boolean> {
  if (`${dataDir}${sep}`.startsWith(`${volumeDir}${sep}`)) return true;
  const [data, root] = await Promise.all([stat(dataDir).catch(() => undefined), stat("/")]);
  return data !== undefined && data.dev !== root.dev && (await statfs(dataDir)).type !== TMPFS;
}

async function flush(outbox: Outbox, log: Log, signal: AbortSignal): Promise<void> {
  const { sent, expired, lost, waiting } = await outbox.flush(signal);
  const counts = { sent: sent.length, expired: expired.length, lost: lost.length, waiting: waiting.length };
  if (Object.values(counts).some((count) => count > 0)) log.info(counts, "outbox flushed");
}

async function sweep(name: string, store: Sweepable, log: Log, signal: AbortSignal): Promise<void> {
  const swept = await store.sweep(Date.now(), signal);
  if (swept.length > 0) log.debug({ store: name, count: swept.length }, "swept");
}

/** Waits for something that never fails, and no longer than a time. */
async function within(ms: number, done: Promise<void>): Promise<void> {
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await Promise.race([done, over]);
  clearTimeout(timer);
}

type Sweepable = { sweep(now: number, signal?: AbortSignal): Promise<readonly string[]> };

/** Does things in the background, one time and every few minutes; what fails is logged and done again. */
class Upkeep {
  readonly #log: Log;
  readonly #signal: AbortSignal;
  readonly #everyMs: number;
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #starts = new Map<string, () => void>();
  readonly #running = new Map<string, Promise<void>>();

  constructor(log: Log, signal: AbortSignal, everyMs: number) {
    this.#log = log;
    this.#signal = signal;
    this.#everyMs = everyMs;
  }

  /** @param atOnce whether to begin now and not in some minutes */
  keep(name: string, work: (signal: AbortSignal) => Promise<void>, atOnce: boolean): void {
    if (this.#timers.has(name) || this.#signal.aborted) return;
    const start = (): void => {
      // One that takes longer than the pause is not joined by another.
      if (!this.#running.has(name)) this.#running.set(name, this.#run(name, work));
    };
    this.#starts.set(name, start);
    this.#timers.set(name, setInterval(start, this.#everyMs).unref());
    if (atOnce) start();
  }

  /** Does something that is kept up, unless it is under way. */
  now(name: string): void {
    this.#starts.get(name)?.();
  }

  stop(): void {
    for (const timer of this.#timers.values()) clearInterval(timer);
  }

  /** What is under way of these kinds; default of every. */
  async settled(...names: readonly string[]): Promise<void> {
    const some = names.length > 0 ? names : [...this.#running.keys()];
    await Promise.all(some.map(async (name) => this.#running.get(name)));
  }

  async #run(name: string, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    try {
      await work(this.#signal);
    } catch (error) {
      const { code, message } = toAppError(error);
      if (code !== "cancelled") this.#log.warn({ upkeep: name, code, reason: message }, "could not be done");
    } finally {
      this.#running.delete(name);
    }
  }
}
