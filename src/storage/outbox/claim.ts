import { randomUUID } from "node:crypto";
import { rename, rm, stat, utimes, writeFile } from "node:fs/promises";

/**
 * Takes the right to work on something by a file that only one process can make, and keeps it fresh until it is
 * disposed of. One that has not been kept fresh for `staleMs` was left by a process that died, and is taken over.
 *
 * @returns undefined when another process holds it
 */
export async function claimFile(path: string, staleMs: number): Promise<AsyncDisposable | undefined> {
  if (!(await make(path)) && !((await takeAway(path, staleMs)) && (await make(path)))) return undefined;
  const pulse = setInterval(() => {
    const now = new Date();
    // Gone only when this process slept for so long that another took it over; its work is repeated, which is harmless.
    utimes(path, now, now).catch(() => undefined);
  }, staleMs / 4);
  pulse.unref();
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(pulse);
      await rm(path, { force: true });
    },
  };
}

async function make(path: string): Promise<boolean> {
  try {
    await writeFile(path, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Removes a stale claim. Of several that try, one moves the file away; whoever moved a fresh one puts it back. */
async function takeAway(path: string, staleMs: number): Promise<boolean> {
  if (!(await isStale(path, staleMs))) return false;
  const aside = `${path}.${randomUUID().slice(0, 8)}`;
  try {
    await rename(path, aside);
  } catch {
    return false;
  }
  if (await isStale(aside, staleMs)) {
    await rm(aside, { force: true });
    return true;
  }
  await rename(aside, path).catch(() => undefined);
  return false;
}

async function isStale(path: string, staleMs: number): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && found.mtimeMs < Date.now() - staleMs;
}
