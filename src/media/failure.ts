import { AppError } from "../errors.ts";
import type { FfmpegExit } from "./ffmpeg-process.ts";

/** Words of the operating system for a full disk, a quota and a file-size limit. */
const NO_SPACE = /No space left on device|File too large|Disk quota exceeded/;

/** True when a process ended because its output could not grow. */
export function ranOutOfSpace(exit: FfmpegExit): boolean {
  return exit.signal === "SIGXFSZ" || NO_SPACE.test(exit.stderr);
}

/** True when a process did what it was asked to. */
export function succeeded(exit: FfmpegExit): boolean {
  return exit.code === 0 && !NO_SPACE.test(exit.stderr);
}

/** The error for a process that did not. Its last words go to `cause`, for the log. */
export function failureOf(exit: FfmpegExit, what: string): AppError {
  const cause = new Error(`ffmpeg ${describe(exit)}: ${exit.stderr.trim() || "no message"}`);
  if (ranOutOfSpace(exit)) {
    return new AppError(
      "storage_failed",
      "No space is left where outputs are written, or a file-size limit was reached. Free some, or point TALKBOX_DATA elsewhere.",
      { cause },
    );
  }
  return new AppError(
    "media_failed",
    `${what} failed: ffmpeg ${describe(exit)}. Try again; the log of this job says more.`,
    {
      cause,
    },
  );
}

function describe(exit: FfmpegExit): string {
  if (exit.signal) return `was killed (${exit.signal})`;
  if (exit.code !== null) return `ended with status ${exit.code}`;
  return "could not be started";
}
