import type { Preloads } from "../inference/preloads.ts";
import type { ModelLibrary } from "../library/models/model-library.ts";
import type { RvcPlaces } from "../library/rvc-voices.ts";
import { type CheckpointModels, leaseNetwork } from "./checkpoint-models.ts";

/** Says what the names stand for that TALKBOX_PRELOAD may have: an engine's, or a face detector's. `rvc` needs to know
 * where voices lie. */
export function registerPreloads(
  preloads: Preloads,
  files: Omit<CheckpointModels, "cache">,
  voices?: { readonly library: Pick<ModelLibrary, "find" | "list" | "at">; readonly places: RvcPlaces },
): void {
  preloads.register("wav2lip", async (leases, signal) => {
    const { MouthNetworks } = await import("./lipsync/wav2lip/mouth-networks.ts");
    const { KeptFaces } = await import("./lipsync/wav2lip/kept-faces.ts");
    return MouthNetworks.open({ ...files, cache: leases }, new KeptFaces(), signal);
  });
  preloads.register("s3fd", async (leases, signal) => {
    const { S3fdDetector } = await import("./faces/s3fd/s3fd-detector.ts");
    return S3fdDetector.open({ ...files, cache: leases }, signal);
  });
  preloads.register("rmvpe", async (leases, signal) => {
    const entry = await files.library.find("rmvpe");
    return entry && leaseNetwork({ ...files, cache: leases }, { entry, part: "salience", lean: true }, signal);
  });
  if (!voices) return;
  preloads.register("rvc", async (leases, signal) => {
    const { preloadRvc } = await import("./voice/rvc/preload.ts");
    return preloadRvc({ ...files, library: voices.library }, voices.places, leases, signal);
  });
}
