import type { Readable } from "node:stream";
import type { BucketClient } from "./bucket-client.ts";
import { faultCode } from "./fault.ts";

/** An object from some byte on. */
export type ObjectRange = {
  readonly body: Readable;
  /** First byte that it has. */
  readonly from: number;
  /** Bytes of the whole object. */
  readonly total: number;
  readonly tag: string | undefined;
};

/**
 * Reads an object from a byte on, or all of it where it has changed since those before were read.
 * @param tag of what they were of
 * @throws as the AWS client does: `asBucketError` reads it
 */
export async function readObjectRange(
  client: BucketClient,
  key: string,
  { from, tag }: { readonly from: number; readonly tag: string | undefined },
  signal: AbortSignal,
): Promise<ObjectRange> {
  const get = async (at: number): Promise<ObjectRange> =>
    client.attempt(async ({ sdk, s3 }, options) => {
      const input = {
        Bucket: client.settings.bucket,
        Key: key,
        ...(at > 0 ? { Range: `bytes=${at}-`, ...(tag === undefined ? {} : { IfMatch: tag }) } : {}),
      };
      const answer = await s3.send(new sdk.GetObjectCommand(input), options);
      const total = Number(answer.ContentRange?.split("/")[1] ?? answer.ContentLength ?? 0);
      // A server that knows no ranges sends all.
      const start = answer.ContentRange === undefined ? 0 : at;
      return { body: answer.Body as Readable, from: start, total, tag: answer.ETag };
    }, signal);
  if (from === 0) return get(0);
  try {
    const rest = await get(from);
    if (tag === undefined || rest.tag === tag) return rest;
    // A server that does not look at the condition.
    rest.body.destroy();
    return await get(0);
  } catch (error) {
    if (!["PreconditionFailed", "InvalidRange", "412", "416"].includes(faultCode(error))) throw error;
    return get(0);
  }
}
