import { InferenceThread } from "./session.ts";
import type { Provider } from "./tensor.ts";

/** A thread to open one network in. Disposed of when that is closed, it ends, unless there are others in it. */
export type ThreadUse = AsyncDisposable & { readonly thread: InferenceThread };

/** Networks that share a thread: all on a GPU, and all on the CPU that are to hold little memory. */
type Shared = "gpu" | "lean";

/**
 * Which thread a network is opened in.
 *
 * On the CPU each has one of its own: loading one takes seconds in which the others go on, a run does not stand behind
 * another network's, and a thread that dies takes one network with it. Two networks at once are as fast as one after the
 * other there. Those that are to hold little memory share one: they open at once, a run of theirs takes all cores anyway,
 * and what the C library keeps of the memory that one gave back, which is by threads, serves the next.
 *
 * On a GPU all share one. Its cores are taken by one run at a time anyway, and the runtime does not stand more: two
 * threads that use WebGPU of ONNX Runtime 1.30 at once, or one that ends while another runs, corrupt the process's memory.
 */
export class InferenceThreads {
  readonly #make: () => InferenceThread;
  readonly #shared = new Map<Shared, { readonly thread: InferenceThread; users: number }>();
  /** Ends of shared threads: the next one begins after it. */
  readonly #ended = new Map<Shared, Promise<void>>();

  constructor(make: () => InferenceThread = () => new InferenceThread()) {
    this.#make = make;
  }

  async use(provider: Provider, lean = false): Promise<ThreadUse> {
    if (provider === "cpu" && !lean) {
      const thread = this.#make();
      return { thread, [Symbol.asyncDispose]: () => thread.close() };
    }
    const which = provider === "cpu" ? "lean" : "gpu";
    await this.#ended.get(which);
    const shared = this.#shared.get(which) ?? { thread: this.#make(), users: 0 };
    this.#shared.set(which, shared);
    shared.users += 1;
    let used = true;
    return {
      thread: shared.thread,
      [Symbol.asyncDispose]: async () => {
        if (!used) return;
        used = false;
        shared.users -= 1;
        if (shared.users > 0) return;
        this.#shared.delete(which);
        const ended = shared.thread.close();
        this.#ended.set(which, ended);
        await ended;
      },
    };
  }
}

/** Those of this process: whoever opens networks on a GPU has to use the same. */
export const inferenceThreads = new InferenceThreads();
