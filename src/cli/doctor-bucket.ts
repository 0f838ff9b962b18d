import { openBucket } from "../../handler/output-places.ts";
import type { Config } from "../config.ts";
import { AppError, toAppError } from "../errors.ts";
import { checkBucket } from "../storage/s3/check-bucket.ts";
import { installLifecycle } from "../storage/s3/lifecycle.ts";
import { describeBucket } from "../storage/s3/settings.ts";
import type { Finding } from "./finding.ts";

const GROUP = "Bucket";

/**
 * Looks at the deployment's bucket, having put its rules right if that is wished.
 * @throws AppError invalid_input when rules are to be put right and no bucket is configured
 */
export async function checkConfiguredBucket(config: Config, fixLifecycle: boolean): Promise<Finding[]> {
  let opened: ReturnType<typeof openBucket>;
  try {
    opened = openBucket(config);
  } catch (error) {
    return [{ group: GROUP, name: "settings", ok: false, required: true, detail: toAppError(error).message }];
  }
  if (!opened) {
    if (fixLifecycle) {
      throw new AppError("invalid_input", "No bucket is configured: set BUCKET_ENDPOINT_URL and its key first.");
    }
    const detail = "none configured: outputs go into the answer or to disk";
    const remedy = "For a bucket set BUCKET_ENDPOINT_URL, BUCKET_ACCESS_KEY_ID and BUCKET_SECRET_ACCESS_KEY.";
    return [{ group: GROUP, name: "S3", ok: false, required: false, detail, remedy }];
  }
  using client = opened.client;
  const findings: Finding[] = [
    { group: GROUP, name: "S3", ok: true, required: true, detail: describeBucket(client.settings) },
  ];
  if (fixLifecycle) findings.push(await fixRules(client));
  findings.push(...(await checkBucket(client)).map((finding) => ({ group: GROUP, ...finding })));
  const waiting = (await opened.outbox.list()).length;
  if (waiting > 0) {
    const detail = `${waiting} file(s) wait to be sent`;
    findings.push({ group: GROUP, name: "outbox", ok: false, required: false, detail, remedy: "talkbox outbox flush" });
  }
  return findings;
}

async function fixRules(client: Parameters<typeof installLifecycle>[0]): Promise<Finding> {
  const base = { group: GROUP, name: "rules installed", required: true } as const;
  try {
    const written = await installLifecycle(client);
    const detail = written.length === 0 ? "all were there already" : written.join(", ");
    return { ...base, ok: true, detail };
  } catch (error) {
    const remedy = "The key needs s3:GetLifecycleConfiguration and s3:PutLifecycleConfiguration.";
    return { ...base, ok: false, detail: toAppError(error).message, remedy };
  }
}
