import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { z } from "zod";
import { AppError } from "../../../errors.ts";
import { MAX_MANIFEST_BYTES } from "../../../limits/networks.ts";

const relativePath = z
  .string()
  .regex(
    /^(?!.*(^|\/)\.)[\w. -]+(\/[\w. -]+)*$/,
    "Must be names with / between them, none of which begins with a dot.",
  );

/** What a download is made of: `models/manifests/*.json`. */
export const manifestSchema = z.strictObject({
  $schema: z.string().optional(),
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,60}$/)
    .describe("What `talkbox models pull` calls it."),
  title: z.string().min(1).describe("What it is, in a line."),
  page: z.url({ protocol: /^https?$/ }).describe("Where its project publishes it, for people."),
  licence: z.strictObject({
    name: z.string().min(1).describe("Its name, such as `MIT`."),
    notice: z.string().min(1).describe("What whoever uses it should know, in a sentence or two."),
    url: z.url({ protocol: /^https?$/ }).optional(),
  }),
  folder: relativePath.describe("Where the files go, below the models folder."),
  files: z
    .array(
      z.strictObject({
        file: relativePath.describe("Its name there."),
        sources: z
          .array(z.string().min(1))
          .describe(
            "Where it can be had, the first first: https://…, hf:owner/repo/path@revision, s3://bucket/key, file:/path. Empty where its project offers no direct download.",
          ),
        bytes: z.int().min(1).nullable().describe("Its size; null where it is not known."),
        sha256: z
          .string()
          .regex(/^[0-9a-f]{64}$/)
          .nullable()
          .describe("Its content; null where its project does not say."),
        end: z
          .strictObject({ bytes: z.int().min(1), md5: z.string().regex(/^[0-9a-f]{32}$/) })
          .optional()
          .describe("MD5 of its last bytes, where that is all that is known of its content."),
        about: z.string().optional().describe("What it is, where the name does not tell."),
      }),
    )
    .min(1),
});

export type Manifest = z.output<typeof manifestSchema>;
export type ManifestFile = Manifest["files"][number];

/** Every manifest of a folder, by name. @throws AppError `invalid_input` for one that is broken */
export async function readManifests(folder: string): Promise<readonly Manifest[]> {
  const names = await readdir(folder).catch(() => []);
  const files = names.filter((name) => name.endsWith(".json")).toSorted();
  return Promise.all(files.map((name) => readManifest(join(folder, name))));
}

/** @throws AppError `invalid_input` naming the file and every fault in it */
export async function readManifest(path: string): Promise<Manifest> {
  const file = basename(path);
  let value: unknown;
  try {
    if ((await stat(path)).size > MAX_MANIFEST_BYTES) throw new Error("it is too large");
    value = JSON.parse(await readFile(path, "utf8"));
  } catch (cause) {
    throw new AppError("invalid_input", `${file}: it cannot be read as a manifest of models.`, { cause });
  }
  const parsed = manifestSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const violations = parsed.error.issues.map(({ path: at, message }) => ({ path: at.join("."), message }));
  const list = violations.map((violation) => `${violation.path}: ${violation.message}`).join(" ");
  throw new AppError("invalid_input", `${file}: it is no manifest of models. ${list}`, { violations });
}
