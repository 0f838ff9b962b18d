import { AppError } from "../errors.ts";

/**
 * The error of every file that cannot be used as a checkpoint: names the file, what is wrong in it, and what to do.
 * @param file base name
 */
export function unusable(file: string, problem: string, remedy: string, cause?: unknown): AppError {
  return new AppError("model_unusable", `${file}: ${problem}. ${remedy}`, cause === undefined ? {} : { cause });
}
