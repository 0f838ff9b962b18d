import { z } from "zod";
import { AppError } from "../errors.ts";
import { defineOperation } from "./operation.ts";

/** Most keys in one request. */
const MOST_KEYS = 1000;

export const deleteArtifacts = defineOperation({
  name: "delete_artifacts",
  summary: "Deletes the files that a job stored, before their time.",
  description:
    "`job_id` deletes what a job of this server stored, wherever that lies; the job must have ended. A queue worker knows " +
    "of no jobs but those it runs: there, and for files of jobs that are forgotten, `keys` names the files, as `artifacts` " +
    "in their results did. Files are looked for on this worker's disk, in its outbox and in the deployment's bucket; with " +
    "`s3Config` in that bucket alone. A key under which nothing lies is listed in `not_found`.",
  params: z
    .strictObject({
      job_id: z.string().min(1).max(200).optional().describe("A job of this server that has ended."),
      keys: z.array(z.string().min(1).max(1000)).min(1).max(MOST_KEYS).optional().describe("`key` of each artifact."),
    })
    .refine(({ job_id, keys }) => (job_id === undefined) !== (keys === undefined), {
      message: "Give either `job_id` or `keys`",
    }),
  result: z.strictObject({
    success: z.literal(true),
    deleted: z.int().min(0).describe("Files that were there."),
    not_found: z.array(z.string()).describe("Keys under which nothing lay."),
  }),
  limits: [`at most ${MOST_KEYS} keys`],
  example: { keys: ["audio/안녕하세요_1a2b3c4d.wav"] },
  heavy: false,
  async run({ job_id: jobId, keys = [] }, { stored, signal }) {
    if (jobId !== undefined) {
      if (!stored.deleteOfJob) {
        throw new AppError(
          "invalid_input",
          "This worker keeps no list of jobs. Give `keys`: the `key` of each file in the job's `artifacts`.",
        );
      }
      return { success: true as const, deleted: await stored.deleteOfJob(jobId), not_found: [] };
    }
    const missing: string[] = [];
    for (const key of keys) {
      signal.throwIfAborted();
      if (!(await stored.delete(key))) missing.push(key);
    }
    return { success: true as const, deleted: keys.length - missing.length, not_found: missing };
  },
});
