import type { ChildProcess, SpawnOptions } from "node:child_process";
import { PassThrough, type Readable, type Writable } from "node:stream";
import type { FfmpegCommand } from "fluent-ffmpeg";
import { AppError } from "../errors.ts";
import type { Binary } from "./binaries.ts";
import { registerChild } from "./child-registry.ts";

/** One input: a URL or path as ffmpeg takes it (`pipe:0` is standard input), and the options before it. */
export type FfmpegInput = { readonly url: string; readonly options: readonly string[] };

/** What one ffmpeg process is to do. */
export type FfmpegJob = {
  readonly ffmpeg: Binary;
  readonly inputs: readonly FfmpegInput[];
  /** Options of the one output. */
  readonly options: readonly string[];
  /** Absolute path of the output, or `pipe:1` to read it from `stdout`. */
  readonly output: string;
  /** Kills it on abort, whatever is awaited at that moment. */
  readonly signal: AbortSignal;
};

/** How a process ended: one of `code` and `signal` is set, none when it could not be started. */
export type FfmpegExit = {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Its last 60 lines on standard error. */
  readonly stderr: string;
};

/** A running ffmpeg. */
export type FfmpegProcess = {
  readonly pid: number | undefined;
  readonly stdin: Writable;
  /** What it writes to `pipe:1`; nothing when the output is a file. */
  readonly stdout: Readable;
  /** Resolves when it has ended, whatever the reason, and `liveChildren` no longer names it. Never rejects. */
  readonly exited: Promise<FfmpegExit>;
  /** SIGKILL, at once. Harmless when it has ended. */
  kill(): void;
};

/** fluent-ffmpeg keeps the process of a running command here; its types do not say so. */
type RunningCommand = FfmpegCommand & {
  ffmpegProc?: ChildProcess;
  _spawnFfmpeg(args: readonly string[], options: SpawnOptions, ...rest: readonly unknown[]): void;
};

/**
 * Starts ffmpeg. This file is the only one that knows fluent-ffmpeg.
 *
 * fluent-ffmpeg keeps one binary path and one list of encoders for the whole process, and starts ffmpeg once more to
 * fill that list; both are answered here per command, so that two binaries can be used side by side and a start costs
 * one process. It is in a process group of its own: the Ctrl-C by which a server is told to finish its work and stop would
 * otherwise end that work.
 *
 * @throws AppError media_failed when fluent-ffmpeg refuses the job before starting anything
 */
export async function startFfmpeg(job: FfmpegJob): Promise<FfmpegProcess> {
  // Loaded here, as most starts of Talkbox (a health check, a list) never need it.
  const { default: ffmpeg } = await import("fluent-ffmpeg");
  const command = ffmpeg({ stdoutLines: 60 }) as RunningCommand;
  const spawnFfmpeg = command._spawnFfmpeg.bind(command);
  Object.assign(command, {
    _getFfmpegPath: (answer: (error: null, path: string) => void) => answer(null, job.ffmpeg.path),
    _checkCapabilities: (answer: () => void) => answer(),
    availableEncoders: (answer: (error: null, encoders: object) => void) => answer(null, {}),
    _spawnFfmpeg: (args: readonly string[], options: SpawnOptions, ...rest: readonly unknown[]) =>
      spawnFfmpeg(args, { ...options, detached: process.platform !== "win32" }, ...rest),
  });
  for (const input of job.inputs) command.input(input.url).inputOptions(...input.options);
  command.outputOptions("-hide_banner", "-nostdin", "-nostats", "-loglevel", "warning", ...job.options);

  // Without `emitClose: false` fluent-ffmpeg takes the end of the output for its reader's departure.
  const stdout = new PassThrough({ emitClose: false });
  const ended = Promise.withResolvers<string>();
  command.once("end", (_stdout: unknown, stderr: unknown) => ended.resolve(typeof stderr === "string" ? stderr : ""));
  command.on("error", (error: Error, _stdout: unknown, stderr: unknown) =>
    ended.resolve(typeof stderr === "string" && stderr !== "" ? stderr : error.message),
  );

  const started = Promise.withResolvers<ChildProcess>();
  // fluent-ffmpeg may report an end (its output was closed) before there is one.
  const gone = Promise.withResolvers<void>();
  command.once("start", () => {
    const child = command.ffmpegProc;
    if (!child) return;
    registerChild(child);
    // What could not be started has no exit; an error of one that runs (it could not be killed) is not its end.
    child.once(child.pid === undefined ? "error" : "exit", () => gone.resolve());
    started.resolve(child);
  });
  if (job.output === "pipe:1") command.output(stdout, { end: true }).run();
  else command.output(job.output).run();

  const child = await Promise.race([started.promise, ended.promise]);
  if (typeof child === "string") {
    throw new AppError("media_failed", "ffmpeg could not be started.", { cause: new Error(child) });
  }
  const kill = (): void => void child.kill("SIGKILL");
  job.signal.addEventListener("abort", kill, { once: true });
  void gone.promise.then(() => job.signal.removeEventListener("abort", kill));
  if (job.signal.aborted) kill();
  // fluent-ffmpeg leaves Node's default, a pipe.
  const stdin = child.stdin as Writable;
  // A process that dies breaks its pipes; how it ended says more than EPIPE.
  stdin.on("error", () => undefined);
  return {
    pid: child.pid,
    stdin,
    stdout,
    exited: Promise.all([ended.promise, gone.promise]).then(([stderr]) => ({
      code: child.pid === undefined ? null : child.exitCode,
      signal: child.signalCode,
      stderr,
    })),
    kill,
  };
}
