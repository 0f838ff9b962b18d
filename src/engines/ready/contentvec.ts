import { AppError } from "../../errors.ts";
import type { Tensors } from "../../inference/tensor.ts";
import { contentVecForm } from "../../library/models/architectures/contentvec-onnx.ts";
import type { ModelEntry } from "../../library/models/model-entry.ts";
import { openModel } from "../../library/models/open-model.ts";
import { type Dress, runAs } from "./dress.ts";

/**
 * Has a ready ContentVec run as the one of a checkpoint: `audio` [1, samples] → `features` [1, frames, width].
 * @param part `v1` or `v2`
 * @throws AppError `model_unusable` for a graph without those features
 */
export async function readyContentVec({ path }: ModelEntry, part: string): Promise<Dress> {
  using checkpoint = await openModel(path);
  const form = contentVecForm(checkpoint);
  const output = form?.[part as "v1" | "v2"];
  if (!form || output === undefined) {
    throw new AppError("model_unusable", `${checkpoint.file}: it gives no features for voices of RVC ${part}.`);
  }
  return (network) =>
    runAs(
      network,
      async ({ audio }, signal): Promise<Tensors> => {
        if (audio?.type !== "float32") throw new Error("ContentVec hears audio");
        const [batch = 1, samples = 0] = audio.dims;
        const dims = form.rank === 2 ? [batch, samples] : [batch, 1, samples];
        const { [output]: features } = await network.run({ [form.input]: { ...audio, dims } }, signal);
        return features ? { features } : {};
      },
      ["audio"],
      ["features"],
    );
}
