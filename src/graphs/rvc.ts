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
   * - `latent` [batch, inter, frames] float32: a part of what the other graph made, `RVC_REACH` frames more on either side
   *   of what is wanted, or up to its ends
   * - with f0: `source` [batch, 1, frames · hop] float32, sine and noise (`src/signal/voice/sine-source.ts`)
   * - `sid` [batch] int64, the speaker
   * - `cut` [1] int64, frames to leave out at either end once the first stage has heard them: `RVC_CUT`, or none
   *
   * → `audio` [batch, 1, (frames − 2 · cut) · hop] float32
   */
  readonly sound: Graph;
  /** Keys that neither needs; those of training (`enc_q.…`) are none of them. */
  readonly unused: readonly string[];
};

/**
 * Frames on either side that a sample of the decoder's depends on, at most: what is heard of a part of a latent is what is
 * heard of the whole. Of the blocks' filters those of 11 taps with dilations of 1, 3 and 5 reach 60 samples of their
 * stage's rate, which is 10 times the frames' at least: 6 frames, 3 of the first filter's, and as many again of the later
 * stages', which are finer.
 */
export const RVC_REACH = 14;

/** Frames of those that only the first stage needs: the later ones, which are most of the work, are spared them. */
export const RVC_CUT = 10;

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
