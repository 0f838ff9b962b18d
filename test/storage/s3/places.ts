import type { LookupFunction } from "node:net";
import { HeadBucketCommand } from "@aws-sdk/client-s3";
import { BucketClient, type BucketClientOptions } from "../../../src/storage/s3/bucket-client.ts";
import { S3Store } from "../../../src/storage/s3/s3-store.ts";
import { type BucketRequest, bucketSettings } from "../../../src/storage/s3/settings.ts";
import { StrictS3 } from "./strict-server/server.ts";

/** The names of the environment. */
export const NAMES = {
  endpointUrl: "BUCKET_ENDPOINT_URL",
  bucket: "BUCKET_NAME",
  accessKeyId: "BUCKET_ACCESS_KEY_ID",
  secretAccessKey: "BUCKET_SECRET_ACCESS_KEY",
} as const;

/** Retries that do not wait. */
export const AT_ONCE = { attempts: 4, pauseMs: 1, longestPauseMs: 1, sleep: async () => {} } as const;

/** Every name is this machine. */
export const hereLookup: LookupFunction = (_host, options, answer) => {
  if (options.all) answer(null, [{ address: "127.0.0.1", family: 4 }]);
  else answer(null, "127.0.0.1", 4);
};

export function clientOf(request: BucketRequest, options: BucketClientOptions = {}): BucketClient {
  return new BucketClient(bucketSettings(request, NAMES), { retry: AT_ONCE, ...options });
}

/** A strict server with a store on it, both by one clock that the test moves. */
export async function strictPlace(
  options: BucketClientOptions = {},
  changes: Partial<BucketRequest> = {},
): Promise<AsyncDisposable & { server: StrictS3; store: S3Store; client: BucketClient; clock: { now: number } }> {
  const clock = { now: 1_800_000_000_000 };
  const server = await StrictS3.start(clock);
  const client = clientOf(server.request(changes), { now: () => clock.now, ...options });
  // The first answer tells the client the server's time.
  await client.call(async ({ s3 }) => s3.send(new HeadBucketCommand({ Bucket: client.settings.bucket })));
  server.operations.length = 0;
  return {
    server,
    clock,
    client,
    store: new S3Store(client),
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}
