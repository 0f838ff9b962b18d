/** Where and when figures are taken. */
export type Origin = { readonly date: string; readonly device: string; readonly commit: string };

/**
 * What figures belong to.
 * @param found what the machine says of itself; empty where it does not
 * @throws Error where the device or the commit is not known: figures of nobody knows what are none
 */
export function originOf(
  found: { readonly gpu: string; readonly processor: string; readonly commit: string; readonly changes: string },
  now = new Date(),
): Origin {
  const { gpu, processor, commit, changes } = found;
  if (gpu.trim() === "") throw new Error("nvidia-smi does not say which GPU this is. Name it: --device NAME");
  if (commit === "") throw new Error("This is no checkout of git, so the figures would belong to no commit.");
  if (changes !== "") {
    throw new Error(
      `There are changes that commit ${commit} has not, so the figures would not be its. Commit them first.`,
    );
  }
  const device = `${gpu.replaceAll(/\s+/g, " ").trim()}; ${processor}`;
  return { date: now.toISOString().slice(0, 10), device, commit };
}
