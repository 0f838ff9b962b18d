import type { Checkpoint } from "../checkpoints/checkpoint.ts";
import { AppError } from "../errors.ts";
import { itemsOf, readRvcConfig, type RvcConfig, shownValue } from "./rvc-config.ts";

/** What a checkpoint of an RVC voice says of its network. */
export type RvcVoice = RvcConfig & {
  readonly version: "v1" | "v2";
  /** Numbers of a frame of features: 256 (v1) or 768 (v2). */
  readonly features: number;
  /** Whether it sings the pitch that it is given. */
  readonly f0: boolean;
  /** Speakers that it has. */
  readonly speakers: number;
};

/** What stands in a file that has the usual decoder and embedder, or does not say. */
const VOCODERS = [undefined, null, "", "HiFi-GAN", "HiFi-GAN-NSF"];
const EMBEDDERS = [undefined, null, "", "contentvec", "hubert", "hubert_base"];

const AS_SAVED = "Use the file as RVC saved it: with weight, config, sr, f0 and version.";

type Refuse = (problem: string, remedy?: string) => AppError;

/**
 * What an RVC voice's checkpoint says of itself.
 * @returns undefined when it is no RVC voice
 * @throws AppError `model_unusable` for a file of RVC's training, another decoder or another embedder
 */
export function rvcVoice(checkpoint: Checkpoint): RvcVoice | undefined {
  const { tensors, fields, file } = checkpoint;
  const refuse: Refuse = (problem, remedy = AS_SAVED) =>
    new AppError("model_unusable", `${file}: ${problem}. ${remedy}`);
  if ([...tensors.keys()].some((key) => /^discriminators\.\d+\.convs\.0\.(weight_v|parametrizations\.)/.test(key))) {
    throw refuse(
      "it is the discriminator of a training (D_….pth), which makes no sound",
      "Use the voice that the training saved in its weights folder.",
    );
  }
  const features = tensors.get("enc_p.emb_phone.weight")?.shape[1];
  if (features === undefined || !tensors.has("flow.flows.0.pre.weight")) return undefined;
  const config = itemsOf(fields.get("config"));
  if (!config) {
    if (!fields.has("iteration") && !tensors.has("enc_q.pre.weight")) {
      throw refuse("it has an RVC voice's weights and not its config");
    }
    throw refuse(
      "it is a checkpoint of RVC's training (G_….pth): the voice in it does not say its rate",
      "Take the small model out of it: in RVC under ckpt Processing, Model extraction; in Applio under Train, Export Model.",
    );
  }
  refuseOthers(checkpoint, refuse);
  if (features !== 256 && features !== 768) {
    throw refuse(
      `its voice takes features of ${features} numbers, which is not supported`,
      "Known are RVC v1 (256) and v2 (768).",
    );
  }
  return {
    ...readRvcConfig(config, refuse),
    version: features === 256 ? "v1" : "v2",
    features,
    f0: tensors.has("enc_p.emb_pitch.weight"),
    speakers: tensors.get("emb_g.weight")?.shape[0] ?? 0,
  };
}

/** Refuses decoders and embedders by name that what is built here is not. */
function refuseOthers({ tensors, fields }: Checkpoint, refuse: Refuse): void {
  const named = fields.get("vocoder");
  const keys = [...tensors.keys()];
  let vocoder: string | undefined;
  if (!VOCODERS.includes(named as string)) vocoder = shownValue(named);
  else if (keys.some((key) => key.startsWith("dec.mrfs."))) vocoder = "MRF HiFi-GAN";
  else if (!tensors.has("dec.conv_pre.weight")) vocoder = "of a kind that is not known";
  if (vocoder !== undefined) {
    throw refuse(
      `its vocoder is ${vocoder}, which is not supported`,
      "Usable are voices with the vocoder HiFi-GAN: train or choose one of those.",
    );
  }
  const embedder = fields.get("embedder_model");
  if (!EMBEDDERS.includes(embedder as string)) {
    throw refuse(
      `it was trained on features of the embedder ${shownValue(embedder)}, which is not supported`,
      "Usable are voices trained with contentvec: with another embedder's features it would babble.",
    );
  }
}
