import type { Checkpoint } from "../../../checkpoints/checkpoint.ts";
import type { Architecture } from "../architecture.ts";

/**
 * Networks that people have files of and that nothing here can run yet: a file of one is told what it is, instead of
 * that it is unknown. One that gets graphs moves into a file of its own.
 */
export const KNOWN_BY_NAME: readonly Architecture[] = [
  {
    family: "rvc",
    title: "an RVC voice",
    licence: "As the voice's maker says; a singer's rights in their voice remain.",
    marks: ["enc_p.emb_phone.weight", "dec.conv_pre.weight", "flow.flows.0.pre.weight"],
    recognise: describeRvc,
  },
  {
    family: "contentvec",
    title: "ContentVec or HuBERT base",
    licence: "MIT, as fairseq, ContentVec and RVC are.",
    marks: ["encoder.layers.11.final_layer_norm.weight"],
    recognise: ({ tensors }) =>
      [...tensors.keys()].some((key) => /(^|\.)encoder\.layers\.11\.final_layer_norm\.weight$/.test(key)) &&
      [...tensors.keys()].some((key) => /(^|\.)feature_extractor\.conv_layers\.6\.(0|conv)\.weight$/.test(key))
        ? ""
        : undefined,
  },
  {
    family: "musetalk",
    title: "MuseTalk's UNet",
    licence: "Its authors allow any use of the weights, commercial too; the code is MIT.",
    marks: ["down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight", "conv_norm_out.weight"],
    recognise({ tensors }) {
      const context = tensors.get("down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight")?.shape[1];
      return context === 384 && tensors.get("conv_in.weight")?.shape[1] === 8 ? "" : undefined;
    },
  },
  {
    family: "sd-vae",
    title: "Stable Diffusion's autoencoder",
    licence: "As its publisher says.",
    marks: ["encoder.conv_in.weight", "decoder.conv_out.weight", "quant_conv.weight"],
    recognise: byMarks,
  },
  {
    family: "whisper",
    title: "Whisper",
    licence: "As its publisher says: OpenAI's is MIT.",
    marks: ["model.encoder.embed_positions.weight", "encoder.positional_embedding"],
    recognise({ tensors }) {
      const positions =
        tensors.get("model.encoder.embed_positions.weight") ?? tensors.get("encoder.positional_embedding");
      const names: Readonly<Record<number, string>> = { 384: "tiny", 512: "base", 768: "small", 1024: "medium" };
      const [, width] = positions?.shape ?? [];
      return width === undefined ? undefined : (names[width] ?? "large");
    },
  },
  {
    family: "face-parsing",
    title: "BiSeNet for parsing faces",
    licence: "It was trained on CelebAMask-HQ, which is not for commercial use.",
    marks: ["cp.arm16.conv.conv.weight", "ffm.convblk.conv.weight"],
    recognise: byMarks,
  },
];

/** For a network of one form: all its marks are there. */
function byMarks(this: Architecture, { tensors }: Checkpoint): string | undefined {
  return this.marks.every((key) => tensors.has(key)) ? "" : undefined;
}

/** Version by the width of the features, rate by the last item of its config, as RVC itself goes by. */
function describeRvc(this: Architecture, { tensors, fields }: Checkpoint): string | undefined {
  const width = tensors.get("enc_p.emb_phone.weight")?.shape[1];
  if (width === undefined || !this.marks.every((key) => tensors.has(key))) return undefined;
  const config = fields.get("config");
  const rate = Array.isArray(config) ? Number(config.at(-1)) : Number.NaN;
  const parts = [width === 256 ? "v1" : "v2"];
  if (Number.isInteger(rate)) parts.push(`${rate / 1000}k`);
  if (!tensors.has("enc_p.emb_pitch.weight")) parts.push("without f0");
  return parts.join(" ");
}
