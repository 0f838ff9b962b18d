import { spawn } from "node:child_process";
import { PROBE_TIMEOUT_MS } from "../limits/inputs.ts";
import { AppError } from "../errors.ts";
import { cancelled } from "./cancellable.ts";
import { registerChild } from "./child-registry.ts";

/** Most that a short command may print. */
const MOST_BYTES = 16 << 20;

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
    // In a process group of its own, as ffmpeg is: a Ctrl-C is for who started it.
    const detached = process.platform !== "win32";
    const child = spawn(path, args, { detached, stdio: ["ignore", "pipe", "pipe"], windowsHide: true });
    if (child.pid === undefined) {
      child.once("error", (cause) =>
        reject(new AppError("media_failed", "A media tool could not be started.", { cause })),
      );
      return;
    }
    registerChild(child);
    // That it could not be killed is not its end.
    child.on("error", () => undefined);
    let failure: Error | undefined;
    const end = (reason: Error): void => {
      failure ??= reason;
      // Whoever holds its pipes open would keep it from being closed.
      child.stdout.destroy();
      child.stderr.destroy();
      child.kill("SIGKILL");
    };
    const said = { stdout: new TextOf(MOST_BYTES), stderr: new TextOf(MOST_BYTES) };
    for (const name of ["stdout", "stderr"] as const) {
      child[name].on("data", (chunk: Buffer) => {
        if (!said[name].add(chunk)) end(new CommandFailure("It printed more than 16 MiB.", undefined));
      });
    }
    const timer = setTimeout(() => end(new AppError("timeout", "A media tool took too long.")), timeoutMs);
    const onAbort = (): void => end(cancelled(signal as AbortSignal));
    signal?.addEventListener("abort", onAbort, { once: true });
    child.once("close", (code, killed) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      if (failure) reject(failure);
      else if (code === 0) resolve(said.stdout.text());
      else {
        const how = killed === null ? `status ${code}` : killed;
        reject(new CommandFailure(said.stderr.text(), new Error(`${path} ended with ${how}`)));
      }
    });
  });
}

/** What a command prints, up to so many bytes. */
class TextOf {
  readonly #most: number;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** False where it is too much. */
  add(chunk: Buffer): boolean {
    this.#chunks.push(chunk);
    return (this.#bytes += chunk.length) <= this.#most;
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString();
  }
}
