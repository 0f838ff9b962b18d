import type { Leases } from "../../../inference/model-cache.ts";
import type { ModelLibrary } from "../../../library/models/model-library.ts";
import { type RvcPlaces, type RvcVoiceEntry, rvcVoices } from "../../../library/rvc-voices.ts";
import { RVC_PRELOADED_VOICES } from "../../../limits/networks.ts";
import { type CheckpointModels, leaseNetwork } from "../../checkpoint-models.ts";
import { networksOf } from "./networks.ts";

export type PreloadFiles = Omit<CheckpointModels, "cache"> & {
  readonly library: Pick<ModelLibrary, "find" | "at">;
};

/**
 * Leases what songs in RVC voices need: ContentVec in the parts for the voices that there are, RMVPE, and the voices
 * themselves where they are few.
 * @throws AppError as `leaseNetwork`
 */
export async function preloadRvc(
  { library, graphs }: PreloadFiles,
  places: RvcPlaces,
  cache: Leases,
  signal: AbortSignal,
): Promise<AsyncDisposable | undefined> {
  const found = await rvcVoices(library, places, signal);
  const voices = found.filter((voice): voice is RvcVoiceEntry => "checkpoint" in voice);
  const listener = await library.find("contentvec");
  if (!listener || voices.length === 0) return undefined;
  await using held = new AsyncDisposableStack();
  const models = { library, graphs, cache };
  const few = voices.length <= RVC_PRELOADED_VOICES ? voices : [];
  const versions = new Map(voices.map((voice) => [voice.version, voice]));
  for (const [version] of versions) {
    held.use(await networksOf(models, signal).listener(listener, version));
  }
  const pitch = await library.find("rmvpe").catch(() => undefined);
  if (pitch) held.use(await leaseNetwork(models, { entry: pitch, part: "salience", handsBack: true }, signal));
  for (const { checkpoint } of few) {
    const { latent, sound } = await networksOf(models, signal).voice(checkpoint);
    held.use(latent);
    held.use(sound);
  }
  return held.move();
}
