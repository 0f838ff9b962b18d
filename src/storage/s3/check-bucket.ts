import { randomUUID } from "node:crypto";
import { AppError, toAppError } from "../../errors.ts";
import type { BucketClient } from "./bucket-client.ts";
import { OWN_FOLDER } from "./expiry-index.ts";
import { BucketFault } from "./fault.ts";
import { checkLifecycle } from "./lifecycle.ts";
import { presign } from "./presign.ts";

/** One thing that was tried on a bucket. */
export type BucketFinding = {
  readonly name: string;
  readonly ok: boolean;
  /** Whether jobs can do without it. */
  readonly required: boolean;
  readonly detail: string;
  readonly remedy?: string;
};

/**
 * Tries everything that Talkbox does with a bucket: writes an object, reads it by itself and by a presigned URL, lists,
 * deletes it, and looks at clock and rules. Leaves nothing there.
 */
export async function checkBucket(client: BucketClient): Promise<readonly BucketFinding[]> {
  const { bucket: Bucket, prefix } = client.settings;
  const Key = `${prefix}${OWN_FOLDER}/check-${randomUUID()}`;
  const content = randomUUID();
  const findings: BucketFinding[] = [];
  let unreachable = false;
  const attempt = async (name: string, required: boolean, remedy: string, work: () => Promise<string>) => {
    try {
      findings.push({ name, ok: true, required, detail: await work() });
      return true;
    } catch (error) {
      const { message, cause } = toAppError(error);
      findings.push({ name, ok: false, required, detail: message, remedy });
      unreachable ||= cause instanceof BucketFault && cause.status === undefined;
      return false;
    }
  };
  const right = (action: string) => `Give the key the right ${action} on the bucket.`;
  const written = await attempt("put", true, right("s3:PutObject"), async () => {
    await client.call(async ({ sdk, s3 }, options) =>
      s3.send(new sdk.PutObjectCommand({ Bucket, Key, Body: content, ContentLength: content.length }), options),
    );
    return "an object was written";
  });
  if (unreachable) {
    const remedy = "Check BUCKET_ENDPOINT_URL, and that this machine may connect to its host.";
    return findings.map((finding) => ({ ...finding, name: "connection", remedy }));
  }
  if (written) {
    await attempt("get", true, right("s3:GetObject"), async () => {
      const answer = await client.call(async ({ sdk, s3 }, options) =>
        s3.send(new sdk.GetObjectCommand({ Bucket, Key }), options),
      );
      if ((await answer.Body?.transformToString()) !== content)
        throw new AppError("storage_failed", "It reads otherwise.");
      return "and read back";
    });
    await attempt("presigned URL", true, "Check that the endpoint is the one that clients reach.", async () => {
      const { url } = await presign(client, Key, client.now() + 60_000);
      const answer = await fetch(url).catch(() => undefined);
      const status = answer ? `it answers ${answer.status}` : "it cannot be reached";
      if ((await answer?.text()) !== content)
        throw new AppError("storage_failed", `A presigned URL was refused: ${status}.`);
      return "a presigned URL works";
    });
  }
  await attempt("list", false, `${right("s3:ListBucket")} Without it nothing is swept.`, async () => {
    const input = { Bucket, Prefix: `${prefix}${OWN_FOLDER}/`, MaxKeys: 1 };
    await client.call(async ({ sdk, s3 }, options) => s3.send(new sdk.ListObjectsV2Command(input), options));
    return "its keys can be listed";
  });
  if (written) {
    await attempt("delete", true, right("s3:DeleteObject"), async () => {
      await client.call(async ({ sdk, s3 }, options) => s3.send(new sdk.DeleteObjectCommand({ Bucket, Key }), options));
      return "and deleted";
    });
  }
  await attempt("lifecycle rules", false, lifecycleRemedy, async () => describeRules(client));
  const minutes = Math.round(client.skewMs / 60_000);
  const clock = { name: "clock", ok: minutes === 0, required: false } as const;
  findings.push(
    minutes === 0
      ? { ...clock, detail: "within minutes of the bucket's" }
      : {
          ...clock,
          detail: `${Math.abs(minutes)} minutes ${minutes > 0 ? "behind" : "ahead of"} the bucket's; requests are dated by the bucket's`,
          remedy: "Set this machine's clock.",
        },
  );
  return findings;
}

const lifecycleRemedy =
  "Run `talkbox doctor --fix-lifecycle`, with a key that has s3:GetLifecycleConfiguration and s3:PutLifecycleConfiguration.";

async function describeRules(client: BucketClient): Promise<string> {
  const { missing, endangering } = await checkLifecycle(client);
  const faults = [
    ...(missing.length > 0 ? [`Not installed: ${missing.join(", ")}.`] : []),
    ...(endangering.length > 0 ? [`These delete what is to be kept for good: ${endangering.join(", ")}.`] : []),
  ];
  if (faults.length > 0) throw new AppError("conflict", faults.join(" "));
  return "installed; nothing deletes what is kept for good";
}
