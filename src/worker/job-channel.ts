import { encode, splitText } from "./encode.ts";
import { WorkerError } from "./errors.ts";
import type { Limits } from "./limits.ts";
import type { Log } from "./log.ts";
import { within } from "./pauses.ts";
import type { Platform } from "./platform.ts";
import type { Poster } from "./poster.ts";

type ChannelOptions = {
  readonly jobId: string;
  readonly poster: Poster;
  readonly platform: Platform;
  readonly limits: Limits;
  readonly log: Log;
  readonly joinText: boolean;
};

/**
 * What a job says while it runs: stream parts and progress, one post at a time, in order. Parts are all sent; of progress
 * the newest waits, and once the channel is closed nothing more goes out.
 */
export class JobChannel {
  readonly #options: ChannelOptions;
  readonly #parts: { value: unknown; body?: Buffer }[] = [];
  readonly #abort = new AbortController();
  #progress: Buffer | undefined;
  #closed = false;
  #pump: Promise<void> | undefined;
  #failure: WorkerError | undefined;
  #room = Promise.withResolvers<void>();
  #warned = false;

  constructor(options: ChannelOptions) {
    this.#options = options;
  }

  /** Shows an update, or the next one if it comes before this could be sent. Never throws. */
  progress(update: unknown): void {
    if (this.#closed) return;
    const { limits, log, jobId } = this.#options;
    try {
      const body = encode({ status: "IN_PROGRESS", output: update ?? null });
      if (body.length > limits.progressBytes) {
        throw new WorkerError("part_too_large", `it has ${body.length} bytes, more than ${limits.progressBytes}`);
      }
      this.#progress = body;
    } catch (error) {
      if (!this.#warned) log("warn", `A progress update was left out: ${(error as Error).message}.`, jobId);
      this.#warned = true;
      return;
    }
    this.#run();
  }

  /**
   * Sends a stream part; settles when there is room for the next one. Text too large for one part becomes several.
   * @throws WorkerError `part_too_large` for other parts that are, `stream_failed` when earlier ones were not taken
   */
  async part(value: unknown): Promise<void> {
    if (this.#closed) return;
    if (this.#failure) throw this.#failure;
    const { limits } = this.#options;
    const whole = value ?? null;
    const body = encode({ output: whole });
    if (body.length <= limits.partBytes) {
      this.#parts.push({ value: whole, body });
    } else if (typeof whole === "string") {
      for (const piece of splitText(whole, limits.partBytes - 16)) this.#parts.push({ value: piece });
    } else {
      throw new WorkerError(
        "part_too_large",
        `A stream part has ${body.length} bytes and the platform takes ${limits.partBytes}. Yield smaller parts, or a URL.`,
      );
    }
    this.#run();
    while (this.#parts.length >= limits.queuedParts && !this.#closed) {
      await this.#room.promise;
      if (this.#failure) throw this.#failure;
    }
  }

  /**
   * Ends the channel before the result: all parts are sent, progress that still waits is dropped, and one under way is
   * waited for.
   * @throws WorkerError `stream_failed` when a part was not taken
   */
  async finish(): Promise<void> {
    this.#progress = undefined;
    while (this.#parts.length > 0 && this.#pump) await this.#pump;
    this.#closed = true;
    const pump = this.#pump;
    if (pump) {
      await within(pump, this.#options.limits.progressGraceMs);
      this.#abort.abort();
      await pump;
    }
    if (this.#failure) throw this.#failure;
  }

  /** There is no time left: what has not arrived is given up. */
  cutShort(): void {
    this.#progress = undefined;
    if (this.#parts.length > 0) this.#fail("given_up", 0);
    this.#closed = true;
    this.#abort.abort();
    this.#room.resolve();
  }

  /** Drops everything: the platform no longer wants to hear of the job. */
  discard(): void {
    this.#closed = true;
    this.#progress = undefined;
    this.#parts.length = 0;
    this.#abort.abort();
    this.#room.resolve();
  }

  #run(): void {
    this.#pump ??= this.#send().finally(() => {
      this.#pump = undefined;
    });
  }

  async #send(): Promise<void> {
    const { jobId, platform, poster, limits, log } = this.#options;
    const { signal } = this.#abort;
    // A burst of updates in one turn of the event loop is one update.
    await Promise.resolve();
    while (!signal.aborted && !this.#failure) {
      const part = this.#nextPart();
      const progress = this.#progress;
      if (part) {
        const url = platform.streamUrl(jobId);
        const posted = await poster.post({ url, jobId, body: part, retryMs: limits.partRetryMs, signal });
        if (posted === "refused" || posted === "given_up") this.#fail(posted, part.length);
        this.#room.resolve();
        this.#room = Promise.withResolvers();
      } else if (progress && !this.#closed) {
        this.#progress = undefined;
        const answer = await poster
          .once(platform.doneUrl(jobId, false), jobId, progress, signal)
          .catch((error: Error) => error.message);
        const fault =
          typeof answer === "string" ? answer : answer.status >= 300 ? `answered with ${answer.status}` : "";
        if (fault !== "" && !signal.aborted) log("debug", `A progress update was lost: ${fault}.`, jobId);
      } else {
        return;
      }
    }
  }

  /** The next part's bytes; text that waits in a row may go as one. */
  #nextPart(): Buffer | undefined {
    const first = this.#parts.shift();
    if (!first) return undefined;
    if (!this.#options.joinText || typeof first.value !== "string")
      return first.body ?? encode({ output: first.value });
    let text = first.value;
    let size = Buffer.byteLength(JSON.stringify(text)) + 16;
    for (let next = this.#parts[0]; typeof next?.value === "string"; next = this.#parts[0]) {
      size += Buffer.byteLength(JSON.stringify(next.value));
      if (size > this.#options.limits.partBytes) break;
      text += next.value;
      this.#parts.shift();
    }
    return encode({ output: text });
  }

  #fail(posted: "refused" | "given_up", bytes: number): void {
    const what = posted === "refused" ? "refused" : "did not take";
    const size = bytes > 0 ? ` of ${bytes} bytes` : "";
    this.#failure = new WorkerError("stream_failed", `The platform ${what} a stream part${size}.`);
    this.#parts.length = 0;
  }
}
