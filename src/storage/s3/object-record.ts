import type { PutObjectCommandInput } from "@aws-sdk/client-s3";

/** What an object's own fields say of it. */
export type ObjectRecord = {
  readonly mime: string;
  readonly bytes: number;
  /** Lower-case hex; undefined for an object that was put there by hand. */
  readonly sha256: string | undefined;
  /** Epoch milliseconds; null when kept for good. */
  readonly expiresAt: number | null;
};

const SHA256 = "talkbox-sha256";
const EXPIRES = "talkbox-expires";

/** The fields of an object that is written: type, name for whoever saves it, digest and expiry. */
export function objectFields(
  key: string,
  record: Pick<ObjectRecord, "mime" | "expiresAt"> & { readonly sha256: string },
): Required<Pick<PutObjectCommandInput, "ContentType" | "ContentDisposition" | "Metadata">> {
  const expires = record.expiresAt === null ? "never" : new Date(record.expiresAt).toISOString();
  return {
    ContentType: record.mime,
    ContentDisposition: contentDisposition(key.split("/").at(-1) ?? key),
    Metadata: { [SHA256]: record.sha256, [EXPIRES]: expires },
  };
}

/** What the bucket answered of an object. */
export function readRecord(answer: {
  readonly ContentType?: string | undefined;
  readonly ContentLength?: number | undefined;
  readonly Metadata?: Record<string, string> | undefined;
}): ObjectRecord {
  const sha256 = answer.Metadata?.[SHA256];
  const expiresAt = Date.parse(answer.Metadata?.[EXPIRES] ?? "");
  return {
    mime: answer.ContentType ?? "application/octet-stream",
    bytes: answer.ContentLength ?? 0,
    sha256: sha256 !== undefined && /^[0-9a-f]{64}$/.test(sha256) ? sha256 : undefined,
    expiresAt: Number.isNaN(expiresAt) ? null : expiresAt,
  };
}

/**
 * A header that names a file in UTF-8 (RFC 6266 with RFC 5987), and in ASCII for those who cannot read that; a browser
 * still shows what it can show.
 */
export function contentDisposition(name: string): string {
  const ascii = name.replace(/[^\x20-\x7e]/g, "_").replace(/["\\]/g, "_");
  const utf8 = encodeURIComponent(name).replace(
    /['()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `inline; filename="${ascii}"; filename*=UTF-8''${utf8}`;
}
