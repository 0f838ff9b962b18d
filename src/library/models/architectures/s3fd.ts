import { buildS3fd, isS3fd } from "../../../graphs/s3fd.ts";
import type { Architecture } from "../architecture.ts";

/** Parts: `faces`, with the brightness taken off as the network was trained, and `faces-vendored`, as Wav2Lip's copy does. */
export const S3FD: Architecture = {
  family: "s3fd",
  title: "S3FD",
  licence:
    "Published with face-alignment (BSD 3-Clause); it was trained on WIDER FACE, whose pictures are for research.",
  marks: ["conv3_3_norm_mbox_conf.weight", "conv7_2_mbox_loc.weight"],
  recognise: (checkpoint) => (isS3fd(checkpoint) ? "" : undefined),
  graphs: {
    version: 1,
    parts: ["faces", "faces-vendored"],
    build: (checkpoint, _variant, part, precision) =>
      buildS3fd(checkpoint, part === "faces" ? "right" : "vendored", precision),
  },
};
