import { createHash } from "node:crypto";
import type { FaceEdges } from "../../faces/s3fd/face-boxes.ts";
import type { LipsyncEngine, LipsyncOptions } from "../lipsync-engine.ts";
import { planesOf } from "../rig/frame-planes.ts";
import { frameSize } from "../lipsync-engine.ts";
import { baseFrames } from "./base-frames.ts";
import { FaceCropper } from "./face-crop.ts";
import type { MouthNetworks } from "./mouth-networks.ts";

/** Frames without a face that was not seen before, after which the loop is taken to be round: a pause, a blink. */
const ROUND = 25;

/**
 * Encodes the faces of an avatar's loop until it comes round, or there is room for no more.
 * @returns faces that are kept
 */
export async function encodeLoop(
  engine: LipsyncEngine,
  options: LipsyncOptions,
  boxAt: (frame: number) => FaceEdges,
  networks: MouthNetworks,
  signal: AbortSignal,
): Promise<number> {
  const [width, height] = frameSize(options.resolution, options.aspect);
  const cropper = new FaceCropper(networks.size);
  const stop = new AbortController();
  const within = AbortSignal.any([signal, stop.signal]);
  const frames = baseFrames(engine, options, within);
  const run = { job: stop, signal: within };
  const seen = new Set<string>();
  let kept = 0;
  let old = 0;
  try {
    for await (const frame of frames) {
      const face = cropper.crop(planesOf(frame.data, width, height), boxAt(frame.index));
      frame.release();
      const key = createHash("sha1").update(face).digest("base64");
      old = seen.has(key) ? old + 1 : 0;
      if (old === ROUND) break;
      if (old > 0) continue;
      seen.add(key);
      if (!(await networks.encode(face, run))) break;
      kept++;
    }
  } finally {
    stop.abort();
  }
  return kept;
}
