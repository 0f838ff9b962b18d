import { AppError, toAppError } from "../../errors.ts";
import { checkModel, dumpModel, dumpTensors, type ModelReport } from "../../library/models/check-model.ts";
import { createProgressView } from "../progress.ts";
import { columns, showBytes } from "./show.ts";
import { stopSignals } from "../stop-signals.ts";

export type CheckModelOptions = {
  readonly json: boolean;
  readonly quick: boolean;
  readonly tensors: boolean;
  /** True for all of them. */
  readonly graph?: string | true;
};

/** How forms are called by those who have such files. */
const FORMATS: Readonly<Record<string, string>> = {
  "torch-zip": "torch.save, zip",
  "torch-legacy": "torch.save before 1.6",
  torchscript: "TorchScript",
  pickle: "pickle",
  safetensors: "safetensors",
  npy: "NumPy",
  npz: "NumPy, zip",
  onnx: "ONNX",
};

/** `talkbox models check`. */
export async function checkModelFile(file: string, options: CheckModelOptions): Promise<void> {
  using interrupt = stopSignals();
  const view = options.json || !process.stderr.isTTY ? undefined : createProgressView(process.stderr);
  try {
    if (options.tensors) return print(await dumpTensors(file));
    if (options.graph !== undefined)
      return print(await dumpModel(file, options.graph === true ? undefined : options.graph));
    const progress = (share: number): void =>
      view?.show({ type: "progress", progress: share, stage: "weights", stage_progress: share });
    const report = await checkModel(file, { quick: options.quick, signal: interrupt.signal, progress });
    view?.stop();
    print(options.json ? JSON.stringify(report, null, 2) : describe(report));
    if (report.state === "unusable") process.exitCode = 1;
  } catch (error) {
    view?.stop();
    const known = error instanceof AppError ? error : toAppError(error);
    process.stderr.write(`talkbox: ${known.message} (${known.code})\n`);
    process.exitCode = interrupt.signal.aborted ? 130 : 1;
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function describe(report: ModelReport): string {
  const { title, variant, graphs, unused, error } = report;
  const rows: string[][] = [["size", showBytes(report.bytes)]];
  if (report.format !== "") {
    const dtypes = Object.entries(report.dtypes).map(([dtype, count]) => `${count} ${dtype}`);
    const about = dtypes.length > 0 ? ` (${dtypes.join(", ")}), ${report.numbers.toLocaleString("en")} numbers` : "";
    rows.push(["form", FORMATS[report.format] ?? report.format], ["tensors", `${report.tensors}${about}`]);
  }
  if (title !== "") rows.push(["network", variant === "" ? title : `${title}, ${variant}`]);
  for (const { part, nodes, bytes } of graphs) rows.push([`graph ${part}`, `${nodes} nodes, ${showBytes(bytes)}`]);
  if (unused.length > 0) rows.push(["not used", `${unused.length} tensors, such as "${unused[0]}"`]);
  if (report.licence !== "") rows.push(["licence", report.licence]);
  rows.push(error ? ["unusable", `${error.message} (${error.code})`] : ["state", "ready"]);
  return [report.file, ...columns(rows).map((line) => `  ${line}`)].join("\n");
}
