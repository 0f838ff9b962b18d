import { createHash, randomUUID } from "node:crypto";
import { elements, S3Refusal, toXml, unescaped } from "./refusal.ts";
import type { RawRequest } from "./signature.ts";

/** An object as the bucket keeps it. */
export type Stored = {
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
  readonly etag: string;
  readonly modified: number;
};

/** An answer: status, headers, body. */
export type Answer = {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
};

type Part = { readonly body: Buffer; readonly etag: string; readonly sha256: string };
type Upload = {
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly initiated: number;
  readonly sha256: boolean;
  readonly parts: Map<number, Part>;
};

const MIN_PART_BYTES = 5 * 1024 * 1024;

/** One bucket: what S3 does with objects, parts and rules, for the requests that Talkbox makes. */
export class Bucket {
  readonly objects = new Map<string, Stored>();
  readonly uploads = new Map<string, Upload>();
  /** The rules as they were sent. */
  lifecycle: string | undefined;
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** @throws S3Refusal */
  answer(operation: string, key: string, request: RawRequest): Answer {
    const query = new Map(request.query);
    switch (operation) {
      case "PutObject":
        return this.#put(key, request);
      case "CopyObject":
        return this.#copy(key, request);
      case "GetObject":
      case "HeadObject":
        return this.#get(key, request, operation === "HeadObject");
      case "DeleteObject":
        this.objects.delete(key);
        return { status: 204 };
      case "HeadBucket":
        return { status: 200 };
      case "ListObjectsV2":
        return this.#list(query);
      case "CreateMultipartUpload":
        return this.#createUpload(key, request);
      case "UploadPart":
        return this.#putPart(query, request);
      case "CompleteMultipartUpload":
        return this.#complete(key, query, request);
      case "AbortMultipartUpload":
        this.#upload(query);
        this.uploads.delete(query.get("uploadId") ?? "");
        return { status: 204 };
      case "ListMultipartUploads":
        return this.#listUploads(query);
      case "GetBucketLifecycleConfiguration":
        if (this.lifecycle === undefined) throw new S3Refusal(404, "NoSuchLifecycleConfiguration");
        return { status: 200, body: this.lifecycle };
      case "PutBucketLifecycleConfiguration":
        return this.#putLifecycle(request);
      default:
        throw new S3Refusal(501, "NotImplemented", `${operation} is not part of this server.`);
    }
  }

  #put(key: string, request: RawRequest): Answer {
    const sha256 = checkDigests(request);
    const etag = `"${md5(request.body)}"`;
    this.objects.set(key, { body: request.body, headers: kept(request.headers), etag, modified: this.#now() });
    return { status: 200, headers: { etag, ...(sha256 ? { "x-amz-checksum-sha256": sha256 } : {}) } };
  }

  #copy(key: string, { headers }: RawRequest): Answer {
    const source = decodeURIComponent(headers["x-amz-copy-source"] ?? "").replace(/^\/?[^/]+\//, "");
    const found = this.objects.get(source);
    if (!found) throw new S3Refusal(404, "NoSuchKey");
    const replace = headers["x-amz-metadata-directive"] === "REPLACE";
    if (source === key && !replace) throw new S3Refusal(400, "InvalidRequest", "A copy onto itself changes nothing.");
    const stored = { ...found, headers: replace ? kept(headers) : found.headers, modified: this.#now() };
    this.objects.set(key, stored);
    const fields = { LastModified: new Date(stored.modified).toISOString(), ETag: stored.etag };
    return { status: 200, body: toXml("CopyObjectResult", fields) };
  }

  #get(key: string, { headers }: RawRequest, head: boolean): Answer {
    const found = this.objects.get(key);
    if (!found) throw new S3Refusal(404, "NoSuchKey", "The specified key does not exist.");
    const base = { ...found.headers, etag: found.etag, "last-modified": new Date(found.modified).toUTCString() };
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(headers["range"] ?? "") ?? [];
    if (from !== undefined) {
      const body = found.body.subarray(Number(from), to ? Number(to) + 1 : undefined);
      const range = `bytes ${from}-${Number(from) + body.length - 1}/${found.body.length}`;
      return { status: 206, headers: { ...base, "content-range": range }, body };
    }
    return {
      status: 200,
      headers: { ...base, "content-length": String(found.body.length) },
      ...(head ? {} : { body: found.body }),
    };
  }

  #list(query: ReadonlyMap<string, string>): Answer {
    const prefix = query.get("prefix") ?? "";
    const after = query.get("start-after") ?? "";
    const most = Number(query.get("max-keys") ?? 1000);
    const keys = [...this.objects.keys()]
      .filter((key) => key.startsWith(prefix) && Buffer.compare(Buffer.from(key), Buffer.from(after)) > 0)
      .toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    const url = query.get("encoding-type") === "url";
    const Contents = keys.slice(0, most).map((key) => {
      const { modified, etag, body } = this.objects.get(key) as Stored;
      const Key = url ? encodeURIComponent(key).replaceAll("%2F", "/") : key;
      return { Key, LastModified: new Date(modified).toISOString(), ETag: etag, Size: body.length };
    });
    const fields = {
      Prefix: prefix,
      KeyCount: Contents.length,
      MaxKeys: most,
      IsTruncated: keys.length > most,
      Contents,
    };
    return { status: 200, body: toXml("ListBucketResult", fields) };
  }

