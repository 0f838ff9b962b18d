import type { FastifyRequest } from "fastify";
import { AppError } from "../errors.ts";

/**
 * Reads a form of parts that together have at most `limit` bytes: the framework bounds each part, and reads to its end
 * what it will not keep.
 * @param read begins to read the body at once
 * @throws AppError `input_too_large` as soon as there are more; what `read` throws
 */
export async function withinLimit<T>({ raw }: FastifyRequest, limit: number, read: () => Promise<T>): Promise<T> {
  const exceeded = Promise.withResolvers<never>();
  let bytes = 0;
  const count = (chunk: Buffer): void => {
    bytes += chunk.length;
    if (bytes > limit) exceeded.reject(tooLarge(limit));
  };
  const announced = Number(raw.headers["content-length"] ?? 0);
  if (announced > limit) throw tooLarge(limit);
  // First, so that nothing flows past who reads.
  const reading = read();
  raw.on("data", count);
  try {
    return await Promise.race([reading, exceeded.promise]);
  } finally {
    raw.off("data", count);
  }
}

function tooLarge(limit: number): AppError {
  return new AppError("input_too_large", `The body is larger than the ${limit} bytes that this route takes.`);
}
