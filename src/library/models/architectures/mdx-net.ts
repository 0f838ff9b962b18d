import type { GraphValue } from "../../../checkpoints/checkpoint.ts";
import type { Architecture } from "../architecture.ts";

/** Least bins and frames: smaller pictures in four channels are other networks'. */
const LEAST = { bins: 256, frames: 16 } as const;

/**
 * Networks that separate songs, as Ultimate Vocal Remover publishes them: the file is the graph. Real and imaginary
 * parts of both sides' spectra go in, and the stem's come out. Variants: `3072x256`, bins and frames of a window.
 */
export const MDX_NET: Architecture = {
  family: "mdx-net",
  title: "an MDX-Net separation network",
  licence: "As its publisher says; the usual ones are published with Ultimate Vocal Remover (MIT).",
  marks: [],
  ready: true,
  recognise({ onnx }) {
    const [input, second] = onnx?.inputs ?? [];
    const [output, other] = onnx?.outputs ?? [];
    if (!input || second || !output || other) return undefined;
    const [, , bins = 0, frames = 0] = input.shape;
    if (!isSpectrum(input) || bins < LEAST.bins || frames < LEAST.frames) return undefined;
    // Exporters leave sides of outputs without numbers.
    const fits = output.shape.every((side, i) => i === 0 || side === 0 || side === input.shape[i]);
    return fits && [0, 4].includes(output.shape.length) ? `${bins}x${frames}` : undefined;
  },
};

function isSpectrum({ shape }: GraphValue): boolean {
  const [batch, channels] = shape;
  return shape.length === 4 && (batch === 0 || batch === 1) && channels === 4;
}
