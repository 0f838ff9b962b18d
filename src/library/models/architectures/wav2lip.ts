import { buildWav2Lip, wav2lipSize, type Wav2LipSize } from "../../../graphs/wav2lip.ts";
import type { Architecture } from "../architecture.ts";

/**
 * Parts: `face` (pixels → features), `mouth` (mel and features → pixels) and `whole` (both); variants: the side of the face.
 */
export const WAV2LIP: Architecture = {
  family: "wav2lip",
  title: "Wav2Lip",
  licence: "Its authors allow research and personal use, and no commercial use: it was trained on LRS2.",
  marks: ["face_encoder_blocks.0.0.conv_block.0.weight", "audio_encoder.0.conv_block.0.weight"],
  recognise(checkpoint) {
    const size = wav2lipSize(checkpoint);
    return size === undefined ? undefined : String(size);
  },
  graphs: {
    version: 4,
    parts: ["face", "mouth", "whole"],
    build(checkpoint, variant, part, precision) {
      const graphs = buildWav2Lip(checkpoint, Number(variant) as Wav2LipSize, { precision });
      return { graph: graphs[part as "face" | "mouth" | "whole"], unused: graphs.unused };
    },
  },
};
