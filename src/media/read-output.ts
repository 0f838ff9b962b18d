import { cancelled, untilAborted } from "./cancellable.ts";
import { type FfmpegExit, type FfmpegJob, startFfmpeg } from "./ffmpeg-process.ts";

/**
 * Runs ffmpeg and yields what it writes to its standard output, no faster than it is taken. Leaving early kills it.
 *
 * @param judge called with how it ended, once all is read; throws when that is a failure
 * @throws AppError cancelled on abort, and what `judge` throws
 */
export async function* readFfmpeg(
  job: Omit<FfmpegJob, "output" | "signal">,
  signal: AbortSignal,
  judge: (exit: FfmpegExit) => void,
): AsyncGenerator<Buffer, void> {
  if (signal.aborted) throw cancelled(signal);
  const process = await startFfmpeg({ ...job, output: "pipe:1", signal });
  process.stdin.end();
  try {
    for await (const chunk of untilAborted<Buffer>(process.stdout, signal)) yield chunk;
    judge(await process.exited);
  } catch (error) {
    throw signal.aborted ? cancelled(signal) : error;
  } finally {
    process.kill();
    process.stdout.destroy();
    await process.exited;
  }
}
