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
 * comes in from outside, so that the same seed makes the same sound.
 */

/** How much of the noise goes into the hidden sound. */
const NOISE = 0.66666;

/** The graph of a voice, and the keys that it does not need: those of training (`enc_q.…`) are none of them. */
export type RvcGraph = { readonly graph: Graph; readonly unused: readonly string[] };

/**
 * Builds the graph:
 * - `phone` [batch, frames, 256 or 768] float32, 100 frames a second; `lengths` [batch] int64, frames that are there:
 *   what comes after them is padding, and changes nothing before them but the last frames' reach of the decoder
 * - with f0: `pitch` [batch, frames] int64, notes from 1 to 255, and `source` [batch, 1, frames · hop] float32, sine and
 *   noise (`src/signal/voice/sine-source.ts`)
 * - `noise` [batch, inter, frames] float32, normally distributed; zeros make the voice's mean
 * - `sid` [batch] int64, the speaker
 *
 * → `audio` [batch, 1, frames · hop] float32
 * @throws AppError `model_unusable` when a weight is missing or of another shape
 */
export function buildRvc(checkpoint: Checkpoint, voice: RvcVoice, precision: Precision = "float32"): RvcGraph {
  const { version, sampleRate, features, f0, hop, inter, speakers, speaker: width } = voice;
  const w = new Weights(checkpoint, `an RVC voice (${describeRvc(voice)})`);
  const g = new GraphBuilder(`rvc-${version}-${sampleRate / 1000}k`, precision);
  const phone = g.input("phone", "float32", ["batch", "frames", features]);
  const lengths = g.input("lengths", "int64", ["batch"]);
  const pitch = f0 ? g.input("pitch", "int64", ["batch", "frames"]) : undefined;
  const source = f0 ? g.input("source", "float32", ["batch", 1, `frames*${hop}`]) : undefined;
  const noise = g.input("noise", "float32", ["batch", inter, "frames"]);
  const sid = g.input("sid", "int64", ["batch"]);

  const mask = frameMask(g, phone, lengths);
  const table = weightOf(g, "emb_g.weight", [speakers, width], w.numbers("emb_g.weight", [speakers, width]));
  const row = g.node("Gather", [table, sid], { shape: ["batch", width] }, { axis: 0 });
  const speaker = g.node("Unsqueeze", [row, g.constant("last", "int64", [1], [2])], { shape: ["batch", width, 1] });

  const { mean, logDeviation } = encodePhones(g, w, voice, { phone: cast(g, phone, precision), pitch }, mask);
  const deviation = g.node("Exp", [logDeviation], logDeviation);
  const drawn: Value = add(g, mean, scaleBy(g, multiply(g, deviation, noise), NOISE));
  const hidden = multiply(g, cast(g, drawn, precision), mask.columns);
  const sound = reverseFlow(g, w, voice, hidden, speaker, mask.columns);
  g.output("audio", decodeSound(g, w, voice, sound, speaker, source));
  return { graph: g.finish(), unused: w.unused().filter((key) => !key.startsWith("enc_q.")) };
}

/** What people call a voice's kind, such as `v2 48k` and `v1 40k without f0`. */
export function describeRvc({ version, sampleRate, f0 }: RvcVoice): string {
  return [version, `${sampleRate / 1000}k`, ...(f0 ? [] : ["without f0"])].join(" ");
}
