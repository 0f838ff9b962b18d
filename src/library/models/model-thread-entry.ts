/** Entry of the thread that works on models: one task, then it ends. */
import { stat, statfs } from "node:fs/promises";
import { basename } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { AppError, toAppError } from "../../errors.ts";
import { elementsOf, ELEMENT_TYPES } from "../../graphs/onnx/types.ts";
import { writeModel } from "../../graphs/onnx/write-model.ts";
import { writeReady } from "../../graphs/onnx/write-ready.ts";
import { architectureOf } from "./architectures.ts";
import { inspectModel, isNamedAsGraph, isNamedAsWeights, looksLikeWeights } from "./inspect-model.ts";
import type { ModelFacts } from "./model-entry.ts";
import { openModel } from "./open-model.ts";
import type { InspectTask, ModelMessage, ModelTask, WriteReadyTask, WriteTask } from "./model-thread.ts";

const say = (message: ModelMessage): void => parentPort?.postMessage(message, []);

async function inspect({ paths }: InspectTask): Promise<Record<string, ModelFacts | null>> {
  const found: Record<string, ModelFacts | null> = {};
  for (const path of paths) {
    try {
      if (isNamedAsGraph(path)) {
        const facts = await inspectModel(path);
        found[path] = facts.family === "" ? null : facts;
        continue;
      }
      found[path] = looksLikeWeights(path) || isNamedAsWeights(path) ? await inspectModel(path) : null;
    } catch {
      // It went away, or may not be read: the next look tells.
    }
  }
  return found;
}

const onProgress = (done: number, all: number): void => say({ type: "progress", done, all });

async function write(task: WriteTask): Promise<void> {
  const { graphs, title } = architectureOf(task.family) ?? {};
  if (!graphs?.parts.includes(task.part)) throw new Error(`${title ?? task.family} has no graph "${task.part}"`);
  using checkpoint = await openModel(task.path);
  const { graph } = graphs.build(checkpoint, task.variant, task.part, task.precision);
  const bytes = graph.initializers.reduce(
    (sum, { shape, type }) => sum + elementsOf(shape) * ELEMENT_TYPES[type].bytes,
    0,
  );
  await checkRoom(task.folder, bytes, checkpoint.file);
  const metadata = { checkpoint: checkpoint.file, family: task.family, variant: task.variant };
  await writeModel(graph, task.folder, task.name, { metadata, onProgress });
}

async function rewrite({ path, folder, name }: WriteReadyTask): Promise<void> {
  await checkRoom(folder, (await stat(path)).size, basename(path));
  await writeReady(path, folder, name, { onProgress });
}

async function checkRoom(folder: string, bytes: number, file: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize >= bytes) return;
  throw new AppError(
    "storage_failed",
    `The graph of ${file} needs ${Math.ceil(bytes / 1e6)} MB, and ${Math.floor((bavail * bsize) / 1e6)} MB are free. Free some, run \`talkbox models clean\`, or point TALKBOX_CACHE elsewhere.`,
  );
}

async function work(task: ModelTask): Promise<unknown> {
  if (task.kind === "inspect") return inspect(task);
  return task.kind === "write" ? write(task) : rewrite(task);
}

const task = workerData as ModelTask;
try {
  say({ type: "done", result: await work(task) });
} catch (error) {
  const { code, message } = toAppError(error);
  say({ type: "failed", code, message });
}