  #createUpload(key: string, { headers }: RawRequest): Answer {
    const id = randomUUID();
    const sha256 = headers["x-amz-checksum-algorithm"] === "SHA256";
    this.uploads.set(id, { key, headers: kept(headers), initiated: this.#now(), sha256, parts: new Map() });
    return { status: 200, body: toXml("InitiateMultipartUploadResult", { Key: key, UploadId: id }) };
  }

  #putPart(query: ReadonlyMap<string, string>, request: RawRequest): Answer {
    const upload = this.#upload(query);
    const sha256 = checkDigests(request);
    if (upload.sha256 && !sha256) throw new S3Refusal(400, "InvalidRequest", "The part comes without its checksum.");
    const etag = `"${md5(request.body)}"`;
    upload.parts.set(Number(query.get("partNumber")), { body: request.body, etag, sha256: sha256 ?? "" });
    return { status: 200, headers: { etag, ...(sha256 ? { "x-amz-checksum-sha256": sha256 } : {}) } };
  }

  #complete(key: string, query: ReadonlyMap<string, string>, { body }: RawRequest): Answer {
    const upload = this.#upload(query);
    const named = elements(String(body), "Part").map((part) => {
      const number = Number(elements(part, "PartNumber")[0]);
      const etag = unescaped(elements(part, "ETag")[0] ?? "");
      const [sha256] = elements(part, "ChecksumSHA256");
      const found = upload.parts.get(number);
      if (!found || found.etag !== etag || (upload.sha256 && found.sha256 !== sha256)) {
        throw new S3Refusal(400, "InvalidPart", `Part ${number} is not the one that was sent.`);
      }
      return found;
    });
    if (named.slice(0, -1).some((part) => part.body.length < MIN_PART_BYTES))
      throw new S3Refusal(400, "EntityTooSmall");
    const content = Buffer.concat(named.map((part) => part.body));
    const tags = Buffer.concat(named.map((part) => Buffer.from(part.etag.slice(1, -1), "hex")));
    const etag = `"${md5(tags)}-${named.length}"`;
    this.objects.set(key, { body: content, headers: upload.headers, etag, modified: this.#now() });
    this.uploads.delete(query.get("uploadId") ?? "");
    const digests = Buffer.concat(named.map((part) => Buffer.from(part.sha256, "base64")));
    const ChecksumSHA256 = upload.sha256 ? `${sha256Of(digests)}-${named.length}` : undefined;
    return { status: 200, body: toXml("CompleteMultipartUploadResult", { Key: key, ETag: etag, ChecksumSHA256 }) };
  }

  #listUploads(query: ReadonlyMap<string, string>): Answer {
    const found = [...this.uploads].filter(([, { key }]) => key.startsWith(query.get("prefix") ?? ""));
    const Upload = found.map(([UploadId, { key, initiated }]) => ({
      Key: key,
      UploadId,
      Initiated: new Date(initiated).toISOString(),
    }));
    return { status: 200, body: toXml("ListMultipartUploadsResult", { IsTruncated: false, Upload }) };
  }

  #upload(query: ReadonlyMap<string, string>): Upload {
    const upload = this.uploads.get(query.get("uploadId") ?? "");
    if (!upload) throw new S3Refusal(404, "NoSuchUpload");
    return upload;
  }

  #putLifecycle(request: RawRequest): Answer {
    checkDigests(request);
    const { headers, body } = request;
    if (!headers["content-md5"]) throw new S3Refusal(400, "InvalidRequest", "Missing required header: Content-MD5.");
    const rules = elements(String(body), "Rule");
    const oldStyle = rules.filter((rule) => !rule.includes("<Filter"));
    if (rules.length === 0) throw new S3Refusal(400, "MalformedXML");
    if (oldStyle.length > 0 && oldStyle.length < rules.length) {
      throw new S3Refusal(400, "InvalidRequest", "Filter element can only be used in Lifecycle V2.");
    }
    const names = rules.map((rule) => elements(rule, "ID")[0]);
    if (new Set(names).size < names.length) throw new S3Refusal(400, "InvalidArgument", "Two rules have one name.");
    this.lifecycle = String(body);
    return { status: 200 };
  }
}

/** Checks the digests that came with a body. Answers its SHA-256 in base64 if it was among them. */
function checkDigests({ headers, body }: RawRequest): string | undefined {
  const sha256 = headers["x-amz-checksum-sha256"];
  const given = headers["content-md5"];
  if (sha256 !== undefined && sha256 !== sha256Of(body)) throw new S3Refusal(400, "BadDigest");
  if (given !== undefined && given !== createHash("md5").update(body).digest("base64")) {
    throw new S3Refusal(400, "BadDigest");
  }
  return sha256;
}

/** What of a request's headers stays with the object. */
function kept(headers: RawRequest["headers"]): Record<string, string> {
  const stays = /^(content-type|content-disposition|cache-control|x-amz-meta-.*)$/;
  return Object.fromEntries(Object.entries(headers).filter(([name]) => stays.test(name)));
}

function md5(data: Buffer): string {
  return createHash("md5").update(data).digest("hex");
}

function sha256Of(data: Buffer): string {
  return createHash("sha256").update(data).digest("base64");
}
