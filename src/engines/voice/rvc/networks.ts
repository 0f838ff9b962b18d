import { AppError } from "../../../errors.ts";
import { type RvcVoice, rvcVoice } from "../../../graphs/rvc-voice.ts";
import type { Lease, Leases } from "../../../inference/model-cache.ts";
import type { Network } from "../../../inference/session.ts";
import type { ModelEntry } from "../../../library/models/model-entry.ts";
import { openModel } from "../../../library/models/open-model.ts";
import { type CheckpointModels, leaseNetwork, onGpu } from "../../checkpoint-models.ts";
import { framesOf } from "./content.ts";
import { PASSAGE_WIDTHS } from "./passages.ts";
import { warmUpLatent } from "./singer.ts";
import { warmUpSound } from "./sound-parts.ts";

/** What a voice's checkpoint says of its networks. @throws AppError `model_unusable` */
export async function describeVoice({ path }: ModelEntry): Promise<RvcVoice> {
  using checkpoint = await openModel(path);
  const voice = rvcVoice(checkpoint);
  if (!voice) throw new AppError("model_unusable", `${checkpoint.file}: it is no RVC voice any more.`);
  return voice;
}

/** Leases the networks that a song needs, each warmed up as it will be run. Errors as `leaseNetwork`'s. */
export function networksOf(models: Pick<CheckpointModels, "graphs">, cache: Leases) {
  const lease = (
    entry: ModelEntry,
    part: string,
    warmUp: (network: Network) => Promise<unknown>,
    signal: AbortSignal,
  ): Promise<Lease> => leaseNetwork({ graphs: models.graphs, cache }, { entry, part, warmUp, lean: true }, signal);
  return {
    /** ContentVec, in the part for a version. */
    listener: (entry: ModelEntry, version: "v1" | "v2", signal: AbortSignal): Promise<Lease> =>
      lease(entry, version, warmUpListener, signal),
    /** A voice's first. */
    latent: (entry: ModelEntry, voice: RvcVoice, signal: AbortSignal): Promise<Lease> =>
      lease(entry, "latent", (network) => warmUpLatent(network, voice, PASSAGE_WIDTHS.map(framesOf)), signal),
    /** A voice's second. */
    sound: (entry: ModelEntry, voice: RvcVoice, signal: AbortSignal): Promise<Lease> =>
      lease(entry, "sound", (network) => warmUpSound(network, voice), signal),
  };
}

async function warmUpListener(network: Network): Promise<void> {
  for (const samples of onGpu(network) ? PASSAGE_WIDTHS : []) {
    await network.run({ audio: { type: "float32", dims: [1, samples], data: new Float32Array(samples) } });
  }
}
