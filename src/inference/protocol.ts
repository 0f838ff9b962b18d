/**
 * What passes between the door and the thread that holds the sessions. Each request is answered once, by `id`:
 *
 *     door → thread    OpenCommand | RunCommand | CloseCommand
 *     thread → door    OpenedReply | RanReply | ClosedReply | FailedReply
 *
 * Buffers of tensors are handed over, not copied.
 */

import type { Provider, Refusal, Tensors } from "./tensor.ts";

/** What the thread is started with. */
export type ThreadData = {
  /** Shared: what inputs hold at which a run can be stopped. */
  readonly stop: BigInt64Array<SharedArrayBuffer>;
};

export type OpenCommand = {
  readonly type: "open";
  readonly id: number;
  /** A file of the host, or the bytes of a model. */
  readonly model: string | Uint8Array;
  readonly providers: readonly Provider[];
  /** Threads that one run may use. */
  readonly threads: number;
  /** Which of several GPUs. */
  readonly device: number;
  /** Holds as little of the CPU's memory as it can. */
  readonly lean: boolean;
};

export type RunCommand = {
  readonly type: "run";
  readonly id: number;
  readonly session: number;
  readonly feeds: Tensors;
};

export type CloseCommand = { readonly type: "close"; readonly id: number; readonly session: number };

export type Command = OpenCommand | RunCommand | CloseCommand;

export type OpenedReply = {
  readonly type: "opened";
  readonly id: number;
  readonly session: number;
  readonly provider: Provider;
  readonly refusals: readonly Refusal[];
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
};

export type RanReply = {
  readonly type: "ran";
  readonly id: number;
  readonly outputs: Tensors;
};

export type ClosedReply = { readonly type: "closed"; readonly id: number };

/** `runtime`: ONNX Runtime itself does not load. `model`: no provider takes the model. `run`: a run failed. */
export type FailedReply = {
  readonly type: "failed";
  readonly id: number;
  readonly what: "runtime" | "model" | "run";
  readonly message: string;
};

export type Reply = OpenedReply | RanReply | ClosedReply | FailedReply;
