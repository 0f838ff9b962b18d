import { isDeepStrictEqual } from "node:util";
import type { LifecycleRule, TransitionDefaultMinimumObjectSize } from "@aws-sdk/client-s3";
import { AppError } from "../../errors.ts";
import { LIFECYCLE_DAYS, LIFECYCLE_UPLOAD_DAYS } from "../../limits/storage.ts";
import type { BucketClient } from "./bucket-client.ts";
import { OWN_FOLDER } from "./expiry-index.ts";
import { asBucketError, faultCode } from "./fault.ts";

/** Folders whose files do not stay. */
const PASSING_FOLDERS = ["realtime", "chunks", "audio", OWN_FOLDER];
const KEPT_FOLDER = "saved";

/** What servers say of rules that they do not know. */
const REFUSED = new Set(["InvalidArgument", "InvalidRequest", "MalformedXML", "NotImplemented"]);

/** What is wrong with a bucket's rules; all empty when nothing is. */
export type LifecycleState = {
  /** Rules of ours that are not there, or not as they should be. */
  readonly missing: readonly string[];
  /** Rules of others that would delete what is kept for good. */
  readonly endangering: readonly string[];
};

/** The rules that Talkbox wants of a bucket: one per folder, named after it, for keys that begin with `prefix`. */
export function ownRules(prefix: string): readonly LifecycleRule[] {
  const AbortIncompleteMultipartUpload = { DaysAfterInitiation: LIFECYCLE_UPLOAD_DAYS };
  const rule = (folder: string): LifecycleRule => ({
    ID: `talkbox:${prefix}${folder}`,
    Status: "Enabled",
    Filter: { Prefix: `${prefix}${folder}/` },
    AbortIncompleteMultipartUpload,
  });
  const passing = PASSING_FOLDERS.map((folder) => ({ ...rule(folder), Expiration: { Days: LIFECYCLE_DAYS } }));
  return [...passing, rule(KEPT_FOLDER)];
}

/** A bucket's rules with ours in their place: those of others stay as they are, in their order. */
export function mergeRules(
  existing: readonly LifecycleRule[],
  prefix: string,
  own: readonly LifecycleRule[] = ownRules(prefix),
): readonly LifecycleRule[] {
  const names = new Set(ownRules(prefix).map(({ ID }) => ID));
  const others = existing.filter(({ ID }) => !names.has(ID));
  return [...others, ...(others.some(isOldStyle) ? own.map(inOldStyle) : own)];
}

/** Compares a bucket's rules with what they should be. */
export function judgeRules(existing: readonly LifecycleRule[], prefix: string): LifecycleState {
  const wanted = mergeRules(existing, prefix);
  const names = new Set(ownRules(prefix).map(({ ID }) => ID));
  const missing = wanted
    .filter((rule) => names.has(rule.ID) && isNeeded(rule))
    .filter((rule) => !existing.some((found) => found.ID === rule.ID && isSame(found, rule)))
    .map(({ ID = "" }) => ID);
  const endangering = existing
    .filter(({ ID }) => !names.has(ID))
    .filter((rule) => deletes(rule, `${prefix}${KEPT_FOLDER}/`))
    .map(({ ID = "without a name" }) => ID);
  return { missing, endangering };
}

/** A bucket's rules as they are. @throws AppError storage_failed */
export async function readRules(client: BucketClient): Promise<{
  readonly rules: readonly LifecycleRule[];
  readonly smallest: TransitionDefaultMinimumObjectSize | undefined;
}> {
  try {
    const answer = await client.attempt(async ({ sdk, s3 }, options) =>
      s3.send(new sdk.GetBucketLifecycleConfigurationCommand({ Bucket: client.settings.bucket }), options),
    );
    return { rules: answer.Rules ?? [], smallest: answer.TransitionDefaultMinimumObjectSize };
  } catch (error) {
    if (faultCode(error) === "NoSuchLifecycleConfiguration") return { rules: [], smallest: undefined };
    throw asBucketError(error);
  }
}

/** Looks whether a bucket's rules are what they should be. @throws AppError storage_failed */
export async function checkLifecycle(client: BucketClient): Promise<LifecycleState> {
  return judgeRules((await readRules(client)).rules, client.settings.prefix);
}

