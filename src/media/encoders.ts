import { AppError } from "../errors.ts";
import type { Binary } from "./binaries.ts";
import { captureOutput } from "./capture.ts";

const known = new Map<string, Promise<ReadonlySet<string>>>();

/** Names of the encoders that an ffmpeg was built with (`libx264`, `aac`, …). Asked once per path. */
export async function availableEncoders(ffmpeg: Binary): Promise<ReadonlySet<string>> {
  let encoders = known.get(ffmpeg.path);
  if (!encoders) {
    encoders = captureOutput(ffmpeg.path, ["-hide_banner", "-encoders"]).then(parseEncoders, (cause: unknown) => {
      const message = "The ffmpeg in use does not run. Set FFMPEG_PATH to one that does, or unset it.";
      throw cause instanceof AppError ? cause : new AppError("media_failed", message, { cause });
    });
    known.set(ffmpeg.path, encoders);
    encoders.catch(() => known.delete(ffmpeg.path));
  }
  return encoders;
}

/**
 * Makes sure that an ffmpeg has all of `names`.
 *
 * @throws AppError media_failed that names what is missing and what to do
 */
export async function requireEncoders(ffmpeg: Binary, names: readonly string[]): Promise<void> {
  const encoders = await availableEncoders(ffmpeg);
  const missing = names.filter((name) => !encoders.has(name));
  if (missing.length > 0) {
    throw new AppError(
      "media_failed",
      `The ffmpeg in use was built without ${missing.join(" and ")}. Set FFMPEG_PATH to one that has it.`,
    );
  }
}

/** Lines look like ` V..... libx264   libx264 H.264 …`; the legend above them has `=` in the third column. */
function parseEncoders(listing: string): ReadonlySet<string> {
  const names = listing.split("\n").map((line) => /^ [VAS][F.][S.][X.][B.][D.] (\S+)/.exec(line)?.[1]);
  return new Set(names.filter((name) => name !== undefined && name !== "=") as string[]);
}
