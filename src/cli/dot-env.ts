import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { AppError } from "../errors.ts";

/**
 * Adds the variables of `.env` in a folder to an environment; what is set there already stays as it is.
 * @throws AppError `invalid_input` when there is such a file that cannot be read
 */
export function addDotEnv(folder: string, environment: Record<string, string | undefined>): void {
  let text: string;
  try {
    text = readFileSync(join(folder, ".env"), "utf8");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return;
    throw new AppError("invalid_input", "The file .env is there but cannot be read. Check its rights.", { cause });
  }
  // Editors on Windows begin files with a mark, which would become a part of the first name.
  for (const [name, value] of Object.entries(parseEnv(text.replace(/^\uFEFF/, "")))) environment[name] ??= value;
}
