import { WorkerError } from "./errors.ts";
import type { Limits } from "./limits.ts";
import type { Job } from "./types.ts";

/** What an answer to a take held: jobs, and what cannot be run, by id where it has one to be reported under. */
export type Taken = {
  readonly jobs: readonly Job[];
  readonly refused: readonly { readonly id?: string; readonly error: WorkerError }[];
};

/** An id goes into URLs as it is: visible ASCII without what would change the URL's shape. */
const ID = /^(?!\.{1,2}$)[A-Za-z0-9._:~@!$&'()*+,;=-]{1,256}$/;

/**
 * Reads the body of a take's answer: one job, or an array of them. Never throws: one bad element harms nothing else.
 * @returns `undefined` for a body that is no JSON, and so no job
 */
export function parseJobs(body: Buffer, limits: Limits): Taken | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body.toString()) as unknown;
  } catch {
    return undefined;
  }
  const jobs: Job[] = [];
  const refused: { id?: string; error: WorkerError }[] = [];
  const elements = Array.isArray(value) ? (value as unknown[]) : [value];
  // Most answers hold one job: its size is the body's.
  const large = body.length > limits.jobBytes;
  for (const element of elements) {
    const fault = faultOf(element, limits, large);
    if (fault === undefined) jobs.push(element as Job);
    else refused.push(withId(idOf(element), fault));
  }
  return { jobs, refused };
}

/** A body that was too large to be read: its job's id, if that stands near the beginning, to be reported under. */
export function refuseUnread(head: Buffer, limits: Limits): Taken {
  const start = head.subarray(0, 4096).toString();
  const id =
    /^\s*(?:\[\s*)?\{(?:\s*"[\w-]{1,40}"\s*:\s*(?:"[^"\\]{0,512}"|[\w.+-]{1,40})\s*,)*?\s*"id"\s*:\s*"([^"\\]+)"/.exec(
      start,
    )?.[1];
  return { jobs: [], refused: [withId(id !== undefined && ID.test(id) ? id : undefined, tooLarge(limits))] };
}

function withId(id: string | undefined, error: WorkerError): { id?: string; error: WorkerError } {
  return id === undefined ? { error } : { id, error };
}

function idOf(element: unknown): string | undefined {
  if (typeof element !== "object" || element === null || !Object.hasOwn(element, "id")) return undefined;
  const { id } = element as { id: unknown };
  return typeof id === "string" && ID.test(id) ? id : undefined;
}

function faultOf(element: unknown, limits: Limits, measure: boolean): WorkerError | undefined {
  const invalid = (what: string): WorkerError => new WorkerError("invalid_job", what);
  if (typeof element !== "object" || element === null || Array.isArray(element)) {
    return invalid("A job is a JSON object with an id and an input.");
  }
  if (!Object.hasOwn(element, "id")) return invalid("The job has no id.");
  if (idOf(element) === undefined) {
    return invalid("The job's id must be 1 to 256 visible characters that can stand in a URL.");
  }
  if (!Object.hasOwn(element, "input")) {
    return invalid('The job has no input. Send {"input": …}; its value may be any JSON.');
  }
  const shape = shapeFault(element, limits.jobDepth);
  if (shape !== undefined) return invalid(shape);
  if (measure && Buffer.byteLength(JSON.stringify(element)) > limits.jobBytes) return tooLarge(limits);
  return undefined;
}

function tooLarge(limits: Limits): WorkerError {
  const most = (limits.jobBytes / 1024 / 1024).toFixed(0);
  return new WorkerError("job_too_large", `The job is larger than ${most} MiB. Send large inputs by URL.`);
}

/** Looks for too many levels and for keys that poison prototypes, without recursion: the depth is the caller's. */
function shapeFault(root: object, mostLevels: number): string | undefined {
  const open: [value: object, level: number][] = [[root, 1]];
  for (let next = open.pop(); next; next = open.pop()) {
    const [value, level] = next;
    if (level > mostLevels) return `The job is nested more than ${mostLevels} levels deep.`;
    const list = Array.isArray(value);
    for (const key of list ? value.keys() : Object.keys(value)) {
      const child = (value as Record<PropertyKey, unknown>)[key];
      if (key === "__proto__") return 'The job holds the key "__proto__", which is refused.';
      if (typeof child !== "object" || child === null) continue;
      if (key === "constructor" && Object.hasOwn(child, "prototype")) {
        return 'The job holds the keys "constructor.prototype", which are refused.';
      }
      open.push([child, level + 1]);
    }
  }
  return undefined;
}
