import { InferenceThread } from "./session.ts";
import type { Provider } from "./tensor.ts";

/** A thread to open one network in. Disposed of when that is closed, it ends, unless there are others in it. */
export type ThreadUse = AsyncDisposable & { readonly thread: InferenceThread };

/**
 * Which thread a network is opened in.
 *
 * On the CPU each has one of its own: loading one takes seconds in which the others go on, a run does not stand behind
 * another network's, and a thread that dies takes one network with it. Two networks at once are as fast as one after the
 * other there.
 *
 * On a GPU all share one. Its cores are taken by one run at a time anyway, and the runtime does not stand more: two
 * threads that use WebGPU of ONNX Runtime 1.30 at once, or one that ends while another runs, corrupt the process's memory.
 */
export class InferenceThreads {
  readonly #make: () => InferenceThread;
  #shared: { readonly thread: InferenceThread; users: number } | undefined;
  /** The shared thread's end: the next one begins after it. */
  #ended: Promise<void> = Promise.resolve();

  constructor(make: () => InferenceThread = () => new InferenceThread()) {
    this.#make = make;
  }

  async use(provider: Provider): Promise<ThreadUse> {
    if (provider === "cpu") {
      const thread = this.#make();
      return { thread, [Symbol.asyncDispose]: () => thread.close() };
    }
    await this.#ended;
    const shared = (this.#shared ??= { thread: this.#make(), users: 0 });
    shared.users += 1;
    let used = true;
    return {
      thread: shared.thread,
      [Symbol.asyncDispose]: async () => {
        if (!used) return;
        used = false;
        shared.users -= 1;
        if (shared.users > 0) return;
        this.#shared = undefined;
        this.#ended = shared.thread.close();
        await this.#ended;
      },
    };
  }
}

/** Those of this process: whoever opens networks on a GPU has to use the same. */
export const inferenceThreads = new InferenceThreads();
