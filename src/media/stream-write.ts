import type { Writable } from "node:stream";

/**
 * Writes `data` and resolves when the operating system has taken all of it, so that its memory may be used again.
 *
 * @throws the stream's error (EPIPE when the reader is gone)
 */
export async function writeFully(stream: Writable, data: Uint8Array): Promise<void> {
  if (data.byteLength === 0) return;
  return new Promise((resolve, reject) => {
    stream.write(data, (error) => (error ? reject(error) : resolve()));
  });
}

/** What a write fails with when its reader is gone: at once, while it waits, or after the stream was closed for that. */
const BROKEN = new Set<unknown>(["EPIPE", "ECONNRESET", "ECANCELED", "ERR_STREAM_DESTROYED"]);

/** Whether a write failed because its reader is gone: how that ended says more. */
export function isBrokenPipe(error: unknown): boolean {
  return BROKEN.has((error as { code?: unknown } | null)?.code);
}

/** Ends a stream without waiting for its reader. */
export function endStream(stream: Writable): void {
  if (!stream.destroyed && !stream.writableEnded) stream.end();
}

/** The bytes of samples, little endian as ffmpeg's `f32le` (every platform that Node runs on is). */
export function bytesOf(samples: Float32Array): Uint8Array {
  return new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
}
