import type { Leases } from "../../../inference/model-cache.ts";
import type { ModelLibrary } from "../../../library/models/model-library.ts";
import { type RvcPlaces, type RvcVoiceEntry, rvcVoices } from "../../../library/rvc-voices.ts";
import { RVC_PRELOADED_VOICES } from "../../../limits/networks.ts";
import { type CheckpointModels, leaseNetwork } from "../../checkpoint-models.ts";
import { findListener } from "./listener.ts";
import { describeVoice, networksOf } from "./networks.ts";

export type PreloadFiles = Omit<CheckpointModels, "cache"> & {
  readonly library: Pick<ModelLibrary, "find" | "list" | "at">;
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
  if (voices.length === 0 || !(await library.find("contentvec"))) return undefined;
  await using held = new AsyncDisposableStack();
  const networks = networksOf({ graphs }, cache);
  const few = voices.length <= RVC_PRELOADED_VOICES ? voices : [];
  const versions = new Map(voices.map((voice) => [voice.version, voice]));
  for (const [version, voice] of versions) {
    held.use(await networks.listener(await findListener(library, voice), version, signal));
  }
  const pitch = await library.find("rmvpe").catch(() => undefined);
  if (pitch) held.use(await leaseNetwork({ graphs, cache }, { entry: pitch, part: "salience", lean: true }, signal));
  for (const { checkpoint } of few) {
    const voice = await describeVoice(checkpoint);
    held.use(await networks.latent(checkpoint, voice, signal));
    held.use(await networks.sound(checkpoint, voice, signal));
  }
  return held.move();
}
