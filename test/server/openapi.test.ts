import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type AnySchemaObject, Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import Fastify from "fastify";
import { OPERATIONS } from "../../src/operations/index.ts";
import { openApiRoutes } from "../../src/server/openapi/routes.ts";
import { DOCUMENTED_ANSWERS } from "../documents/documented-fields.ts";
import { localServer } from "./local-server.ts";

type Schema = AnySchemaObject & { properties?: Record<string, Schema> };
type Content = Record<string, { schema: Schema; example?: unknown }>;
type Route = {
  summary: string;
  tags: string[];
  operationId: string;
  parameters?: { name: string; in: string; required: boolean; description: string }[];
  requestBody?: { required: boolean; content: Content };
  responses: Record<string, { description: string; content?: Content }>;
};
type OpenApi = {
  openapi: string;
  tags: { name: string }[];
  paths: Record<string, Record<string, Route>>;
  components: { schemas: Record<string, Schema> };
};

const server = await localServer();
const description = (await server.call("/openapi.json")).body as unknown as OpenApi;
const routes = Object.entries(description.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, route]) => ({ path, method: method.toUpperCase(), route })),
);

const ajv = new Ajv2020({ strict: false, formats: { uri: true, binary: true } });
const compiled = new Map<Schema, ValidateFunction>();

/** References lead from a schema's own root to what all of the description have in common. */
const compile = (schema: Schema): ValidateFunction => ajv.compile({ ...schema, components: description.components });

/** Fails unless a value is as a schema of the description says. */
function assertAs(schema: Schema, value: unknown, what: string): void {
  const validate = compiled.get(schema) ?? compile(schema);
  compiled.set(schema, validate);
  assert.ok(validate(value), `${what}: ${ajv.errorsText(validate.errors)}: ${JSON.stringify(value).slice(0, 300)}`);
}

/** The schema of a JSON answer of a route. */
function answerSchema(path: string, method: string, status: number): Schema {
  const response = description.paths[path]?.[method.toLowerCase()]?.responses[status];
  assert.ok(response, `${method} ${path} may answer ${status}`);
  return response.content?.["application/json"]?.schema ?? {};
}

function post(path: string, body: unknown, type = "application/json"): Promise<Response> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return fetch(server.url + path, { method: "POST", headers: { "content-type": type }, body: text });
}

