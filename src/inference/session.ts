/** The door to networks: sessions of ONNX Runtime in threads of their own, so that nothing else waits for a run. */

import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { AppError } from "../errors.ts";
import { GO_ON, STOP, STOP_RANK } from "./stop-input.ts";
import type { Command, OpenedReply, RanReply, Reply, ThreadData } from "./protocol.ts";
import { buffersOf, type Provider, type Refusal, type Tensors } from "./tensor.ts";
import { modelBytes } from "./model-bytes.ts";
import { inferenceUsage } from "./usage.ts";

/** How to open a model. */
export type SessionOptions = {
  /** Where it may run, in the order to try; default the CPU. */
  readonly providers?: readonly Provider[];
  /** Threads that one run may use on the CPU; default 1. */
  readonly threads?: number;
  /** Which of several GPUs, from 0; default the first. */
  readonly device?: number;
  /**
   * Holds as little of the CPU's memory as it can: gives that of a run back when it ends, in place of keeping it for the
   * next one, and leaves the weights in their file, mapped, in place of copies in another order. It opens at once, and
   * processes share what is mapped. For networks whose runs are few and large. Default false.
   */
  readonly lean?: boolean;
};

/** A network that can be run. */
export interface Network {
  /** Where it runs. */
  readonly provider: Provider;
  /** The providers that were tried before, and why they did not take it. */
  readonly refusals: readonly Refusal[];
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /**
   * Runs the network once. Runs of one thread take turns, in the order they were asked for. The buffers of `feeds` are
   * handed over and must not be used afterwards. On abort a run that has begun ends at the next of the places that its
   * graph has for that (`GraphBuilder.stoppable`): without them keep runs short.
   * @throws AppError `cancelled` on abort, at once; `engine_failed` if the run fails or the session is closed
   */
  run(feeds: Tensors, signal?: AbortSignal): Promise<Tensors>;
}

/** A network that its opener closes. */
export interface Session extends Network, AsyncDisposable {
  /** False once it was closed, or the thread that held it ended: it has to be opened again. */
  readonly alive: boolean;
  close(): Promise<void>;
}

/**
 * Stack of the thread. While it loads, ONNX Runtime 1.30 searches the process's command line with a recursive matcher,
 * some 300 bytes of stack a character: a job given as an argument would overflow the usual 4 MB.
 */
const STACK_MB = 64;

type Answer = Exclude<Reply, { type: "failed" }>;
/** A request that a thread owes an answer to. */
type Debt = {
  readonly worker: Worker;
  readonly resolve: (reply: Answer) => void;
  readonly reject: (error: AppError) => void;
};

/** Beside this file as source; beside the bundle, under the name that the build gives it, in production. */
function entry(): string {
  const here = fileURLToPath(import.meta.url);
  return join(dirname(here), here.endsWith(".ts") ? "thread-entry.ts" : "inference-thread.js");
}

const ended = (cause?: unknown): AppError =>
  new AppError("engine_failed", "The thread that runs networks ended. Try again.", { cause });

/**
 * One thread and its sessions. The thread is started by the first `open`, keeps the process alive only while it owes an
 * answer, and is replaced after a crash: sessions opened before then fail, and have to be opened again.
 */
export class InferenceThread implements AsyncDisposable {
  readonly #entry: string;
  #worker: Worker | undefined;
  readonly #debts = new Map<number, Debt>();
  /** Bytes of the model of each open session. */
  readonly #open = new Map<number, { readonly worker: Worker; readonly bytes: number }>();
  #sequence = 0;
  /** What the thread feeds inputs with at which runs can be stopped, and the request that it serves. */
  readonly #stop = new BigInt64Array(new SharedArrayBuffer(STOP_RANK * BigInt64Array.BYTES_PER_ELEMENT));
  #serving: Command | undefined;
  /** Settles when everybody in line has been served. */
  #line: Promise<unknown> = Promise.resolve();

  /** @param entryFile another entry than the one of this folder, for tests. */
  constructor(entryFile = entry()) {
    this.#entry = entryFile;
  }

  /** True while the thread runs. */
  get running(): boolean {
    return this.#worker !== undefined;
  }

  /**
   * Opens a model.
   * @param model a file, or its bytes, which are copied.
   * @throws AppError `engine_unavailable` if ONNX Runtime does not load here, `engine_failed` if no provider takes the
   * model (the reasons are the cause), `cancelled`
   */
  async open(model: string | Uint8Array, options: SessionOptions = {}, signal?: AbortSignal): Promise<Session> {
    const { providers = ["cpu"], threads = 1, device = 0, lean = false } = options;
    const worker = this.#running();
    const id = ++this.#sequence;
    const command: Command = { type: "open", id, model, providers, threads, device, lean };
    const opened = await this.#ask<OpenedReply>(worker, command, [], signal);
    const bytes = await modelBytes(model);
    if (this.#worker === worker) {
      this.#open.set(opened.session, { worker, bytes });
      inferenceUsage.sessions += 1;
      inferenceUsage.modelBytes += bytes;
    }
    return this.#session(worker, opened);
  }

