import { buildRvc, describeRvc } from "../../../graphs/rvc.ts";
import { rvcVoice } from "../../../graphs/rvc-voice.ts";
import type { Architecture } from "../architecture.ts";

/**
 * Parts: `latent` (features, pitch and noise → what is to be heard) and `sound` (that and the source → samples). Variants: version and rate, `v2 48k`, and
 * `without f0`.
 */
export const RVC: Architecture = {
  family: "rvc",
  title: "an RVC voice",
  licence: "As the voice's maker says; a singer's rights in their voice remain.",
  marks: ["enc_p.emb_phone.weight", "dec.conv_pre.weight", "flow.flows.0.pre.weight"],
  recognise(checkpoint) {
    const voice = rvcVoice(checkpoint);
    return voice && describeRvc(voice);
  },
  graphs: {
    version: 2,
    parts: ["latent", "sound"],
    build(checkpoint, variant, part, precision) {
      const voice = rvcVoice(checkpoint);
      if (!voice) throw new Error(`${checkpoint.file} is no RVC voice (${variant})`);
      const graphs = buildRvc(checkpoint, voice, precision);
      return { graph: graphs[part as "latent" | "sound"], unused: graphs.unused };
    },
  },
};
