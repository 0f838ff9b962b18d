/**
 * Of keys the one that a rename may have made of another: with something before it, without one of its parts, or with one
 * that is shorter or longer. What a number or the last part says is never a rename: those tell weights apart.
 */
export function nearKey(wanted: string, keys: Iterable<string>): string | undefined {
  for (const key of keys) if (key.endsWith(`.${wanted}`) || isRenamed(wanted.split("."), key.split("."))) return key;
  return undefined;
}

function isRenamed(wanted: readonly string[], other: readonly string[]): boolean {
  const at = wanted.findIndex((part, i) => part !== other[i]);
  const [mine = "", theirs = ""] = [wanted[at], other[at]];
  // Short keys are alike by chance.
  if (at < 0 || at > wanted.length - 3 || /^\d+$/.test(mine)) return false;
  const rest = wanted.slice(at + 1).join(".");
  if (rest === other.slice(at).join(".")) return true;
  return rest === other.slice(at + 1).join(".") && theirs !== "" && (mine.includes(theirs) || theirs.includes(mine));
}
