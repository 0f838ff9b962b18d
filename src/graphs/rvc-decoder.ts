import type { GraphBuilder } from "./graph-builder.ts";
import { add, cast, conv, convTranspose, leakyRelu, scaleBy, tanh } from "./nn.ts";
import type { Value } from "./onnx/types.ts";
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
 * @param source [batch, 1, frames · hop] float32: sine and noise; undefined for a voice without f0
 * @returns [batch, 1, frames · hop] float32 from −1 to 1
 */
export function decodeSound(
  g: GraphBuilder,
  w: Weights,
  voice: RvcVoice,
  x: Value,
  speaker: Value,
  source?: Value,
): Value {
  const { channels, stages, blocks, hop } = voice;
  const frames = x.shape[2] as string;
  const excitation = source && merged(g, w, source);
  const share = conv(g, w, speaker, "dec.cond", { out: channels, kernel: 1 });
  const begun = conv(g, w, x, "dec.conv_pre", { out: channels, kernel: 7, padding: 3 });
  let sound = g.node("Add", [begun, share], begun);
  let made = 1;
  for (const [stage, { rate, kernel }] of stages.entries()) {
    const [wide, out] = [channels / 2 ** stage, channels / 2 ** (stage + 1)];
    made *= rate;
    const sides = [`${frames}*${made}`];
    const key = `dec.ups.${stage}`;
    sound = convTranspose(g, w, leakyRelu(g, sound, SLOPE), key, {
      out,
      kernel,
      stride: rate,
      padding: Math.floor((kernel - rate) / 2),
      filters: weightNorm(w, key, [wide, out, kernel]),
      sides,
    });
    if (excitation) {
      const step = hop / made;
      const last = stage === stages.length - 1;
      const taps = last ? { kernel: 1 } : { kernel: 2 * step, stride: step, padding: Math.floor(step / 2) };
      sound = add(g, sound, conv(g, w, excitation, `dec.noise_convs.${stage}`, { out, ...taps, sides }));
    }
    const sums = blocks.map((block, i) => residual(g, w, sound, `dec.resblocks.${stage * blocks.length + i}`, block));
    sound = scaleBy(
      g,
      sums.reduce((a, b) => add(g, a, b)),
      1 / blocks.length,
    );
  }
  const heard = leakyRelu(g, sound, LAST_SLOPE);
  return tanh(
    g,
    cast(g, conv(g, w, heard, "dec.conv_post", { out: 1, kernel: 7, padding: 3, bias: false }), "float32"),
  );
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
      kernel,
      dilation,
      padding: (dilation * (kernel - 1)) / 2,
      filters: weightNorm(w, at, [width, width, kernel]),
    });
  let value = x;
  for (const [i, dilation] of dilations.entries()) {
    value = add(g, part(part(value, `${key}.convs1.${i}`, dilation), `${key}.convs2.${i}`, 1), value);
  }
  return value;
}
