import type { GraphBuilder } from "./graph-builder.ts";
import { add, cast, conv, type ConvOptions, convTranspose, leakyRelu, scaleBy, tanh } from "./nn.ts";
import type { Dim, Value } from "./onnx/types.ts";
import type { RvcVoice } from "./rvc-voice.ts";
import { weightNorm } from "./weight-norm.ts";
import { weightOf, type Weights } from "./weights.ts";

/** Slope of the rectifiers, and of the last one, for which the reference keeps PyTorch's own. */
const SLOPE = 0.1;
const LAST_SLOPE = 0.01;

/**
 * The decoder, HiFi-GAN (Kong et al. 2020) with a source of the pitch's phase (Wang et al. 2019) where the voice has f0.
 * @param x [batch, inter, frames]
 * @param speaker [batch, width, 1]
 * @param cut [1] int64: frames at either end that only the first stage hears
 * @param source [batch, 1, frames · hop] float32: sine and noise; undefined for a voice without f0
 * @returns [batch, 1, (frames − 2 · cut) · hop] float32 from −1 to 1
 */
export function decodeSound(
  g: GraphBuilder,
  w: Weights,
  voice: RvcVoice,
  x: Value,
  speaker: Value,
  cut: Value,
  source?: Value,
): Value {
  const { channels, stages, blocks, hop, inter, speaker: width } = voice;
  const heardOf = middleOf(g, x, cut);
  let frames = x.shape[2] as string;
  let excitation = source && asRow(g, merged(g, w, source));
  const share = conv(g, w, asRow(g, speaker), "dec.cond", inRows(w, "dec.cond", [channels, width, 1]));
  const begun = conv(
    g,
    w,
    asRow(g, x),
    "dec.conv_pre",
    inRows(w, "dec.conv_pre", [channels, inter, 7], { padding: 3 }),
  );
  let sound = g.node("Add", [begun, share], begun);
  let made = 1;
  for (const [stage, { rate, kernel }] of stages.entries()) {
    const [wide, out] = [channels / 2 ** stage, channels / 2 ** (stage + 1)];
    made *= rate;
    const sides = [1, `${frames}*${made}`];
    const key = `dec.ups.${stage}`;
    sound = convTranspose(g, w, leakyRelu(g, sound, SLOPE), key, {
      out,
      kernel: [1, kernel],
      stride: [1, rate],
      padding: [0, Math.floor((kernel - rate) / 2)],
      filters: weightNorm(w, key, [wide, out, kernel]),
      sides,
    });
    if (excitation) {
      const step = hop / made;
      const last = stage === stages.length - 1;
      const taps = last ? {} : { stride: step, padding: Math.floor(step / 2) };
      const heard = `dec.noise_convs.${stage}`;
      const options = inRows(w, heard, [out, 1, last ? 1 : 2 * step], taps);
      sound = add(g, sound, conv(g, w, excitation, heard, { ...options, sides }));
    }
    const sums = blocks.map((block, i) => residual(g, w, sound, `dec.resblocks.${stage * blocks.length + i}`, block));
    sound = scaleBy(
      g,
      sums.reduce((a, b) => add(g, a, b)),
      1 / blocks.length,
    );
    if (stage > 0) continue;
    // Its filters reach as far as those of all later stages together do several times over: what it alone needed goes.
    frames = "kept";
    sound = heardOf(sound, made, [1, `${frames}*${made}`]);
    excitation &&= heardOf(excitation, hop, [1, `${frames}*${hop}`]);
  }
  const heard = leakyRelu(g, sound, LAST_SLOPE);
  const least = channels / 2 ** stages.length;
  const post = { ...inRows(w, "dec.conv_post", [1, least, 7], { padding: 3 }), bias: false };
  const audio = cast(g, conv(g, w, heard, "dec.conv_post", post), "float32");
  const row = g.constant("row", "int64", [1], [2]);
  const shape = [audio.shape[0] ?? 1, 1, audio.shape[3] ?? 1];
  return tanh(g, g.node("Squeeze", [audio, row], { shape }));
}

/** What cuts `cut` frames off both ends of rows that have so many samples to a frame of a sequence. */
function middleOf(
  g: GraphBuilder,
  sequence: Value,
  cut: Value,
): (row: Value, samples: number, sides: readonly Dim[]) => Value {
  const count = { type: "int64", shape: [1] } as const;
  const frames = g.node("Shape", [sequence], count, { start: 2, end: 3 });
  const last = g.node("Sub", [frames, cut], count);
  const int = (name: string, value: number): Value => g.constant(name, "int64", [1], [value]);
  return (row, samples, sides) => {
    const times = int("samples", samples);
    const [from, to] = [cut, last].map((place) => g.node("Mul", [place, times], count));
    return g.node("Slice", [row, from, to, int("time", 3)], { shape: [...row.shape.slice(0, 2), ...sides] });
  };
}

/** A sequence as a picture of one row: ONNX Runtime's convolutions of two sides are twice as fast as those of one. */
function asRow(g: GraphBuilder, x: Value): Value {
  const [batch = 1, channels = 1, length = 1] = x.shape;
  return g.node("Unsqueeze", [x, g.constant("row", "int64", [1], [2])], { shape: [batch, channels, 1, length] });
}

/** A convolution over such a row with the filters of one over a sequence, [out, in, taps]. */
function inRows(
  w: Weights,
  key: string,
  shape: readonly [out: number, from: number, taps: number],
  { stride = 1, padding = 0 }: { readonly stride?: number; readonly padding?: number } = {},
): ConvOptions {
  const [out, , taps] = shape;
  const filters = w.numbers(`${key}.weight`, shape);
  return { out, kernel: [1, taps], stride: [1, stride], padding: [0, padding], filters };
}

/** The source as the network hears it, in float32 whatever the graph's precision: it carries the phase. */
function merged(g: GraphBuilder, w: Weights, source: Value): Value {
  const key = "dec.m_source.l_linear";
  const weight = weightOf(g, `${key}.weight`, [1], w.numbers(`${key}.weight`, [1, 1]), "float32");
  const bias = weightOf(g, `${key}.bias`, [1], w.numbers(`${key}.bias`, [1]), "float32");
  return g.scope(key, () => {
    const scaled = g.node("Mul", [source, weight], source);
    return cast(g, tanh(g, g.node("Add", [scaled, bias], source)), g.precision);
  });
}

/** Three pairs of convolutions, each added to what went into it. */
function residual(
  g: GraphBuilder,
  w: Weights,
  x: Value,
  key: string,
  { kernel, dilations }: RvcVoice["blocks"][number],
): Value {
  const width = x.shape[1] as number;
  const part = (value: Value, at: string, dilation: number): Value =>
    conv(g, w, leakyRelu(g, value, SLOPE), at, {
      out: width,
      kernel: [1, kernel],
      dilation: [1, dilation],
      padding: [0, (dilation * (kernel - 1)) / 2],
      filters: weightNorm(w, at, [width, width, kernel]),
    });
  let value = x;
  for (const [i, dilation] of dilations.entries()) {
    const turned = part(part(value, `${key}.convs1.${i}`, dilation), `${key}.convs2.${i}`, 1);
    value = g.stoppable(add(g, turned, value));
  }
  return value;
}
