import type { Network } from "../../inference/session.ts";
import type { Tensor, Tensors } from "../../inference/tensor.ts";
import { RMVPE_BANDS, RMVPE_HOP } from "../../graphs/rmvpe-mel.ts";
import { RMVPE_PITCHES } from "../../graphs/rmvpe.ts";
import { rmvpeForm, type RmvpeForm } from "../../library/models/architectures/rmvpe-onnx.ts";
import type { ModelEntry } from "../../library/models/model-entry.ts";
import { openModel } from "../../library/models/open-model.ts";
import { RMVPE_THRESHOLD } from "../pitch/rmvpe/decode.ts";
import { type Dress, runAs } from "./dress.ts";
import { rmvpeMel } from "./rmvpe-mel.ts";

/** Frames that the network halves as often as it has levels: of a mel it takes multiples of so many. */
const MULTIPLE = 32;

/**
 * Has a ready RMVPE run as the one of a checkpoint: `audio` [1, samples] at 16 kHz, at least 2560 → `salience`
 * [1, frames, 360]; or `hz` [1, frames], 0 where nothing is sung, where the graph decodes that itself.
 */
export async function readyRmvpe({ path }: ModelEntry): Promise<Dress> {
  using checkpoint = await openModel(path);
  const form = rmvpeForm(checkpoint);
  if (!form) throw new Error(`${checkpoint.file} is no RMVPE`);
  return (network) => {
    const run: Network["run"] = async ({ audio }, signal): Promise<Tensors> => {
      if (audio?.type !== "float32") throw new Error("RMVPE hears audio");
      const frames = 1 + Math.floor(audio.data.length / RMVPE_HOP);
      const { [form.output]: made } = await network.run(feedsOf(form, audio), signal);
      if (made?.type !== "float32") throw new Error("RMVPE gave no pitch");
      const row = form.says === "salience" ? RMVPE_PITCHES : 1;
      // What was mirrored behind the end is no frame of the sound.
      const data = new Float32Array(frames * row);
      data.set(made.data.subarray(0, data.length));
      return { [form.says]: { type: "float32", dims: row === 1 ? [1, frames] : [1, frames, row], data } };
    };
    return runAs(network, run, ["audio"], [form.says]);
  };
}

function feedsOf({ input, hears, threshold }: RmvpeForm, audio: Extract<Tensor, { type: "float32" }>): Tensors {
  const feeds: Record<string, Tensor> = { [input]: audio };
  if (hears === "mel") {
    const { data, frames } = rmvpeMel(audio.data, MULTIPLE);
    feeds[input] = { type: "float32", dims: [1, RMVPE_BANDS, frames], data };
  }
  if (threshold) {
    const dims = threshold.rank === 0 ? [] : [1];
    feeds[threshold.input] = { type: "float32", dims, data: Float32Array.of(RMVPE_THRESHOLD) };
  }
  return feeds;
}
