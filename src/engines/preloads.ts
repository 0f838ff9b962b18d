import type { ModelCache } from "../inference/model-cache.ts";
import type { CheckpointModels } from "./checkpoint-models.ts";

/** Says what the names stand for that TALKBOX_PRELOAD may have: an engine's, or a face detector's. */
export function registerPreloads(cache: ModelCache, files: Omit<CheckpointModels, "cache">): void {
  cache.registerPreload("wav2lip", async (leases, signal) => {
    const { MouthNetworks } = await import("./lipsync/wav2lip/mouth-networks.ts");
    const { KeptFaces } = await import("./lipsync/wav2lip/kept-faces.ts");
    return MouthNetworks.open({ ...files, cache: leases }, new KeptFaces(), signal);
  });
  cache.registerPreload("s3fd", async (leases, signal) => {
    const { S3fdDetector } = await import("./faces/s3fd/s3fd-detector.ts");
    return S3fdDetector.open({ ...files, cache: leases }, signal);
  });
}
