/**
 * The thread that holds sessions. Creating and running one blocks the thread it happens in, so it happens here; requests
 * are served one by one. ONNX Runtime is loaded with the first model.
 */

import { parentPort, workerData } from "node:worker_threads";
import type { InferenceSession, Tensor as RuntimeTensor } from "onnxruntime-node";
import type { Command, OpenCommand, Reply, RunCommand, ThreadData } from "./protocol.ts";
import { stopRank } from "./stop-input.ts";
import { buffersOf, type Provider, type Refusal, type Tensor } from "./tensor.ts";

type Runtime = typeof import("onnxruntime-node");

const port = parentPort;
if (!port) throw new Error("This file is the entry of a worker thread.");

const { stop } = workerData as ThreadData;
const sessions = new Map<number, { readonly session: InferenceSession; readonly provider: Provider }>();
let runtime: Runtime | undefined;
let last = 0;

class Failure extends Error {
  readonly what: "runtime" | "model" | "run";

  constructor(what: "runtime" | "model" | "run", message: string) {
    super(message);
    this.what = what;
  }
}

const said = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function load(): Promise<Runtime> {
  try {
    runtime ??= await import("onnxruntime-node");
    // What goes wrong comes back as an error: nothing is to be written beside the log.
    runtime.env.logLevel = "fatal";
    return runtime;
  } catch (error) {
    throw new Failure("runtime", said(error));
  }
}

/** What TensorRT cannot do itself, CUDA does. WebGPU refuses options that it does not know. */
function executionProviders(provider: Provider, deviceId: number): InferenceSession.ExecutionProviderConfig[] {
  if (provider === "tensorrt")
    return [
      { name: "tensorrt", deviceId },
      { name: "cuda", deviceId },
    ];
  return provider === "cuda" ? [{ name: "cuda", deviceId }] : [provider];
}

async function open(command: OpenCommand): Promise<Reply> {
  const { InferenceSession } = await load();
  const refusals: Refusal[] = [];
  for (const provider of command.providers) {
    // What the optimisations of "all" and of packing gain by other orders of weights, large runs hardly notice.
    const lean = command.lean && provider === "cpu";
    const options: InferenceSession.SessionOptions = {
      executionProviders: executionProviders(provider, command.device),
      intraOpNumThreads: command.threads,
      interOpNumThreads: 1,
      graphOptimizationLevel: lean ? "extended" : "all",
      enableCpuMemArena: !lean,
      logSeverityLevel: 4,
      // Quiet speech must not slow a network down with numbers near zero. Threads that wait for work are not to burn
      // what encoders and other networks need: spinning took 1.3 to 1.6 times the processor time for Wav2Lip's frames.
      extra: {
        session: {
          set_denormal_as_zero: "1",
          intra_op: { allow_spinning: "0" },
          ...(lean ? { disable_prepacking: "1" } : {}),
        },
      },
    };
    try {
      const { model } = command;
      const session = await (typeof model === "string"
        ? InferenceSession.create(model, options)
        : InferenceSession.create(model, options));
      sessions.set(++last, { session, provider });
      const inputs = session.inputNames.filter((name) => stopRank(name) === undefined);
      const outputs = session.outputNames;
      return { type: "opened", id: command.id, session: last, provider, refusals, inputs, outputs };
    } catch (error) {
      refusals.push({ provider, reason: said(error) });
    }
  }
  throw new Failure("model", refusals.map(({ provider, reason }) => `${provider}: ${reason}`).join("; "));
}

async function run({ id, session: number, feeds }: RunCommand): Promise<Reply> {
  const { Tensor } = await load();
  const { session, provider } = sessions.get(number) ?? {};
  const inputs: Record<string, RuntimeTensor> = {};
  for (const name of session?.inputNames ?? []) {
    const rank = stopRank(name);
    if (rank === undefined) continue;
    // What others may change while it is copied to a device is only for the CPU.
    const shape = provider === "cpu" ? stop.subarray(0, rank) : new BigInt64Array(rank);
    inputs[name] = new Tensor("int64", shape, [rank]);
  }
  for (const [name, { type, data, dims }] of Object.entries(feeds)) {
    inputs[name] = new Tensor(type, data as never, dims);
  }
  try {
    const results = (await session?.run(inputs)) ?? {};
    const outputs: Record<string, Tensor> = {};
    for (const [name, { type, data, dims }] of Object.entries(results)) {
      outputs[name] = { type, data, dims } as unknown as Tensor;
    }
    return { type: "ran", id, outputs };
  } catch (error) {
    throw new Failure("run", said(error));
  }
}

async function serve(command: Command): Promise<Reply> {
  if (command.type === "open") return open(command);
  if (command.type === "run") return run(command);
  await sessions.get(command.session)?.session.release();
  sessions.delete(command.session);
  return { type: "closed", id: command.id };
}

let line: Promise<void> = Promise.resolve();
port.on("message", (command: Command) => {
  line = line.then(async () => {
    try {
      const reply = await serve(command);
      port.postMessage(reply, reply.type === "ran" ? buffersOf(reply.outputs) : []);
    } catch (error) {
      const what = error instanceof Failure ? error.what : "run";
      port.postMessage({ type: "failed", id: command.id, what, message: said(error) } satisfies Reply);
    }
  });
});