/**
 * Adds our rules to a bucket's, and puts right those of ours that differ. Writes nothing when there is nothing to do,
 * and reads back what it wrote: S3 takes a bucket's rules as a whole, so another writer may have come in between.
 *
 * @returns the names of the rules that were written
 * @throws AppError storage_failed; conflict when the rules are not there afterwards
 */
export async function installLifecycle(client: BucketClient): Promise<readonly string[]> {
  const { bucket, prefix } = client.settings;
  const { rules, smallest } = await readRules(client);
  const { missing } = judgeRules(rules, prefix);
  if (missing.length === 0) return [];
  const write = async (wanted: readonly LifecycleRule[]) =>
    client.call(async ({ sdk, s3 }, options) =>
      s3.send(
        new sdk.PutBucketLifecycleConfigurationCommand({
          Bucket: bucket,
          LifecycleConfiguration: { Rules: [...wanted] },
          ...(smallest === undefined ? {} : { TransitionDefaultMinimumObjectSize: smallest }),
        }),
        options,
      ),
    );
  try {
    await write(mergeRules(rules, prefix));
  } catch (error) {
    // MinIO takes no rule that is only about uploads: it clears them by itself.
    if (!REFUSED.has(faultCode(error))) throw error;
    await write(mergeRules(rules, prefix, ownRules(prefix).filter(isNeeded)));
  }
  const left = (await checkLifecycle(client)).missing;
  if (left.length > 0) {
    throw new AppError("conflict", `The bucket did not keep these rules: ${left.join(", ")}. Try again.`);
  }
  return missing;
}

/** Sweeps clear uploads that never ended too: a bucket can do without the rules that only do that. */
function isNeeded(rule: LifecycleRule): boolean {
  return rule.Expiration !== undefined;
}

/** S3 takes rules in one of two styles, not both in one bucket. */
function isOldStyle(rule: LifecycleRule): boolean {
  return rule.Filter === undefined && rule.Prefix !== undefined;
}

function inOldStyle({ Filter, ...rule }: LifecycleRule): LifecycleRule {
  return { ...rule, Prefix: Filter?.Prefix ?? "" };
}

/** Whether two rules do the same: servers add empty fields, change the style of the prefix, leave the uploads' part out. */
function isSame(a: LifecycleRule, b: LifecycleRule): boolean {
  const days = [a, b].map((rule) => rule.AbortIncompleteMultipartUpload?.DaysAfterInitiation);
  if (days.every((count) => count !== undefined) && days[0] !== days[1]) return false;
  const essence = (rule: LifecycleRule) => ({
    on: rule.Status === "Enabled",
    prefix: rule.Filter?.Prefix ?? rule.Filter?.And?.Prefix ?? rule.Prefix ?? "",
    narrowed: isNarrowed(rule),
    days: rule.Expiration?.Days,
    date: rule.Expiration?.Date?.getTime(),
    transitions: rule.Transitions?.length ?? 0,
  });
  return isDeepStrictEqual(essence(a), essence(b));
}

/** Whether a rule only means objects with certain tags or sizes. */
function isNarrowed({ Filter }: LifecycleRule): boolean {
  if (!Filter) return false;
  const { Tag, ObjectSizeGreaterThan, ObjectSizeLessThan, And } = Filter;
  const sized = ObjectSizeGreaterThan ?? ObjectSizeLessThan ?? And?.ObjectSizeGreaterThan ?? And?.ObjectSizeLessThan;
  return Tag !== undefined || sized !== undefined || (And?.Tags?.length ?? 0) > 0;
}

/** Whether a rule deletes objects that lie in `folder`. Ours have no tags, so a rule by tag never does. */
function deletes(rule: LifecycleRule, folder: string): boolean {
  if (rule.Status !== "Enabled" || rule.Filter?.Tag || (rule.Filter?.And?.Tags?.length ?? 0) > 0) return false;
  if (rule.Expiration?.Days === undefined && rule.Expiration?.Date === undefined) return false;
  const prefix = rule.Filter?.Prefix ?? rule.Filter?.And?.Prefix ?? rule.Prefix ?? "";
  return prefix.startsWith(folder) || folder.startsWith(prefix);
}
