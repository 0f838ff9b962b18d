import type { Checkpoint, GraphValue } from "../../../checkpoints/checkpoint.ts";
import { AppError } from "../../../errors.ts";
import { RMVPE_BANDS } from "../../../graphs/rmvpe-mel.ts";
import { RMVPE_PITCHES } from "../../../graphs/rmvpe.ts";
import type { Architecture } from "../architecture.ts";

/** RMVPE as others export it to ONNX. Which file has which form: tools/graph-goldens/ready.py. */

/** How a ready graph is run. */
export type RmvpeForm = {
  readonly input: string;
  /** `sound` [1, samples] at 16 kHz, or `mel` [1, 128, frames], frames a multiple of 32. */
  readonly hears: "sound" | "mel";
  /** Likelihood under which nothing is sung: its input, and whether it is a number or a row of one. */
  readonly threshold?: { readonly input: string; readonly rank: number };
  readonly output: string;
  /** `salience` [1, frames, 360], or `hz` [1, frames]. */
  readonly says: "salience" | "hz";
};

const TAKEN =
  "Taken are graphs in float32 from a log-mel [1, 128, frames] (rmvpe.onnx of RVC) or from sound [1, samples], to [1, frames, 360], or with a threshold as second input to Hz [1, frames] (waveform and threshold to f0 or pitchf). Or use rmvpe.pt.";

/** Both directions of what listens to time: what the last matrix takes. */
const HIDDEN = 512;

/** Variants: what goes in and what comes out, such as `mel to salience`. */
export const RMVPE_ONNX: Architecture = {
  family: "rmvpe",
  title: "RMVPE in ONNX",
  licence: "Published with RVC (MIT); as a publisher says where another has exported it.",
  marks: [],
  ready: true,
  recognise(checkpoint) {
    const form = rmvpeForm(checkpoint);
    return form && `${form.hears} to ${form.says}`;
  },
};

/**
 * How a ready graph is to be run; undefined for one that is no RMVPE.
 * @throws AppError `model_unusable` for RMVPE in a form that is not taken
 */
export function rmvpeForm({ file, onnx, tensors }: Checkpoint): RmvpeForm | undefined {
  if (!onnx) return undefined;
  const last = [...tensors.values()].some(
    ({ shape }) => shape.length === 2 && shape.includes(RMVPE_PITCHES) && shape.includes(HIDDEN),
  );
  // Of 360 pitches there are other networks too, which hear bands last and frames first.
  const [input, second, third] = onnx.inputs;
  if (!last || !input || input.shape.at(-1) === RMVPE_BANDS) return undefined;
  const refused = (what: string): AppError => new AppError("model_unusable", `${file}: ${what}. ${TAKEN}`);
  const hears = heardBy(input);
  if (!hears || third || (second && second.shape.length > 1)) {
    throw refused(`it is an RMVPE with the inputs ${onnx.inputs.map(shown).join(" and ")}`);
  }
  for (const { name, dtype } of [input, ...(second ? [second] : [])]) {
    if (dtype !== "f32") throw refused(`it is an RMVPE whose input ${name} takes ${dtype ?? "no numbers"}`);
  }
  const output = onnx.outputs.find(({ dtype }) => dtype === "f32");
  const says = second ? "hz" : "salience";
  const fits = output && fitsOutput(output, says);
  if (!fits) throw refused(`it is an RMVPE with the outputs ${onnx.outputs.map(shown).join(" and ")}`);
  const threshold = second && { input: second.name, rank: second.shape.length };
  return { input: input.name, hears, ...(threshold ? { threshold } : {}), output: output.name, says };
}

function heardBy({ shape }: GraphValue): RmvpeForm["hears"] | undefined {
  const [batch = 2, ...rest] = shape;
  if (batch > 1 || rest.at(-1) !== 0) return undefined;
  if (rest.length === 1) return "sound";
  return rest.length === 2 && rest[0] === RMVPE_BANDS ? "mel" : undefined;
}

/** Exporters leave sides of outputs without numbers, or all of them out. */
function fitsOutput({ shape }: GraphValue, says: RmvpeForm["says"]): boolean {
  if (shape.length === 0) return true;
  if (says === "hz") return shape.length === 2;
  return shape.length === 3 && [0, RMVPE_PITCHES].includes(shape[2] as number);
}

function shown({ name, shape }: GraphValue): string {
  return `${name} [${shape.map((side) => (side === 0 ? "any" : side)).join(", ")}]`;
}
