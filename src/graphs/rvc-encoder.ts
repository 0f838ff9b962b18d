import { attention, layerNorm, linear } from "./attention.ts";
import type { GraphBuilder } from "./graph-builder.ts";
import { add, cast, conv, leakyRelu, multiply, permute, relu, scaleBy, slice } from "./nn.ts";
import type { Value } from "./onnx/types.ts";
import type { RvcVoice } from "./rvc-voice.ts";
import { weightOf, type Weights } from "./weights.ts";

/** Notes that the pitch is told as: 1 to 255, and 0 that none is. */
const NOTES = 256;

/** Which frames of a batch are there: as factors of [batch, time, 1] and [batch, 1, time], and as what scores lose. */
export type FrameMask = { readonly rows: Value; readonly columns: Value; readonly bias: Value };

/** Marks the frames before `lengths` of a sequence [batch, frames, …]. */
export function frameMask(g: GraphBuilder, sequence: Value, lengths: Value): FrameMask {
  const int = (name: string, shape: readonly number[], values: readonly number[]): Value =>
    g.constant(name, "int64", shape, values);
  const [batch, frames] = [sequence.shape[0] ?? 1, sequence.shape[1] ?? 1];
  const sides = g.node("Shape", [sequence], { type: "int64", shape: [sequence.shape.length] });
  const count = g.node("Gather", [sides, int("time", [], [1])], { shape: [] }, { axis: 0 });
  const places = g.node("Range", [int("first", [], [0]), count, int("step", [], [1])], { shape: [frames] });
  const ends = g.node("Unsqueeze", [lengths, int("axis", [1], [1])], { shape: [batch, 1] });
  const there = g.node("Less", [places, ends], { type: "bool", shape: [batch, frames] });
  const flags = cast(g, there, g.precision);
  const rows = g.node("Unsqueeze", [flags, int("last", [1], [2])], { shape: [batch, frames, 1] });
  const columns = g.node("Unsqueeze", [flags, int("middle", [1], [1])], { shape: [batch, 1, frames] });
  const one = g.constant("one", g.precision, [], [1]);
  const lost = scaleBy(g, g.node("Sub", [flags, one], flags), 1e4);
  const bias = g.node("Unsqueeze", [lost, int("heads", [2], [1, 2])], { shape: [batch, 1, 1, frames] });
  return { rows, columns, bias };
}

/** Mean and logarithm of the deviation of the hidden sound, each [batch, inter, frames] float32. */
export type Prior = { readonly mean: Value; readonly logDeviation: Value };

/**
 * The text encoder: a transformer over features and pitch.
 * @param phone features [batch, frames, 256 or 768]
 * @param pitch notes [batch, frames] int64; undefined for a voice without f0
 */
export function encodePhones(
  g: GraphBuilder,
  w: Weights,
  voice: RvcVoice,
  { phone, pitch }: { readonly phone: Value; readonly pitch?: Value | undefined },
  mask: FrameMask,
): Prior {
  const { hidden, filter, heads, layers, kernel, inter, features } = voice;
  const key = "enc_p.encoder";
  let x = linear(g, w, phone, "enc_p.emb_phone", [hidden, features]);
  if (pitch) {
    const name = "enc_p.emb_pitch.weight";
    const table = weightOf(g, name, [NOTES, hidden], w.numbers(name, [NOTES, hidden]));
    x = add(g, x, g.node("Gather", [table, pitch], { shape: x.shape }, { axis: 0 }));
  }
  x = multiply(g, leakyRelu(g, scaleBy(g, x, Math.sqrt(hidden)), 0.1), mask.rows);
  for (let layer = 0; layer < layers; layer++) {
    const at = `${key}.attn_layers.${layer}`;
    const rows = w.shape(`${at}.emb_rel_k`)[1] ?? 0;
    const looked = attention(g, w, x, {
      heads,
      query: `${at}.conv_q`,
      key: `${at}.conv_k`,
      value: `${at}.conv_v`,
      out: `${at}.conv_o`,
      taps: true,
      bias: mask.bias,
      relative: { key: `${at}.emb_rel_k`, value: `${at}.emb_rel_v`, window: Math.floor((rows - 1) / 2) },
    });
    x = g.stoppable(layerNorm(g, w, add(g, x, looked), `${key}.norm_layers_1.${layer}`, ["gamma", "beta"]));
    const ffn = `${key}.ffn_layers.${layer}`;
    const turned = multiply(g, permute(g, x, [0, 2, 1]), mask.columns);
    const wide = relu(g, conv(g, w, turned, `${ffn}.conv_1`, { out: filter, kernel, padding: (kernel - 1) / 2 }));
    const masked = multiply(g, wide, mask.columns);
    const narrow = conv(g, w, masked, `${ffn}.conv_2`, { out: hidden, kernel, padding: (kernel - 1) / 2 });
    const summed = add(g, x, permute(g, narrow, [0, 2, 1]));
    x = g.stoppable(layerNorm(g, w, summed, `${key}.norm_layers_2.${layer}`, ["gamma", "beta"]));
  }
  const stats = conv(g, w, permute(g, x, [0, 2, 1]), "enc_p.proj", { out: 2 * inter, kernel: 1 });
  const part = (from: number): Value => cast(g, slice(g, stats, 1, from, from + inter), "float32");
  return { mean: part(0), logDeviation: part(inter) };
}
