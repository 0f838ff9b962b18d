/** A body as a call sends it. */
export type Body = { readonly type: string; readonly example: unknown };

/**
 * The command line that calls a route with its example.
 * @param types content types of its answers: what is a file is written into one, and events are shown as they come
 */
export function curl(
  origin: string,
  method: string,
  path: string,
  body: Body | undefined,
  types: readonly string[],
): string {
  const url = `${origin}${path.replace("{endpoint}", "local").replaceAll(/\{(\w+)\}/g, (_all, name: string) => name.toUpperCase())}`;
  const parts = [`curl ${options(method, body, types)}${quoted(url)}`];
  if (body?.type === "multipart/form-data") {
    const fields = Object.entries(body.example as Record<string, unknown>);
    parts.push(...fields.map(([name, value]) => `-F ${quoted(`${name}=${String(value)}`)}`));
  } else if (body) {
    parts.push(`-H ${quoted(`Content-Type: ${body.type}`)}`, `-d ${quoted(JSON.stringify(body.example, null, 2))}`);
  }
  return parts.join(" \\\n  ");
}

function options(method: string, body: Body | undefined, types: readonly string[]): string {
  const file = types.find((type) => /^(video|audio|image)\//.test(type));
  const isPlain = method === "GET" || (method === "POST" && body !== undefined);
  return [
    isPlain ? "" : `-X ${method} `,
    types.length === 1 && types[0] === "text/event-stream" ? "-N " : "",
    file === undefined || types.includes("application/json") ? "" : `-o ${file.replace("/", ".")} `,
  ].join("");
}

function quoted(text: string): string {
  return /^[\w:/.=@-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
