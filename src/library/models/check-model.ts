import { type Checkpoint, type CheckpointTensor, readFloat32 } from "../../checkpoints/checkpoint.ts";
import type { Dtype } from "../../checkpoints/dtype.ts";
import { openFaissIndex } from "../../checkpoints/faiss-index.ts";
import { openFile } from "../../checkpoints/byte-source.ts";
import { bytesOf, countOf } from "../../checkpoints/shape.ts";
import { AppError, type ErrorReport, toAppError } from "../../errors.ts";
import { dumpGraph } from "../../graphs/dump.ts";
import type { Graph } from "../../graphs/graph-builder.ts";
import { describeShape, ELEMENT_TYPES, elementsOf } from "../../graphs/onnx/types.ts";
import { recognise, type Recognised } from "./architectures.ts";
import { factsOf } from "./inspect-model.ts";
import { openModel } from "./open-model.ts";

/** What a look at one file found, all that could be found before something was wrong. */
export type ModelReport = {
  readonly file: string;
  readonly bytes: number;
  /** How it is laid out; empty where it could not be opened. */
  readonly format: string;
  readonly tensors: number;
  /** Tensors by their elements. */
  readonly dtypes: Readonly<Partial<Record<Dtype, number>>>;
  /** Elements of all of them. */
  readonly numbers: number;
  readonly family: string;
  readonly title: string;
  readonly variant: string;
  readonly licence: string;
  readonly graphs: readonly { readonly part: string; readonly nodes: number; readonly bytes: number }[];
  /** Keys that its graphs have no use for. */
  readonly unused: readonly string[];
  readonly state: "ready" | "unusable";
  readonly error?: ErrorReport;
};

export type CheckOptions = {
  /** Looks at keys and shapes alone, not at the weights. Default false. */
  readonly quick?: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly progress?: (share: number) => void;
};

/** Kinds of indices begin so. */
const FAISS = /^I[wx][A-Za-z0-9]{2}$/;

/**
 * Says all of a file: its form, its network, whether every weight that the network's graphs need is there, of its shape
 * and finite. What is wrong is in the report.
 * @throws AppError `invalid_input` where there is no file, `cancelled`
 */
export async function checkModel(path: string, options: CheckOptions = {}): Promise<ModelReport> {
  const { file, bytes, index } = lookAt(path);
  const nothing = { format: "", tensors: 0, dtypes: {}, numbers: 0, family: "", title: "", variant: "", licence: "" };
  let report: ModelReport = { file, bytes, ...nothing, graphs: [], unused: [], state: "unusable" };
  try {
    if (index) throw checkIndex(path);
    using checkpoint = await openModel(path);
    report = { ...report, ...contentOf(checkpoint) };
    const recognised = recognise(checkpoint);
    const { title } = recognised.architecture;
    const { family, variant, licence, state, problem } = factsOf(checkpoint, recognised);
    report = { ...report, family, title, variant, licence };
    if (state === "unusable") throw new AppError("model_unusable", problem ?? `${file}: it cannot be used.`);
    const graphs = graphsOf(checkpoint, recognised);
    const unused = graphs[0]?.unused ?? [];
    report = { ...report, graphs: graphs.map(({ part, graph }) => ({ part, ...sizeOf(graph) })), unused };
    if (!options.quick) await checkNumbers(checkpoint, new Set(unused), title, options);
    return { ...report, state: "ready" };
  } catch (error) {
    const known = toAppError(error);
    if (known.code === "cancelled") throw known;
    return { ...report, error: known.report() };
  }
}

/** A file's tensors, one a line: name, elements, shape. @throws AppError `model_unusable` */
export async function dumpTensors(path: string): Promise<string> {
  using checkpoint = await openModel(path);
  const lines = [...checkpoint.tensors.values()].map(
    ({ name, dtype, shape }) => `${name}  ${dtype}${describeShape(shape)}`,
  );
  return lines.join("\n");
}

