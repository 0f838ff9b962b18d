import { rmSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { toAppError } from "../errors.ts";

const live = new Set<string>();
let removesAtExit = false;

/** A private directory that is removed with all it holds when disposed of (`await using`), or when the process exits. */
export class TempDir implements AsyncDisposable {
  /** Absolute path, readable by this user only. */
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Makes a directory named `talkbox-…`.
   *
   * @param root directory to make it in; created when missing; default the system's
   * @throws AppError storage_failed when there is no space; internal when `root` cannot be written
   */
  static async create(root: string = tmpdir()): Promise<TempDir> {
    try {
      await mkdir(root, { recursive: true });
      const path = await mkdtemp(join(resolve(root), "talkbox-"));
      removeAtExit();
      live.add(path);
      return new TempDir(path);
    } catch (error) {
      throw toAppError(error);
    }
  }

  /** Absolute path of `name` inside. Nothing is created. */
  file(name: string): string {
    return join(this.path, name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true, maxRetries: 3 });
    live.delete(this.path);
  }
}

/** Paths of the temporary directories that have not been disposed of, for tests. */
export function liveTempDirs(): readonly string[] {
  return [...live];
}

function removeAtExit(): void {
  if (removesAtExit) return;
  removesAtExit = true;
  process.once("exit", () => {
    for (const left of live) rmSync(left, { recursive: true, force: true });
  });
}
