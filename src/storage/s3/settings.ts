import { AppError, type Violation } from "../../errors.ts";
import { safeName } from "../file-name.ts";

/** What a deployment or a job says of a bucket, as it says it. An empty text is one that was not given. */
export type BucketRequest = {
  /** May carry the bucket in its host or as the first part of its path. */
  readonly endpointUrl: string;
  readonly bucket: string;
  /** Folders in the bucket that every key begins with, after those of the endpoint's path. */
  readonly folder?: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly addressing: "auto" | "path" | "host";
};

/** A bucket, and how to speak to it. */
export type BucketSettings = {
  /** `https://host[:port]`; undefined for AWS's own of the region. */
  readonly endpoint: string | undefined;
  readonly bucket: string;
  /** What every key begins with: empty, or ends with a slash. */
  readonly prefix: string;
  readonly region: string;
  /** Whether the bucket stands in the path of a URL, not in its host. */
  readonly pathStyle: boolean;
  /** A function, so that no log and no JSON carries them. */
  readonly credentials: () => {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
};

/** What each field is called by the one who filled it in. */
export type FieldNames = Readonly<
  Record<"endpointUrl" | "bucket" | "accessKeyId" | "secretAccessKey", string> & { folder?: string }
>;

/** Hosts of services that put the bucket into the host name, and where their regions stand. */
const SERVICES: readonly { readonly host: RegExp; readonly region?: string }[] = [
  {
    host: /^(?:(?<bucket>.+)\.)?s3(?:[.-](?:dualstack\.)?(?<region>[a-z]{2}(?:-[a-z]+)+-\d+))?\.amazonaws\.com(?:\.cn)?$/,
    region: "us-east-1",
  },
  { host: /^(?:(?<bucket>.+)\.)?(?<region>[a-z]{3}\d)\.digitaloceanspaces\.com$/ },
  { host: /^(?:(?<bucket>.+)\.)?[0-9a-f]{32}(?:\.[a-z]+)?\.r2\.cloudflarestorage\.com$/, region: "auto" },
  {
    host: /^(?:(?<bucket>.+)\.)?s3\.(?<region>[a-z0-9-]+)\.(?:backblazeb2\.com|wasabisys\.com|scw\.cloud|io\.cloud\.ovh\.net)$/,
  },
  { host: /^s3api-(?<region>[a-z0-9-]+)\.runpod\.io$/ },
];

/** Most folders that a request may name: a key has 1024 bytes at most. */
const MOST_FOLDERS = 3;

const BUCKET_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

/**
 * Works out which bucket is meant. The name may be given, or stand in the endpoint's host or path, as runpod-python
 * has it; what is left of the path begins every key.
 *
 * @throws AppError invalid_input naming everything that is missing or contradicts itself
 */
export function bucketSettings(request: BucketRequest, names: FieldNames): BucketSettings {
  const violations: Violation[] = [];
  const refuse = (path: string, message: string): void => void violations.push({ path, message });
  const url = parseEndpoint(request.endpointUrl);
  if (url === null) refuse(names.endpointUrl, "Must be an http or https URL without user, query and fragment.");
  if (request.accessKeyId === "") refuse(names.accessKeyId, "Missing: a bucket needs a key.");
  if (request.secretAccessKey === "") refuse(names.secretAccessKey, "Missing: a bucket needs a key.");
  const place = locate(url ?? undefined, request.bucket);
  if (url === null) {
    // Nothing more can be said of it.
  } else if (place.bucket === "") {
    refuse(names.bucket, "Missing, and the endpoint's URL names no bucket either.");
  } else if (place.contradiction) {
    refuse(names.bucket, `The endpoint's URL names another bucket (${place.contradiction}).`);
  } else if (!BUCKET_NAME.test(place.bucket)) {
    refuse(names.bucket, "That is no name of a bucket.");
  }
  if (place.prefix.some((part) => safeName(part, "") !== part)) {
    refuse(names.endpointUrl, "What follows the bucket in the path is no folder's name.");
  }
  const folders = (request.folder ?? "").split("/").filter((part) => part !== "");
  if (folders.length > MOST_FOLDERS || folders.some((part) => safeName(part, "") !== part)) {
    refuse(names.folder ?? "folder", `Must be names of up to ${MOST_FOLDERS} folders with a slash between them.`);
  }
  if (violations.length > 0) {
    const list = violations.map(({ path, message }) => `${path}: ${message}`).join(" ");
    throw new AppError("invalid_input", `The bucket's settings cannot be used. ${list}`, { violations });
  }
  const { accessKeyId, secretAccessKey, sessionToken } = request;
  const ownHost = place.inHost || (place.known === "aws" && !place.bucket.includes("."));
  return {
    endpoint: place.endpoint,
    bucket: place.bucket,
    prefix: [...place.prefix, ...folders].map((part) => `${part}/`).join(""),
    region: place.region ?? (request.region || "us-east-1"),
    pathStyle: request.addressing === "auto" ? !ownHost : request.addressing === "path",
    credentials: () => ({ accessKeyId, secretAccessKey, ...(sessionToken === "" ? {} : { sessionToken }) }),
  };
}

/** Names the bucket in messages and records: no key, no query. */
export function describeBucket({ endpoint, bucket, prefix, region }: BucketSettings): string {
  return `${endpoint ?? `https://s3.${region}.amazonaws.com`}/${bucket}${prefix === "" ? "" : `/${prefix.slice(0, -1)}`}`;
}

type Place = {
  readonly endpoint: string | undefined;
  readonly bucket: string;
  readonly prefix: readonly string[];
  readonly region: string | undefined;
  readonly inHost: boolean;
  readonly known: "aws" | "other";
  readonly contradiction?: string;
};

function locate(url: URL | undefined, named: string): Place {
  if (!url) {
    return { endpoint: undefined, bucket: named, prefix: [], region: undefined, inHost: false, known: "aws" };
  }
  const found = SERVICES.map((service) => ({ service, groups: service.host.exec(url.hostname)?.groups })).find(
    ({ groups }) => groups !== undefined,
  );
  const known = url.hostname.endsWith(".amazonaws.com") || url.hostname.endsWith(".amazonaws.com.cn") ? "aws" : "other";
  const region = found?.groups?.["region"] ?? found?.service.region;
  // On a host that is not known, only the name can tell that the bucket stands in front of it.
  const inHost = found ? (found.groups?.["bucket"] ?? "") : url.hostname.startsWith(`${named}.`) ? named : "";
  const path = url.pathname
    .split("/")
    .filter((part) => part !== "")
    .map(decoded);
  const origin = inHost === "" ? url.origin : url.origin.replace(`//${inHost}.`, "//");
  const place = { endpoint: origin, region, known } as const;
  if (inHost !== "") {
    const contradiction = named !== "" && named !== inHost ? { contradiction: inHost } : {};
    return { ...place, bucket: inHost, prefix: path, inHost: true, ...contradiction };
  }
  const [first = "", ...rest] = path;
  if (named === "" || named === first) return { ...place, bucket: first, prefix: rest, inHost: false };
  return { ...place, bucket: named, prefix: path, inHost: false, ...(first === "" ? {} : { contradiction: first }) };
}

/** Undefined where none was given, null for one that cannot be used. */
function parseEndpoint(text: string): URL | undefined | null {
  if (text === "") return undefined;
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol)) return null;
  return url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "" ? null : url;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