describe("OpenAPI", () => {
  it("a route cannot be added without a description, and those of the endpoint are there by their short paths too", async () => {
    assert.ok(routes.length > 50, `${routes.length} routes`);
    const app = Fastify();
    openApiRoutes(app, { operations: OPERATIONS, version: "test" });
    app.get("/page", { config: { describe: "page" } }, async () => "");
    assert.throws(() => app.get("/bare", async () => ""), /GET \/bare is not described/);
    await app.close();
    const own = routes.filter(({ path }) => path.startsWith("/v2/{endpoint}") && !path.endsWith("/health"));
    for (const { method, path } of own) {
      const url = path.replace("/v2/{endpoint}", "").replace("{job}", ":job") || "/";
      assert.ok(server.app.hasRoute({ method, url }), `${method} ${url}`);
    }
  });

  it("is OpenAPI 3.1: schemas compile, names are there once, parameters of paths are told, examples are as they say", () => {
    assert.equal(description.openapi, "3.1.0");
    const ids = routes.map(({ route }) => route.operationId);
    assert.equal(new Set(ids).size, ids.length);
    for (const [name, schema] of Object.entries(description.components.schemas)) assert.ok(compile(schema), name);
    assert.equal(Object.keys(description.components.schemas).length, 2 * OPERATIONS.size + 1);
    for (const { path, method, route } of routes) {
      const what = `${method} ${path}`;
      assert.ok(
        description.tags.some(({ name }) => route.tags.includes(name)),
        what,
      );
      assert.ok(route.summary.endsWith("."), `${what} says what it is for`);
      const named = (route.parameters ?? []).filter((each) => each.in === "path").map(({ name }) => name);
      const held = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);
      assert.deepEqual(named.toSorted(), held.toSorted(), what);
      for (const { schema, example } of Object.values(route.requestBody?.content ?? {})) {
        assertAs(schema, example, `the example of ${what}`);
      }
      for (const [status, { content = {} }] of Object.entries(route.responses)) {
        for (const { schema } of Object.values(content)) assert.ok(compile(schema), `${what} ${status}`);
        if (Number(status) >= 400 && status !== "416") assert.ok(content["application/json"], `${what} ${status}`);
      }
    }
  });

  it("has every field that the documents promise", () => {
    for (const { route: named, event, fields } of DOCUMENTED_ANSWERS) {
      const [method = "", path = ""] = named.split(" ");
      // The cover worker's answers are operations' own, and Socket.IO is none of OpenAPI's.
      if (path === "*" || method === "socket") continue;
      const route = description.paths[path]?.[method.toLowerCase()];
      assert.ok(route, named);
      const known = Object.values(route.responses).flatMap(({ content = {} }) =>
        Object.values(content).flatMap(({ schema }) => namesOf(event ? (eventOf(schema, event) ?? {}) : schema)),
      );
      for (const field of fields) assert.ok(known.includes(field), `${named} ${JSON.stringify(event ?? "")}: ${field}`);
    }
  });

  it("a body that breaks what its schema says is 400 in the form that is described", async () => {
    let broken = 0;
    for (const { path, method, route } of routes) {
      const { schema, example } = route.requestBody?.content["application/json"] ?? {};
      if (!schema || path.startsWith("/v2/") || path === "/api/jobs") continue;
      const form = answerSchema(path, method, 400);
      for (const [name, field] of Object.entries(schema.properties ?? {})) {
        for (const value of wrongValues(field)) {
          const answer = await post(path, { ...(example as object), [name]: value });
          const what = `${path} ${name}=${JSON.stringify(value).slice(0, 60)}`;
          const text = await answer.text();
          assert.equal(answer.status, 400, `${what}: ${text}`);
          assertAs(form, JSON.parse(text), what);
          broken++;
        }
      }
      for (const name of (schema["required"] as string[] | undefined) ?? []) {
        const { [name]: _left, ...rest } = example as Record<string, unknown>;
        const answer = await post(path, rest);
        assert.equal(answer.status, 400, `${path} without ${name}`);
        assertAs(form, await answer.json(), `${path} without ${name}`);
      }
      for (const [body, type, status] of [
        ["{", "application/json", 400],
        ...(route.requestBody?.required ? ([["[]", "application/json", 400]] as const) : []),
        ["x", "text/plain", 415],
      ] as const) {
        const answer = await post(path, body, type);
        assert.equal(answer.status, status, `${path}: ${body}`);
        assertAs(answerSchema(path, method, status), await answer.json(), `${path}: ${body}`);
      }
    }
    assert.ok(broken > 60, `${broken} broken bodies`);
  });

  it("a form that is none is 400 where forms are taken, and no matter where no body is", async () => {
    for (const path of ["/api/generate", "/api/generate_stream", "/api/stream_chunks", "/upload-voice"]) {
      for (const type of ["multipart/form-data", "multipart/form-data; boundary=x"]) {
        const answer = await post(path, "no form", type);
        assert.equal(answer.status, 400, `${path} ${type}`);
        assertAs(answerSchema(path, "POST", 400), await answer.json(), path);
      }
    }
    assert.equal((await post("/api/cleanup", "no form", "multipart/form-data")).status, 200);
  });

  it("what is looked up is as it is described", async () => {
    const looked = routes.filter(
      ({ method, route }) => method === "GET" && !route.parameters?.some((each) => each.required),
    );
    for (const { path, method, route } of looked) {
      const { status, headers, body } = await server.call(path);
      assert.ok(status === 200 || status === 204, `${path} ${status}`);
      const type = (headers.get("content-type") ?? "").split(";")[0] ?? "";
      if (status === 204) continue;
      assert.ok(route.responses[status]?.content?.[type], `${path} ${type}`);
      if (type === "application/json") assertAs(answerSchema(path, method, status), body, path);
    }
    for (const path of ["/v2/{endpoint}/health", "/v2/{endpoint}/status/{job}", "/api/jobs/{job}", "/video/{name}"]) {
      const { status, body } = await server.call(path.replace("{endpoint}", "local").replace(/\{\w+\}/, "nobody"));
      assertAs(answerSchema(path, "GET", status), body, path);
    }
  });

  const EXAMPLES = ["/api/v2/lipsync", "/api/v2/tts", "/api/chat", "/api/v2/chat_and_lipsync", "/api/stream_chunks"];
  for (const path of [...EXAMPLES, "/generate", "/generate/voice-clone", "/generate/multi-speaker"]) {
    it(`the example of ${path} is answered as it is described`, async () => {
      const body = description.paths[path]?.["post"]?.requestBody?.content["application/json"]?.example;
      const answer = await post(path, body);
      const told = await answer.json();
      assert.equal(answer.status, 200, JSON.stringify(told));
      assertAs(answerSchema(path, "POST", 200), told, path);
    });
  }

  for (const path of [
    "/api/v2/lipsync/stream",
    "/api/chat/stream",
    "/api/v2/chat_and_lipsync/stream",
    "/api/stream_chunks",
  ]) {
    it(`the events of ${path} are as they are described`, async () => {
      const route = description.paths[path]?.["post"];
      const response = await fetch(server.url + path, {
        method: "POST",
        headers: { "content-type": "application/json", accept: "text/event-stream" },
        body: JSON.stringify(route?.requestBody?.content["application/json"]?.example),
      });
      assert.equal(response.status, 200);
      const schema =
        route?.responses[200]?.content?.["text/event-stream"]?.schema.properties?.["data"]?.["contentSchema"];
      const events = [...(await response.text()).matchAll(/^data: (.+)$/gm)].map(([, json = ""]) => JSON.parse(json));
      assert.ok(events.length > 1);
      for (const event of events) assertAs(schema as Schema, event, path);
    });
  }
});

