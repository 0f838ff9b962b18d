import { AppError } from "../../../errors.ts";
import type { ModelEntry } from "../../../library/models/model-entry.ts";
import type { ModelLibrary } from "../../../library/models/model-library.ts";
import type { RvcVoiceEntry } from "../../../library/rvc-voices.ts";

const FAMILY = "contentvec";

/**
 * The ContentVec that a voice is sung with: a checkpoint serves all, a graph that comes ready the versions whose features
 * it gives.
 * @throws AppError `engine_unavailable` where there is none for the voice; `model_unusable` for one that cannot be used
 */
export async function findListener(
  library: Pick<ModelLibrary, "find" | "list">,
  { name, version }: Pick<RvcVoiceEntry, "name" | "version">,
): Promise<ModelEntry> {
  const first = await library.find(FAMILY);
  if (!first) {
    throw new AppError(
      "engine_unavailable",
      "There are no weights of ContentVec, which RVC voices need. Run `talkbox models pull rvc-base`.",
    );
  }
  if (first.format !== "onnx") return first;
  const ready = (await library.list()).filter(({ family, state }) => family === FAMILY && state === "ready");
  const found = ready.find(({ variant }) => variant.split(", ").includes(version));
  if (found) return found;
  throw new AppError(
    "engine_unavailable",
    `"${name}" is a voice of RVC ${version}, for which ${first.name} gives no features. Run \`talkbox models pull rvc-base\`, or add ${version === "v1" ? "vec-256-layer-9.onnx" : "vec-768-layer-12.onnx"}.`,
  );
}
