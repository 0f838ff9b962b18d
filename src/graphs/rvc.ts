import type { Checkpoint } from "../checkpoints/checkpoint.ts";
import { type Graph, GraphBuilder, type Precision } from "./graph-builder.ts";
import { add, cast, multiply, scaleBy } from "./nn.ts";
import type { Value } from "./onnx/types.ts";
import { decodeSound } from "./rvc-decoder.ts";
import { encodePhones, frameMask } from "./rvc-encoder.ts";
import { reverseFlow } from "./rvc-flow.ts";
import type { RvcVoice } from "./rvc-voice.ts";
import { weightOf, Weights } from "./weights.ts";

/**
 * The generator of RVC (Retrieval-based Voice Conversion; `infer_pack/models.py` is the reference): what is said, as
 * features, and how high, to the sound of a voice. It is VITS (Kim et al. 2021) with features for text. Everything random
 * comes in from outside, so that the same seed makes the same sound. It comes in two graphs: the first hears all of a
 * passage at once and is quick, the second makes the samples, hears no further than some frames, and can be run on short
 * parts: so it needs little memory, and stops when it is told to.
 */

/** How much of the noise goes into the hidden sound. */
const NOISE = 0.66666;

/** The graphs of a voice. */
export type RvcGraphs = {
  /**
   * - `phone` [batch, frames, 256 or 768] float32, 100 frames a second; `lengths` [batch] int64, frames that are there:
   *   what comes after them is padding, and changes nothing before them
   * - with f0: `pitch` [batch, frames] int64, notes from 1 to 255
   * - `noise` [batch, inter, frames] float32, normally distributed; zeros make the voice's mean
   * - `sid` [batch] int64, the speaker
   *
   * → `latent` [batch, inter, frames] float32, zero beyond `lengths`
   */
  readonly latent: Graph;
  /**
   * - `latent` [batch, inter, frames] float32: a part of what the other graph made, some frames more on either side of what is
   *   wanted (`reachOf`), or up to its ends
   * - with f0: `source` [batch, 1, frames · hop] float32, sine and noise (`src/signal/voice/sine-source.ts`)
   * - `sid` [batch] int64, the speaker
   * - `cut` [1] int64, frames to leave out at either end once the first stage has heard them: those of `reachOf`, or none
   *
   * → `audio` [batch, 1, (frames − 2 · cut) · hop] float32
   */
  readonly sound: Graph;
  /** Keys that neither needs; those of training (`enc_q.…`) are none of them. */
  readonly unused: readonly string[];
};

/** How far the decoder hears, in frames on either side. */
export type RvcReach = {
  /** What a sample depends on, at most: what is heard of a part of a latent is what is heard of the whole. */
  readonly reach: number;
  /** Frames of those that only the first stage needs: the later ones, which are most of the work, are spared them. */
  readonly cut: number;
};

/** Samples that the first and the last filter hear on either side, and those that the source's are rounded by. */
const ENDS = 3;
const SOURCE = 2;

/** Each stage's filters reach so many samples of their own rate, of which there are more to a frame from one to the next. */
export function reachOf({ stages, blocks }: Pick<RvcVoice, "stages" | "blocks">): RvcReach {
  const reaches = blocks.map(({ kernel, dilations }) => {
    const pairs = dilations.reduce((sum, dilation) => sum + dilation + 1, 0);
    return (pairs * (kernel - 1)) / 2;
  });
  const widest = Math.max(...reaches);
  let made = 1;
  let first = ENDS;
  let later = 0;
  for (const [stage, { rate, kernel }] of stages.entries()) {
    made *= rate;
    const frames = (widest + kernel / 2 + SOURCE) / made;
    if (stage === 0) first += frames;
    else later += frames;
  }
  later += ENDS / made;
  const reach = Math.ceil(first + later);
  return { reach, cut: reach - Math.ceil(later) };
}

/** @throws AppError `model_unusable` when a weight is missing or of another shape */
export function buildRvc(checkpoint: Checkpoint, voice: RvcVoice, precision: Precision = "float32"): RvcGraphs {
  const w = new Weights(checkpoint, `an RVC voice (${describeRvc(voice)})`);
  const [latent, sound] = [latentGraph(w, voice, precision), soundGraph(w, voice, precision)];
  return { latent, sound, unused: w.unused().filter((key) => !key.startsWith("enc_q.")) };
}

function latentGraph(w: Weights, voice: RvcVoice, precision: Precision): Graph {
  const { features, f0, inter } = voice;
  const g = new GraphBuilder(`${graphName(voice)}-latent`, precision);
  const phone = g.input("phone", "float32", ["batch", "frames", features]);
  const lengths = g.input("lengths", "int64", ["batch"]);
  const pitch = f0 ? g.input("pitch", "int64", ["batch", "frames"]) : undefined;
  const noise = g.input("noise", "float32", ["batch", inter, "frames"]);
  const mask = frameMask(g, phone, lengths);
  const speaker = speakerOf(g, w, voice);
  const { mean, logDeviation } = encodePhones(g, w, voice, { phone: cast(g, phone, precision), pitch }, mask);
  const deviation = g.node("Exp", [logDeviation], logDeviation);
  const drawn: Value = add(g, mean, scaleBy(g, multiply(g, deviation, noise), NOISE));
  const hidden = multiply(g, cast(g, drawn, precision), mask.columns);
  g.output("latent", cast(g, reverseFlow(g, w, voice, hidden, speaker, mask.columns), "float32"));
  return g.finish();
}

function soundGraph(w: Weights, voice: RvcVoice, precision: Precision): Graph {
  const { f0, hop, inter } = voice;
  const g = new GraphBuilder(`${graphName(voice)}-sound`, precision);
  const latent = g.input("latent", "float32", ["batch", inter, "frames"]);
  const source = f0 ? g.input("source", "float32", ["batch", 1, `frames*${hop}`]) : undefined;
  const speaker = speakerOf(g, w, voice);
  const cut = g.input("cut", "int64", [1]);
  g.output("audio", decodeSound(g, w, voice, cast(g, latent, precision), speaker, cut, source));
  return g.finish();
}

/** What a voice's speaker has for a name, [batch, width, 1]. */
function speakerOf(g: GraphBuilder, w: Weights, { speakers, speaker: width }: RvcVoice): Value {
  const sid = g.input("sid", "int64", ["batch"]);
  const table = weightOf(g, "emb_g.weight", [speakers, width], w.numbers("emb_g.weight", [speakers, width]));
  const row = g.node("Gather", [table, sid], { shape: ["batch", width] }, { axis: 0 });
  return g.node("Unsqueeze", [row, g.constant("last", "int64", [1], [2])], { shape: ["batch", width, 1] });
}

function graphName({ version, sampleRate }: RvcVoice): string {
  return `rvc-${version}-${sampleRate / 1000}k`;
}

/** What people call a voice's kind, such as `v2 48k` and `v1 40k without f0`. */
export function describeRvc({ version, sampleRate, f0 }: RvcVoice): string {
  return [version, `${sampleRate / 1000}k`, ...(f0 ? [] : ["without f0"])].join(" ");
}
