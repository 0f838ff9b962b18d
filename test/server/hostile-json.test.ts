import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { localServer } from "./local-server.ts";

const server = await localServer();

type Described = {
  paths: Record<string, Record<string, { requestBody?: { content: Record<string, { example?: unknown }> } }>>;
};
const { paths } = (await server.call("/openapi.json")).body as unknown as Described;

type Route = { readonly path: string; readonly example: Record<string, unknown> };

/** Whether a route looks into its body at all. */
const takesFields = ({ example }: Route): boolean => Object.keys(example).length > 0;

/** Every route that takes JSON, with a body that it takes. */
const routes: Route[] = Object.entries(paths).flatMap(([path, { post }]) => {
  const json = post?.requestBody?.content["application/json"];
  return json ? [{ path: path.replace("{endpoint}", "any"), example: json.example as Record<string, unknown> }] : [];
});

/** A text as the body of every route: refused with `status`, in the form of an error, and the server goes on. */
async function refused(
  bodyFor: (example: Record<string, unknown>) => string,
  status: number,
  among: (route: Route) => boolean = () => true,
): Promise<void> {
  for (const { path, example } of routes.filter(among)) {
    const { status: answered, body } = await server.call(path, { body: bodyFor(example) });
    assert.equal(answered, status, `${path}: ${JSON.stringify(body)}`);
    const told = body["error"] ?? body["detail"];
    assert.ok(told !== undefined && told !== "", `${path}: ${JSON.stringify(body)}`);
  }
  assert.equal((await server.call("/api/v2/status")).status, 200);
}

describe("JSON that means harm, to every route that takes JSON", () => {
  it("there are such routes", () => {
    assert.ok(routes.length > 15, `${routes.length}`);
  });

  it("nested too deeply is 400, however deeply", async () => {
    for (const levels of [64, 100_000]) {
      const [field, open, close] = ["deep", "[".repeat(levels), "]".repeat(levels)];
      await refused((example) => `${JSON.stringify(example).slice(0, -1)},"${field}":${open}${close}}`, 400);
    }
    await refused(() => '{"a":'.repeat(60_000), 400);
  });

  it("keys that name a prototype are 400, at any depth, and change nothing", async () => {
    for (const harm of ['"__proto__":{"polluted":1}', '"constructor":{"prototype":{"polluted":1}}']) {
      await refused((example) => `{${harm},${JSON.stringify(example).slice(1)}`, 400);
      await refused((example) => `{"more":[{${harm}}],${JSON.stringify(example).slice(1)}`, 400);
      // The same, spelt otherwise.
      const spelt = harm.replace("o", "\\u006f");
      await refused((example) => `{${spelt},${JSON.stringify(example).slice(1)}`, 400);
    }
    assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
  });

  it("that is none, or no object, is 400", async () => {
    for (const text of ["{", '{"text":"a"', "{'text': 'a'}", '{"text":"\ud800', "nul"]) await refused(() => text, 400);
    for (const text of ["[]", '"text"', "17", "null"]) await refused(() => text, 400, takesFields);
  });

  it("full of small things is 413", async () => {
    await refused(() => `{"many":[${"0,".repeat(600_000)}0]}`, 413);
  });
});