/** A model's graphs as text that a person can read. @param part one of them alone. @throws AppError `model_unusable` */
export async function dumpModel(path: string, part?: string): Promise<string> {
  using checkpoint = await openModel(path);
  const recognised = recognise(checkpoint);
  if (recognised.problem !== undefined) throw new AppError("model_unusable", recognised.problem);
  const graphs = graphsOf(checkpoint, recognised);
  const parts = graphs.map((each) => each.part);
  if (parts.length === 0 || (part !== undefined && !parts.includes(part))) {
    const { title } = recognised.architecture;
    const there =
      parts.length === 0 ? `there is no graph of ${title} yet` : `the graphs of ${title} are ${parts.join(" and ")}`;
    throw new AppError("invalid_input", `${checkpoint.file}: ${there}.`);
  }
  return graphs
    .filter((each) => part === undefined || each.part === part)
    .map(({ graph }) => dumpGraph(graph))
    .join("\n\n");
}

type PartGraph = { readonly part: string; readonly graph: Graph; readonly unused: readonly string[] };

function graphsOf(checkpoint: Checkpoint, { architecture, variant }: Recognised): PartGraph[] {
  const { graphs } = architecture;
  return (graphs?.parts ?? []).flatMap((part) => {
    const built = graphs?.build(checkpoint, variant, part, "float32");
    return built ? [{ part, ...built }] : [];
  });
}

/** What can be said before it is opened as a checkpoint. */
function lookAt(path: string): { file: string; bytes: number; index: boolean } {
  try {
    using source = openFile(path);
    const head = source.size >= 4 ? source.readSync(0, 4).toString("latin1") : "";
    return { file: source.name, bytes: source.size, index: FAISS.test(head) };
  } catch (cause) {
    const { message } = toAppError(cause);
    throw new AppError("invalid_input", message, { cause });
  }
}

/** An index is no model by itself: says what it is. */
function checkIndex(path: string): AppError {
  using index = openFaissIndex(path);
  const kind = index.sizes.length > 1 ? `${index.sizes.length} lists` : "one list";
  const empty = index.count === 0 ? " It is empty: take the file called added_… instead of trained_…." : "";
  return new AppError(
    "model_unusable",
    `${index.file}: it is an index of ${index.count} vectors of ${index.dimension} numbers in ${kind}, which belongs beside an RVC voice's .pth file.${empty}`,
  );
}

function contentOf({ format, tensors }: Checkpoint): Pick<ModelReport, "format" | "tensors" | "dtypes" | "numbers"> {
  const dtypes: Partial<Record<Dtype, number>> = {};
  let numbers = 0;
  for (const { dtype, shape } of tensors.values()) {
    dtypes[dtype] = (dtypes[dtype] ?? 0) + 1;
    numbers += countOf(shape);
  }
  return { format, tensors: tensors.size, dtypes, numbers };
}

function sizeOf({ nodes, initializers }: Graph): { nodes: number; bytes: number } {
  const bytes = initializers.reduce((sum, { shape, type }) => sum + elementsOf(shape) * ELEMENT_TYPES[type].bytes, 0);
  return { nodes: nodes.length, bytes };
}

/** @throws AppError `model_unusable` naming the weight that is not finite or cannot be read; `cancelled` */
async function checkNumbers(
  { file, tensors }: Checkpoint,
  unused: ReadonlySet<string>,
  title: string,
  { signal, progress }: CheckOptions,
): Promise<void> {
  const used = [...tensors.values()].filter((tensor) => !unused.has(tensor.name) && isReal(tensor));
  const all = used.reduce((sum, tensor) => sum + bytesOf(tensor), 0);
  let done = 0;
  for (const tensor of used) {
    if (signal?.aborted) throw new AppError("cancelled", "The check was cancelled.");
    const values = await readFloat32(tensor);
    const at = values.findIndex((value) => !Number.isFinite(value));
    if (at >= 0) {
      throw new AppError(
        "model_unusable",
        `${file}: "${tensor.name}" holds NaN or infinity (${String(values[at])} at ${at} of ${values.length}): as ${title} it cannot be used. Take another file: its training went wrong.`,
      );
    }
    done += bytesOf(tensor);
    progress?.(done / Math.max(1, all));
  }
}

function isReal({ dtype }: CheckpointTensor): boolean {
  return dtype === "f32" || dtype === "f16" || dtype === "f64" || dtype === "bf16";
}
