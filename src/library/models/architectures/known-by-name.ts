import type { Checkpoint } from "../../../checkpoints/checkpoint.ts";
import type { Architecture } from "../architecture.ts";

/**
 * Networks that people have files of and that nothing here can run yet: a file of one is told what it is, instead of
 * that it is unknown. One that gets graphs moves into a file of its own.
 */
export const KNOWN_BY_NAME: readonly Architecture[] = [
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
