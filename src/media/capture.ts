import { execFile } from "node:child_process";
import { PROBE_TIMEOUT_MS } from "../limits/inputs.ts";
import { AppError } from "../errors.ts";
import { cancelled } from "./cancellable.ts";
import { registerChild } from "./child-registry.ts";

/** How a short command is run. */
export type CaptureOptions = {
  /** Longest run, milliseconds; default 60,000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
};

/** A short command ended with another status than 0: its last lines on standard error are the message. */
export class CommandFailure extends Error {
  readonly stderr: string;

  constructor(stderr: string, cause: unknown) {
    super(stderr.trim().split("\n").at(-1) ?? "", { cause });
    this.name = "CommandFailure";
    this.stderr = stderr;
  }
}

/**
 * Runs a short command (a version, a list of encoders, ffprobe) and answers what it prints, at most 16 MiB, once it has
 * ended.
 *
 * @throws CommandFailure when it ends with another status than 0
 * @throws AppError cancelled on abort, timeout when it took too long, media_failed when it cannot be started
 */
export async function captureOutput(
  path: string,
  args: readonly string[],
  options: CaptureOptions = {},
): Promise<string> {
  const { timeoutMs = PROBE_TIMEOUT_MS, signal } = options;
  if (signal?.aborted) throw cancelled(signal);
  return new Promise((resolve, reject) => {
    const limits = { encoding: "utf8", timeout: timeoutMs, killSignal: "SIGKILL", maxBuffer: 16 << 20 } as const;
    const child = execFile(path, args, limits, (error, stdout, stderr) => {
      signal?.removeEventListener("abort", kill);
      if (!error) resolve(stdout);
      else if (signal?.aborted) reject(cancelled(signal));
      else if (error.killed) reject(new AppError("timeout", "A media tool took too long.", { cause: error }));
      else if (child.pid === undefined)
        reject(new AppError("media_failed", "A media tool could not be started.", { cause: error }));
      else reject(new CommandFailure(stderr, error));
    });
    registerChild(child);
    // Not the signal that `execFile` takes: on its abort the child is asked to end, and not waited for.
    const kill = (): void => {
      child.stdout?.destroy();
      child.stderr?.destroy();
      child.kill("SIGKILL");
    };
    signal?.addEventListener("abort", kill, { once: true });
    child.stdin?.end();
  });
}
