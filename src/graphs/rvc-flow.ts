import type { GraphBuilder } from "./graph-builder.ts";
import { add, concat, conv, multiply, sigmoid, slice, tanh } from "./nn.ts";
import type { Value } from "./onnx/types.ts";
import type { RvcVoice } from "./rvc-voice.ts";
import { weightNorm } from "./weight-norm.ts";
import type { Numbers, Weights } from "./weights.ts";

/** Couplings, layers of each, and taps of their filters: the same in every RVC. */
const COUPLINGS = 4;
const LAYERS = 3;
const KERNEL = 5;

/**
 * The flow, backwards: from the encoder's hidden sound to the decoder's. Between its couplings the channels are turned
 * around; here that is in the weights of every other one, so that the two halves stay where they are.
 * @param x [batch, inter, frames], zero where the mask is
 * @param speaker [batch, width, 1]
 * @param mask [batch, 1, frames]
 */
export function reverseFlow(
  g: GraphBuilder,
  w: Weights,
  voice: RvcVoice,
  x: Value,
  speaker: Value,
  mask: Value,
): Value {
  const { inter, hidden } = voice;
  const half = inter / 2;
  let [first, second] = [slice(g, x, 1, 0, half), slice(g, x, 1, half, inter)];
  for (let coupling = COUPLINGS - 1; coupling >= 0; coupling--) {
    const key = `flow.flows.${2 * coupling}`;
    // The last coupling follows one turn, the one before it two, and so on.
    const turned = (COUPLINGS - coupling) % 2 === 1;
    const pre = w.numbers(`${key}.pre.weight`, [hidden, half, 1]);
    const from = conv(g, w, turned ? second : first, `${key}.pre`, {
      out: hidden,
      kernel: 1,
      filters: turned ? turnedAround(pre, half) : pre,
    });
    const made = waveNet(g, w, voice, multiply(g, from, mask), speaker, mask, `${key}.enc`);
    const post = w.numbers(`${key}.post.weight`, [half, hidden, 1]);
    const bias = w.numbers(`${key}.post.bias`, [half]);
    const mean = conv(g, w, g.stoppable(made), `${key}.post`, {
      out: half,
      kernel: 1,
      filters: turned ? rowsTurned(post, hidden) : post,
      offsets: turned ? turnedAround(bias, half) : bias,
    });
    const less = (value: Value): Value => g.node("Sub", [value, multiply(g, mean, mask)], value);
    if (turned) first = less(first);
    else second = less(second);
  }
  return concat(g, [first, second], 1);
}

/** Gated convolutions with the speaker's share, residual and skipping ways. */
function waveNet(
  g: GraphBuilder,
  w: Weights,
  { hidden, speaker: width }: RvcVoice,
  x: Value,
  speaker: Value,
  mask: Value,
  key: string,
): Value {
  const of = (name: string, out: number, from: number, kernel: number): Numbers =>
    weightNorm(w, `${key}.${name}`, [out, from, kernel]);
  const all = 2 * hidden * LAYERS;
  const shares = conv(g, w, speaker, `${key}.cond_layer`, {
    out: all,
    kernel: 1,
    filters: of("cond_layer", all, width, 1),
  });
  let out: Value | undefined;
  for (let layer = 0; layer < LAYERS; layer++) {
    const name = `in_layers.${layer}`;
    const heard = conv(g, w, x, `${key}.${name}`, {
      out: 2 * hidden,
      kernel: KERNEL,
      padding: (KERNEL - 1) / 2,
      filters: of(name, 2 * hidden, hidden, KERNEL),
    });
    const share = slice(g, shares, 1, 2 * hidden * layer, 2 * hidden * (layer + 1));
    const sum = g.node("Add", [heard, share], heard);
    const gated = multiply(g, tanh(g, slice(g, sum, 1, 0, hidden)), sigmoid(g, slice(g, sum, 1, hidden, 2 * hidden)));
    const last = layer === LAYERS - 1;
    const skipName = `res_skip_layers.${layer}`;
    const outs = last ? hidden : 2 * hidden;
    const ways = conv(g, w, gated, `${key}.${skipName}`, {
      out: outs,
      kernel: 1,
      filters: of(skipName, outs, hidden, 1),
    });
    if (!last) x = multiply(g, add(g, x, slice(g, ways, 1, 0, hidden)), mask);
    const skipped = last ? ways : slice(g, ways, 1, hidden, 2 * hidden);
    out = out ? add(g, out, skipped) : skipped;
  }
  return multiply(g, out as Value, mask);
}

/** Numbers with every run of `length` turned around. */
function turnedAround(numbers: Numbers, length: number): Numbers {
  return async () => {
    const values = (await numbers()).slice();
    for (let at = 0; at < values.length; at += length) values.subarray(at, at + length).reverse();
    return values;
  };
}

/** A matrix with its rows in the other order. */
function rowsTurned(numbers: Numbers, width: number): Numbers {
  return async () => {
    const values = await numbers();
    const out = new Float32Array(values.length);
    for (let at = 0; at < values.length; at += width) {
      out.set(values.subarray(at, at + width), values.length - at - width);
    }
    return out;
  };
}
