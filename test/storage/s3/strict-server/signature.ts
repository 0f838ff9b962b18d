import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { S3Refusal } from "./refusal.ts";

/** A request as it came, with nothing decoded. */
export type RawRequest = {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: readonly (readonly [string, string])[];
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
};

type Claim = {
  readonly accessKeyId: string;
  readonly scope: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly date: string;
  readonly payloadHash: string;
};

const ALGORITHM = "AWS4-HMAC-SHA256";
const MAX_SKEW_MS = 15 * 60_000;
const MAX_EXPIRES = 604_800;

/**
 * Checks a request's signature of version 4, in its headers or in its query, after
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html.
 *
 * @param now epoch milliseconds
 * @throws S3Refusal with S3's own code
 */
export function verifySignature(request: RawRequest, keys: ReadonlyMap<string, string>, now: number): void {
  const query = new Map(request.query);
  const presigned = query.has("X-Amz-Signature");
  const claim = presigned ? presignedClaim(query, now) : headerClaim(request.headers, now);
  const secret = keys.get(claim.accessKeyId);
  if (secret === undefined) throw new S3Refusal(403, "InvalidAccessKeyId", "The key is not known.");
  for (const name of Object.keys(request.headers)) {
    if ((name === "host" || name.startsWith("x-amz-")) && !claim.signedHeaders.includes(name)) {
      throw new S3Refusal(403, "AccessDenied", `There were headers that were not signed: ${name}.`);
    }
  }
  const [day = "", region = "", service = "", end = ""] = claim.scope.split("/");
  if (!claim.date.startsWith(day) || day.length !== 8 || service !== "s3" || end !== "aws4_request") {
    throw new S3Refusal(403, "SignatureDoesNotMatch", "The scope of the signature is wrong.");
  }
  const canonical = canonicalRequest(request, claim);
  const toSign = [ALGORITHM, claim.date, claim.scope, sha256(canonical)].join("\n");
  const key = [day, region, service, end].reduce<Buffer>((key, part) => hmac(key, part), Buffer.from(`AWS4${secret}`));
  const expected = hmac(key, toSign);
  const given = Buffer.from(claim.signature, "hex");
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw new S3Refusal(403, "SignatureDoesNotMatch", "The signature does not match the one that was calculated.");
  }
  if (!presigned && claim.payloadHash !== "UNSIGNED-PAYLOAD" && claim.payloadHash !== sha256(request.body)) {
    throw new S3Refusal(400, "XAmzContentSHA256Mismatch", "The body is not the one that was signed.");
  }
}

function headerClaim(headers: RawRequest["headers"], now: number): Claim {
  const [, scheme, fields = ""] = /^(\S+) (.*)$/.exec(headers["authorization"] ?? "") ?? [];
  if (scheme !== ALGORITHM) throw new S3Refusal(403, "AccessDenied", "Anonymous requests are not answered.");
  const named = new Map(fields.split(/,\s*/).map((field) => field.split("=", 2) as [string, string]));
  const [accessKeyId = "", ...scope] = (named.get("Credential") ?? "").split("/");
  const date = headers["x-amz-date"] ?? "";
  const payloadHash = headers["x-amz-content-sha256"] ?? "";
  if (!/^([0-9a-f]{64}|UNSIGNED-PAYLOAD)$/.test(payloadHash)) {
    throw new S3Refusal(501, "NotImplemented", `A body sent as ${payloadHash} is not taken here.`);
  }
  if (Math.abs(timeOf(date) - now) > MAX_SKEW_MS) {
    throw new S3Refusal(403, "RequestTimeTooSkewed", "The times of the request and of the server are too far apart.");
  }
  const signedHeaders = (named.get("SignedHeaders") ?? "").split(";");
  return {
    accessKeyId,
    scope: scope.join("/"),
    signedHeaders,
    signature: named.get("Signature") ?? "",
    date,
    payloadHash,
  };
}

function presignedClaim(query: ReadonlyMap<string, string>, now: number): Claim {
  const [accessKeyId = "", ...scope] = (query.get("X-Amz-Credential") ?? "").split("/");
  const date = query.get("X-Amz-Date") ?? "";
  const expires = Number(query.get("X-Amz-Expires"));
  if (query.get("X-Amz-Algorithm") !== ALGORITHM || !(expires >= 1 && expires <= MAX_EXPIRES)) {
    throw new S3Refusal(400, "AuthorizationQueryParametersError", "X-Amz-Expires must lie within a week.");
  }
  if (timeOf(date) > now + MAX_SKEW_MS) throw new S3Refusal(403, "AccessDenied", "Request is not valid yet.");
  if (now >= timeOf(date) + expires * 1000) throw new S3Refusal(403, "AccessDenied", "Request has expired.");
  const signedHeaders = (query.get("X-Amz-SignedHeaders") ?? "").split(";");
  const signature = query.get("X-Amz-Signature") ?? "";
  return { accessKeyId, scope: scope.join("/"), signedHeaders, signature, date, payloadHash: "UNSIGNED-PAYLOAD" };
}

function canonicalRequest({ method, path, query, headers }: RawRequest, claim: Claim): string {
  const pairs = query
    .filter(([name]) => name !== "X-Amz-Signature")
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    .toSorted();
  const lines = claim.signedHeaders.map((name) => `${name}:${(headers[name] ?? "").trim().replace(/ +/g, " ")}\n`);
  const uri = path
    .split("/")
    .map((part) => encoded(decodeURIComponent(part)))
    .join("/");
  return [method, uri, pairs.join("&"), lines.join(""), claim.signedHeaders.join(";"), claim.payloadHash].join("\n");
}

function encoded(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** `20270115T080000Z` as epoch milliseconds; NaN compares as out of range. */
function timeOf(date: string): number {
  const iso = date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z");
  const time = Date.parse(iso);
  if (Number.isNaN(time)) throw new S3Refusal(403, "AccessDenied", "The request has no valid date.");
  return time;
}

function sha256(data: string | Buffer): string {
  return createHash("sha256").update(data).digest("hex");
}

function hmac(key: Buffer, data: string): Buffer {
  return createHmac("sha256", key).update(data).digest();
}
