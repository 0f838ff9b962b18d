import { PRESIGN_MAX_SECONDS } from "../../limits/storage.ts";
import type { BucketClient } from "./bucket-client.ts";

/** A URL that anyone can read an object with, for a time. */
export type PresignedUrl = {
  readonly url: string;
  /** Epoch milliseconds, a whole second. */
  readonly expiresAt: number;
};

/**
 * Signs a URL that ends when the object does, to the second. Signatures live seven days at most: the URL of an object
 * that lives longer, or is kept for good, ends after that, and a new one is signed when it is asked for again.
 *
 * @param objectKey with the bucket's prefix
 * @param expiresAt epoch milliseconds, in the future; null for an object that is kept for good
 */
export async function presign(
  client: BucketClient,
  objectKey: string,
  expiresAt: number | null,
): Promise<PresignedUrl> {
  const [{ sdk, s3 }, { getSignedUrl }] = await Promise.all([client.connect(), import("./aws-presigner.ts")]);
  // A signature is dated in whole seconds: the life that is asked for counts from there.
  const signed = Math.floor(client.now() / 1000);
  const wanted = expiresAt === null ? PRESIGN_MAX_SECONDS : Math.ceil(expiresAt / 1000) - signed;
  const seconds = Math.min(PRESIGN_MAX_SECONDS, Math.max(1, wanted));
  const command = new sdk.GetObjectCommand({ Bucket: client.settings.bucket, Key: objectKey });
  const url = await getSignedUrl(s3, command, { expiresIn: seconds, signingDate: new Date(signed * 1000) });
  return { url, expiresAt: (signed + seconds) * 1000 };
}