/** Names of the fields that a schema has, inner ones after a point; through lists and forms as if they were not there. */
function namesOf(schema: Schema, prefix = ""): string[] {
  const inner = [schema["items"], ...((schema["anyOf"] ?? []) as Schema[])].filter((each) => each !== undefined);
  return [
    ...inner.flatMap((each) => namesOf(each as Schema, prefix)),
    ...Object.entries(schema.properties ?? {}).flatMap(([name, field]) => [
      prefix + name,
      ...namesOf(field, `${prefix}${name}.`),
    ]),
  ];
}

/** The event of a stream whose constants are these. */
function eventOf(schema: Schema, event: Readonly<Record<string, string>>): Schema | undefined {
  const events = (schema.properties?.["data"]?.["contentSchema"]?.["anyOf"] ?? []) as Schema[];
  return events.find((each) =>
    Object.entries(event).every(([name, value]) => each.properties?.[name]?.["const"] === value),
  );
}

/** Values that a field's schema refuses. */
function wrongValues(field: Schema): unknown[] {
  const { type, minimum, maximum, maxLength, maxItems, enum: choices } = field as Record<string, number | undefined>;
  const other: Record<string, unknown> = { string: 5, number: "x", integer: 0.5, boolean: "x", array: "x", object: 5 };
  return [
    ...(type === undefined ? ["\u0000x"] : [other[String(type)]]),
    ...(minimum === undefined ? [] : [minimum - 1]),
    ...(maximum === undefined ? [] : [maximum + 1]),
    ...(maxLength === undefined ? [] : ["가".repeat(maxLength + 1)]),
    ...(maxItems === undefined || maxItems > 100 ? [] : [Array.from({ length: maxItems + 1 }, () => "a")]),
    ...(choices === undefined ? [] : ["no such choice"]),
  ];
}
