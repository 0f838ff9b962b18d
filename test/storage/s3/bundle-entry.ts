import { BucketClient } from "../../../src/storage/s3/bucket-client.ts";
import { S3Store } from "../../../src/storage/s3/s3-store.ts";
import { type BucketRequest, bucketSettings } from "../../../src/storage/s3/settings.ts";
import { S3_PART_BYTES } from "../../../src/limits/storage.ts";
import { NAMES } from "./places.ts";

/** Run from a bundle: one small and one large file, whose URLs it prints. */
using client = new BucketClient(bucketSettings(JSON.parse(process.argv[2] ?? "") as BucketRequest, NAMES));
const store = new S3Store(client);
const options = { mime: "audio/wav", ttlSeconds: 60 };
const small = await store.put(Buffer.from("small"), { ...options, key: "audio/small.wav" });
const large = await store.put(Buffer.alloc(S3_PART_BYTES + 1), { ...options, key: "audio/large.wav" });
console.log(JSON.stringify([small.url, large.url]));