  /**
   * Ends the thread and with it every session. Requests in line fail; the one being served is waited for, since native
   * code that is cut off takes the whole process down.
   */
  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    for (const session of this.#open.keys()) this.#forget(session);
    await this.#line;
    await worker?.terminate();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #session(worker: Worker, { session, provider, refusals, inputs, outputs }: OpenedReply): Session {
    const ask = this.#ask.bind(this);
    const next = (): number => ++this.#sequence;
    let closed: Promise<void> | undefined;
    const alive = (): boolean => !closed && this.#worker === worker;
    const close = (): Promise<void> => {
      this.#forget(session);
      closed ??= ask(worker, { type: "close", id: next(), session }).then(
        () => {},
        () => {},
      );
      return closed;
    };
    return {
      provider,
      refusals,
      inputs,
      outputs,
      get alive() {
        return alive();
      },
      async run(feeds, signal) {
        if (closed) throw new AppError("engine_failed", "The network was closed. Try again.");
        const command = { type: "run", id: next(), session, feeds } as const;
        return (await ask<RanReply>(worker, command, buffersOf(feeds), signal)).outputs;
      },
      close,
      [Symbol.asyncDispose]: close,
    };
  }

  /** Puts a request in line. One is with the thread at a time, so what is aborted while it waits costs nothing. */
  #ask<T extends Answer>(
    worker: Worker,
    command: Command,
    handOver: readonly ArrayBuffer[] = [],
    signal?: AbortSignal,
  ): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const abort = (): void => {
      reject(new AppError("cancelled", "The job was cancelled.", { cause: signal?.reason }));
      if (this.#serving === command) this.#stop.fill(STOP);
    };
    if (signal?.aborted) {
      abort();
      return promise;
    }
    signal?.addEventListener("abort", abort, { once: true });
    this.#line = this.#line.then(async () => {
      if (signal?.aborted) return;
      try {
        resolve((await this.#serve(worker, command, handOver)) as T);
      } catch (error) {
        reject(error);
      }
    });
    return promise.finally(() => signal?.removeEventListener("abort", abort));
  }

  #serve(worker: Worker, command: Command, handOver: readonly ArrayBuffer[]): Promise<Answer> {
    if (this.#worker !== worker) return Promise.reject(ended());
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const began = performance.now();
    this.#debts.set(command.id, { worker, resolve, reject });
    this.#stop.fill(GO_ON);
    this.#serving = command;
    worker.ref();
    try {
      worker.postMessage(command, handOver);
    } catch (cause) {
      // A buffer that was handed over before.
      this.#debts.delete(command.id);
      reject(new AppError("engine_failed", "The network was given what cannot be sent to it.", { cause }));
    }
    return promise.finally(() => {
      this.#serving = undefined;
      if (this.#debts.size === 0) worker.unref();
      if (command.type !== "run") return;
      inferenceUsage.runs += 1;
      inferenceUsage.runMs += performance.now() - began;
    });
  }

  /** The session is no longer counted. */
  #forget(session: number): void {
    const open = this.#open.get(session);
    if (!open) return;
    this.#open.delete(session);
    inferenceUsage.sessions -= 1;
    inferenceUsage.modelBytes -= open.bytes;
  }

  #running(): Worker {
    if (this.#worker) return this.#worker;
    // It needs nothing from the environment, is to know no keys, and takes no flags after the main thread.
    const resourceLimits = { stackSizeMb: STACK_MB };
    const workerData: ThreadData = { stop: this.#stop };
    const worker = new Worker(this.#entry, { name: "inference", env: {}, execArgv: [], resourceLimits, workerData });
    worker.on("message", (reply: Reply) => this.#receive(reply));
    worker.on("error", (error) => this.#gone(worker, error));
    worker.on("exit", () => this.#gone(worker));
    worker.unref();
    this.#worker = worker;
    return worker;
  }

  #receive(reply: Reply): void {
    const debt = this.#debts.get(reply.id);
    this.#debts.delete(reply.id);
    if (reply.type !== "failed") {
      debt?.resolve(reply);
      return;
    }
    const cause = new Error(reply.message);
    if (reply.what === "runtime") {
      const remedy = "Install onnxruntime-node for this platform, then start again: npm ci";
      debt?.reject(new AppError("engine_unavailable", `ONNX Runtime does not load here. ${remedy}`, { cause }));
    } else if (reply.what === "model") {
      debt?.reject(new AppError("engine_failed", "ONNX Runtime does not take the network's file.", { cause }));
    } else {
      if (this.#stop[0] === STOP) inferenceUsage.stopped += 1;
      debt?.reject(new AppError("engine_failed", "A run of the network failed.", { cause }));
    }
  }

  #gone(worker: Worker, cause?: unknown): void {
    if (this.#worker === worker) this.#worker = undefined;
    for (const [session, open] of this.#open) if (open.worker === worker) this.#forget(session);
    for (const [id, debt] of this.#debts) {
      if (debt.worker !== worker) continue;
      this.#debts.delete(id);
      debt.reject(ended(cause));
    }
  }
}
