/** The handle of the process that holds espeak-ng: started when first needed, kept warm, replaced when it dies. */

import { type ChildProcess, fork } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { AppError } from "../../../errors.ts";
import { SENTENCE_TIMEOUT_MS, SPEECH_ABORT_GRACE_MS } from "../../../limits/speech.ts";
import type { ChildMessage, SpeakCommand, SpokenReply } from "./protocol.ts";

/** Characters of the process's error output to keep. */
const STDERR_TAIL = 4_000;

/** A sentence to say; the handle numbers it. */
export type Utterance = Omit<SpeakCommand, "id">;

/** What the handle needs to know. */
export type EspeakProcessOptions = {
  /** File URL of the package's module. */
  readonly moduleUrl: string;
  /** Milliseconds per sentence; default `SENTENCE_TIMEOUT_MS`. */
  readonly timeoutMs?: number;
  /** Seed of the noise; with one, a new process says the same sentences bit for bit as another did. */
  readonly seed?: number;
};

/** A sentence that a process owes. */
type Debt = {
  readonly id: number;
  readonly child: ChildProcess;
  readonly settle: (outcome: SpokenReply | AppError) => void;
};

/** Beside this file as source; beside the bundle, under the name that the build gives it, in production. */
function childEntry(): string {
  const here = fileURLToPath(import.meta.url);
  return join(dirname(here), here.endsWith(".ts") ? "child.ts" : "espeak-child.js");
}

/** One espeak-ng process. Callers may overlap; they are served in the order they came. */
export class EspeakProcess {
  readonly #options: EspeakProcessOptions;
  #child: ChildProcess | undefined;
  #stderr = "";
  #debt: Debt | undefined;
  /** Settles when everybody in line has been served. */
  #line: Promise<unknown> = Promise.resolve();
  #sequence = 0;

  constructor(options: EspeakProcessOptions) {
    this.#options = options;
  }

  /** Id of the running process; `undefined` while none runs. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts the process if none runs, so that a first sentence need not wait for it. */
  warmUp(): void {
    this.#running();
  }

  /**
   * Says one sentence.
   * @throws AppError `invalid_input` for an unknown voice, `engine_failed` if the process fails or is too slow,
   * `cancelled` on abort, whether the sentence was in line or being said.
   */
  speak(utterance: Utterance, signal: AbortSignal): Promise<SpokenReply> {
    const { promise, resolve, reject } = Promise.withResolvers<SpokenReply>();
    const abort = (): void => reject(new AppError("cancelled", "The job was cancelled.", { cause: signal.reason }));
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
    this.#line = this.#line.then(async () => {
      if (!signal.aborted) await this.#serve(utterance, signal).then(resolve, reject);
    });
    return promise.finally(() => signal.removeEventListener("abort", abort));
  }

  /** Ends the process. A later sentence starts another. */
  async close(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    const gone = new Promise<void>((resolve) => child.once("close", () => resolve()));
    hold(child);
    this.#kill(child);
    await gone;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Settles when the process owes nothing any more, also after an abort. */
  async #serve(utterance: Utterance, signal: AbortSignal): Promise<SpokenReply> {
    const child = this.#running();
    const id = ++this.#sequence;
    const limit = this.#options.timeoutMs ?? SENTENCE_TIMEOUT_MS;
    const { promise, resolve, reject } = Promise.withResolvers<SpokenReply>();
    const settle = (outcome: SpokenReply | AppError): void => {
      this.#debt = undefined;
      if (outcome instanceof AppError) reject(outcome);
      else resolve(outcome);
    };
    this.#debt = { id, child, settle };
    const timer = setTimeout(() => {
      settle(new AppError("engine_failed", `The speech engine took more than ${limit / 1000} s for one sentence.`));
      this.#kill(child);
    }, limit);
    let grace: NodeJS.Timeout | undefined;
    const abort = (): void => {
      grace = setTimeout(() => this.#kill(child), SPEECH_ABORT_GRACE_MS);
    };
    signal.addEventListener("abort", abort, { once: true });
    hold(child);
    // A process that is gone is noticed by its "close" event; there is nothing to add here.
    child.send({ ...utterance, id } satisfies SpeakCommand, () => {});
    try {
      return await promise;
    } finally {
      signal.removeEventListener("abort", abort);
      clearTimeout(timer);
      clearTimeout(grace);
      // One that was told to end is waited for.
      if (this.#child === child) release(child);
    }
  }

  #running(): ChildProcess {
    if (this.#child) return this.#child;
    const { moduleUrl, seed } = this.#options;
    const child = fork(childEntry(), seed === undefined ? [moduleUrl] : [moduleUrl, String(seed)], {
      serialization: "advanced",
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      // Most of espeak-ng's code is for other languages: compiling what is called, when it is, saves 80 ms of the start.
      execArgv: ["--wasm-lazy-compilation", "--max-semi-space-size=1", "--v8-pool-size=1"],
      // It needs nothing from the environment, and is to know no keys. One arena for all of malloc's threads saves 12 MB.
      env: { MALLOC_ARENA_MAX: "1" },
    });
    this.#stderr = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_TAIL);
    });
    child.on("message", (message: ChildMessage) => this.#receive(message));
    child.on("error", (error) => this.#gone(child, String(error)));
    child.on("close", (code, killer) => this.#gone(child, killer ? `signal ${killer}` : `exit code ${code}`));
    release(child);
    this.#child = child;
    return child;
  }

  #receive(message: ChildMessage): void {
    if (message.type === "ready" || message.id !== this.#debt?.id) return;
    if (message.type === "spoken") this.#debt.settle(message);
    else if (message.reason === "unknown_voice") {
      this.#debt.settle(
        new AppError("invalid_input", "The speech engine has no such voice.", { cause: message.message }),
      );
    } else {
      this.#debt.settle(
        new AppError("engine_failed", "The speech engine could not say a sentence.", { cause: message.message }),
      );
    }
  }

  #kill(child: ChildProcess): void {
    // Nobody may be handed a process that is about to end.
    if (this.#child === child) this.#child = undefined;
    child.kill("SIGKILL");
  }

  #gone(child: ChildProcess, how: string): void {
    if (this.#child === child) this.#child = undefined;
    if (this.#debt?.child !== child) return;
    const cause = new Error(`espeak-ng process ended: ${how}\n${this.#stderr}`.trimEnd());
    this.#debt.settle(
      new AppError("engine_failed", "The speech engine stopped in the middle of a sentence. Try again.", { cause }),
    );
  }
}

/** A process that owes a sentence keeps the program alive … */
function hold(child: ChildProcess): void {
  for (const handle of handles(child)) handle?.ref?.();
}

/** … and one that owes nothing does not. */
function release(child: ChildProcess): void {
  for (const handle of handles(child)) handle?.unref?.();
}

/** What of a process Node's event loop waits for. A pipe has `ref` and `unref`, though its type does not say so. */
function handles(child: ChildProcess): readonly ({ ref?: () => void; unref?: () => void } | null | undefined)[] {
  return [child, child.channel, child.stderr as { ref?: () => void; unref?: () => void } | null];
}
