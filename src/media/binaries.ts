import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { AppError } from "../errors.ts";
import { captureOutput } from "./capture.ts";

/** Where a binary was found: named by the configuration, on the search path, or carried by an npm package. */
export type BinarySource = "configured" | "system" | "package";

/** One executable. */
export type Binary = { readonly path: string; readonly source: BinarySource };

/** The two executables that `src/media` runs. */
export type Binaries = { readonly ffmpeg: Binary; readonly ffprobe: Binary };

/** What decides which binaries are used. */
export type BinaryOptions = {
  /** Explicit path of ffmpeg; wins over all else. */
  readonly ffmpegPath?: string | undefined;
  /** Explicit path of ffprobe; wins over all else. */
  readonly ffprobePath?: string | undefined;
  /** Directories to look in for the system's; default the usual ones of a Unix system. */
  readonly searchPath?: readonly string[] | undefined;
  /** Skips the search path, as on a machine without ffmpeg. Default false. */
  readonly ignoreSystem?: boolean | undefined;
};

const DEFAULT_SEARCH_PATH = ["/usr/local/bin", "/usr/bin", "/bin", "/opt/homebrew/bin"];

/**
 * Finds ffmpeg and ffprobe: as configured, else the system's, else those of npm packages. Starts no process.
 *
 * @throws AppError media_failed when one is nowhere, or a configured path is not an executable file
 */
export async function resolveBinaries(options: BinaryOptions = {}): Promise<Binaries> {
  const [ffmpeg, ffprobe] = await Promise.all([
    resolveBinary("ffmpeg", options.ffmpegPath, options),
    resolveBinary("ffprobe", options.ffprobePath, options),
  ]);
  return { ffmpeg, ffprobe };
}

const versions = new Map<string, Promise<string>>();

/**
 * What a binary calls itself, such as `5.1.9-0+deb12u1` or `N-47683-g0e8eb07980-static`. Asked once per path.
 *
 * @throws AppError media_failed when the binary does not run
 */
export async function binaryVersion(binary: Binary): Promise<string> {
  let version = versions.get(binary.path);
  if (!version) {
    version = readVersion(binary.path);
    versions.set(binary.path, version);
    version.catch(() => versions.delete(binary.path));
  }
  return version;
}

async function readVersion(path: string): Promise<string> {
  const output = await captureOutput(path, ["-version"]);
  return /^ff\w+ version (\S+)/.exec(output)?.[1] ?? "unknown";
}

async function resolveBinary(name: keyof Binaries, configured: string | undefined, options: BinaryOptions) {
  if (configured) {
    if (await isExecutable(configured)) return { path: resolve(configured), source: "configured" } as const;
    throw new AppError(
      "media_failed",
      `${name.toUpperCase()}_PATH does not name an executable file. Correct it, or unset it to use the system's ${name}.`,
    );
  }
  if (!options.ignoreSystem) {
    for (const directory of options.searchPath ?? DEFAULT_SEARCH_PATH) {
      const path = join(directory, name);
      if (directory !== "" && (await isExecutable(path))) return { path: resolve(path), source: "system" } as const;
    }
  }
  const packaged = await packagePath(name);
  if (packaged && (await isExecutable(packaged))) return { path: packaged, source: "package" } as const;
  throw new AppError(
    "media_failed",
    `${name} was not found. Install ffmpeg, or set ${name.toUpperCase()}_PATH to its ${name}.`,
  );
}

/** The installer packages throw on import where they have no binary for the platform. */
async function packagePath(name: keyof Binaries): Promise<string | undefined> {
  try {
    const found =
      name === "ffmpeg" ? await import("@ffmpeg-installer/ffmpeg") : await import("@ffprobe-installer/ffprobe");
    return found.default.path;
  } catch {
    return undefined;
  }
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
