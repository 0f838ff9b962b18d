import { Outbox } from "../../../src/storage/outbox/outbox.ts";
import { S3Store } from "../../../src/storage/s3/s3-store.ts";
import type { BucketRequest } from "../../../src/storage/s3/settings.ts";
import { clientOf } from "../s3/places.ts";

/** A process of its own that flushes an outbox, and sends the keys that it sent. */
const [folder, request, now] = JSON.parse(process.argv[2] ?? "[]") as [string, BucketRequest, number];
using client = clientOf(request, { now: () => now });
const store = new S3Store(client);
const { sent } = await new Outbox({
  folder,
  target: { name: "bucket", store: async () => store },
  now: () => now,
}).flush();
process.send?.(sent.map(({ key }) => key));
