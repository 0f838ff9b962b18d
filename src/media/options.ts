/**
 * Options of a command written as one would type them, split at blanks. A value that is put in stays one argument,
 * whatever it holds.
 *
 * @example options`-c:v libx264 -crf ${21}` // ["-c:v", "libx264", "-crf", "21"]
 */
export function options(texts: TemplateStringsArray, ...values: readonly (string | number)[]): readonly string[] {
  const args: string[] = [];
  let open = false;
  for (const [index, text] of texts.entries()) {
    const words = text.split(/\s+/);
    // The first and last word touch the values beside them, as in `unix:${path}`.
    const [first = "", ...others] = words;
    if (open) args.push(`${args.pop() ?? ""}${first}`);
    else if (first !== "") args.push(first);
    args.push(...others.filter((word) => word !== ""));
    const touches = words.at(-1) !== "";
    if (index < values.length) {
      const value = String(values[index]);
      args.push(touches ? `${args.pop() ?? ""}${value}` : value);
    }
    open = index < values.length;
  }
  return args;
}
