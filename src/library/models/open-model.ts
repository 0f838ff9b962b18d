import type { Checkpoint } from "../../checkpoints/checkpoint.ts";
import { openCheckpoint } from "../../checkpoints/open-checkpoint.ts";
import { AppError } from "../../errors.ts";
import { digestFile } from "../../storage/hash-file.ts";

/**
 * Files that hold objects besides tensors and that are known all the same, by sha256: the objects in them are read as
 * records that do nothing. The manifests that come with Talkbox name the same hashes.
 */
export const PINNED: ReadonlyMap<string, string> = new Map([
  ["f54b40fd2802423a5643779c4861af1e9ee9c1564dc9d32f54f20b5ffba7db96", "hubert_base.pt of RVC, as fairseq saves it"],
]);

/**
 * Opens a file of weights. One that is refused for a name in it is opened after all if its content is pinned.
 * @throws AppError `model_unusable`
 */
export async function openModel(path: string, pinned: ReadonlyMap<string, string> = PINNED): Promise<Checkpoint> {
  try {
    return await openCheckpoint(path);
  } catch (error) {
    const named = error instanceof AppError && error.message.includes(": it contains the name ");
    if (!named || !pinned.has((await digestFile(path)).sha256)) throw error;
    return openCheckpoint(path, { inert: () => true });
  }
}
