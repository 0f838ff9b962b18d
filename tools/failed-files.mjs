/** A reporter for `node --test`: the files in which a test failed, a line each. */
export default async function* failedFiles(events) {
  const seen = new Set();
  for await (const { type, data } of events) {
    if (type !== "test:fail") continue;
    const file = data.file ?? data.name;
    if (seen.has(file)) continue;
    seen.add(file);
    yield `${file}\n`;
  }
}
