import { AppError } from "../errors.ts";

/** One item on its way through a batcher. */
export class BatchItem<I, O> {
  readonly input: I;
  readonly group: string;
  readonly job: unknown;
  readonly since = performance.now();
  readonly result: Promise<O>;
  /** Runs that failed with it. */
  failures = 0;
  #settled = false;
  readonly #resolve: (output: O) => void;
  readonly #reject: (error: unknown) => void;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort: () => void;
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #gone: (item: BatchItem<I, O>) => void;

  /** @param gone told when nobody waits for it any more, before it was run */
  constructor(
    input: I,
    group: string,
    options: { readonly job: unknown; readonly signal?: AbortSignal; readonly deadlineMs?: number },
    gone: (item: BatchItem<I, O>) => void,
  ) {
    const { promise, resolve, reject } = Promise.withResolvers<O>();
    this.input = input;
    this.group = group;
    this.job = options.job;
    this.result = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#gone = gone;
    this.#signal = options.signal;
    this.#onAbort = () => {
      this.#giveUp(new AppError("cancelled", "The job was cancelled.", { cause: options.signal?.reason }));
    };
    options.signal?.addEventListener("abort", this.#onAbort, { once: true });
    if (options.deadlineMs !== undefined) {
      const late = (): void => this.#giveUp(new AppError("timeout", "The network was too busy. Try again later."));
      this.#timer = setTimeout(late, options.deadlineMs);
    }
  }

  /** Whether it has its answer: a result, an error, or nobody who waits. */
  get settled(): boolean {
    return this.#settled;
  }

  succeed(output: O): void {
    this.#settle();
    this.#resolve(output);
  }

  fail(error: unknown): void {
    this.#settle();
    this.#reject(error);
  }

  /** It is being run: its deadline no longer counts. */
  begin(): void {
    clearTimeout(this.#timer);
  }

  #giveUp(error: AppError): void {
    this.fail(error);
    this.#gone(this);
  }

  #settle(): void {
    this.#settled = true;
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener("abort", this.#onAbort);
  }
}
