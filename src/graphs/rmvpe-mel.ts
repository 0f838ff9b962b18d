import { hannWindow } from "../signal/stft.ts";
import type { GraphBuilder } from "./graph-builder.ts";
import type { Value } from "./onnx/types.ts";
import { weightOf } from "./weights.ts";

/** How RMVPE listens: log-mel of magnitudes, `MelSpectrogram` of its `rmvpe.py`. */
export const RMVPE_RATE = 16_000;
export const RMVPE_HOP = 160;
export const RMVPE_BANDS = 128;
const WINDOW = 1024;
const BINS = WINDOW / 2 + 1;
const LOW_HZ = 30;
const HIGH_HZ = 8000;
/** Magnitudes under this are silence. */
const FLOOR = 1e-5;

const toMel = (hz: number): number => 2595 * Math.log10(1 + hz / 700);
const toHz = (mel: number): number => 700 * (10 ** (mel / 2595) - 1);

/**
 * Sound [batch, samples] at 16 kHz → mel [batch, 128, frames] float32, a frame each 10 ms, the first centred on the first
 * sample; at the ends the sound is mirrored. The spectrum is a convolution with the window's sines and cosines: next to the
 * network it costs nothing, and the sound need not be looked at outside of the graph.
 */
export function melOf(g: GraphBuilder, audio: Value): Value {
  const [batch] = audio.shape;
  return g.scope("mel", () => {
    const row = g.node("Unsqueeze", [audio, g.constant("axis", "int64", [1], [1])], {
      shape: [batch ?? 1, 1, "samples"],
    });
    const sides = g.constant("sides", "int64", [6], [0, 0, WINDOW / 2, 0, 0, WINDOW / 2]);
    const mirrored = g.node("Pad", [row, sides], { shape: [batch ?? 1, 1, "mirrored"] }, { mode: "reflect" });
    // In float32 in a graph of float16 too: quiet bands beside loud ones are more than that can tell.
    const parts = [Math.cos, Math.sin].map((wave, i) => {
      const filters = weightOf(
        g,
        `constant/mel/${i === 0 ? "cosines" : "sines"}`,
        [BINS, 1, WINDOW],
        async () => waves(wave),
        "float32",
      );
      const attributes = { kernel_shape: [WINDOW], strides: [RMVPE_HOP] };
      const part = g.node("Conv", [mirrored, filters], { shape: [batch ?? 1, BINS, "frames"] }, attributes);
      return g.node("Mul", [part, part], part);
    });
    const [real, imaginary] = parts as [Value, Value];
    const magnitude = g.node("Sqrt", [g.node("Add", [real, imaginary], real)], real);
    const bands = weightOf(g, "constant/mel/bands", [RMVPE_BANDS, BINS], async () => rmvpeBands(), "float32");
    const made = g.node("MatMul", [bands, magnitude], { type: "float32", shape: [batch ?? 1, RMVPE_BANDS, "frames"] });
    const heard = g.node("Max", [made, g.constant("floor", "float32", [], [FLOOR])], made);
    return g.node("Log", [heard], heard);
  });
}

/** A window of each bin's wave, one bin after the other. */
function waves(wave: (angle: number) => number): Float32Array {
  const window = hannWindow(WINDOW);
  const out = new Float32Array(BINS * WINDOW);
  for (let bin = 0; bin < BINS; bin++) {
    for (let i = 0; i < WINDOW; i++) {
      // The angle within one turn, so that it keeps its precision.
      out[bin * WINDOW + i] = wave((2 * Math.PI * ((bin * i) % WINDOW)) / WINDOW) * (window[i] as number);
    }
  }
  return out;
}

/** What each bin counts in each band, [128, 513]: triangles on O'Shaughnessy's scale, each divided by its width. */
export function rmvpeBands(): Float32Array {
  const out = new Float32Array(RMVPE_BANDS * BINS);
  const low = toMel(LOW_HZ);
  const step = (toMel(HIGH_HZ) - low) / (RMVPE_BANDS + 1);
  for (let band = 0; band < RMVPE_BANDS; band++) {
    const [left, middle, right] = [0, 1, 2].map((k) => toHz(low + (band + k) * step)) as [number, number, number];
    for (let bin = 0; bin < BINS; bin++) {
      const hz = (bin * RMVPE_RATE) / WINDOW;
      const height = Math.min((hz - left) / (middle - left), (right - hz) / (right - middle));
      out[band * BINS + bin] = (Math.max(0, height) * 2) / (right - left);
    }
  }
  return out;
}
