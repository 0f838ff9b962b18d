import { z } from "zod";
import { outputSchema } from "../../../handler/job.ts";
import { AppError, ERROR_CODES } from "../../errors.ts";
import type { Operation } from "../../operations/operation.ts";
import {
  type AnswerDescription,
  APIS,
  type BodyDescription,
  ERROR_FORMS,
  type ParameterDescription,
  type RouteDescription,
} from "./description.ts";

/** A route as the framework knows it. */
export type DescribedRoute = {
  readonly method: string;
  /** With the framework's `:name` and `*`. */
  readonly url: string;
  readonly description: RouteDescription;
  /** Most bytes of a body; undefined for what the server takes by default. */
  readonly bodyLimit: number | undefined;
  /** Whether it answers without the key. */
  readonly open: boolean;
};

type Schema = { properties?: Record<string, Schema>; [keyword: string]: unknown };

const JOB = "#/components/schemas/job";

/** What any route may fail with, and any that takes a body. */
const ALWAYS = [400, 401, 429, 500];
const WITH_BODY = [413, 415];

/** Refusals that come before the error table is looked at. */
const FROM_FRAMEWORK: Readonly<Record<number, string>> = { 415: "another content type than those above" };

/** The OpenAPI 3.1 description of routes, their schemas made from those that the routes read bodies with. */
export function buildOpenApi(
  routes: readonly DescribedRoute[],
  operations: ReadonlyMap<string, Operation>,
  version: string,
): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    const path = pathOf(route.url);
    (paths[path] ??= {})[route.method.toLowerCase()] = operationOf(route, path, operations);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Talkbox",
      version,
      description: "Talking avatars, speech and AI covers: the APIs that `talkbox serve` offers on each of its ports.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    tags: Object.entries(APIS).map(([name, description]) => ({ name, description })),
    security: [{}, { key: [] }],
    paths,
    components: {
      securitySchemes: {
        key: { type: "http", scheme: "bearer", description: "`TALKBOX_API_KEY`, where the server was given one." },
      },
      schemas: componentsOf(operations),
    },
  };
}

/** `/video/:name` and `/files/*` as OpenAPI writes them. */
export function pathOf(url: string): string {
  return url.replace(/:([A-Za-z_]+)/g, "{$1}").replace(/\*$/, "{path}");
}

function operationOf(
  { method, description, bodyLimit, open }: DescribedRoute,
  path: string,
  operations: ReadonlyMap<string, Operation>,
): object {
  const { api, summary, details, body } = description;
  const parameters = [
    ...parametersOf("path", description.path),
    ...parametersOf("query", description.query),
    ...parametersOf("header", description.headers),
  ];
  return {
    operationId: `${method.toLowerCase()}${path.replace(/[^A-Za-z0-9]+/g, "_").replace(/_$/, "")}`,
    tags: [api],
    summary,
    ...(details === undefined ? {} : { description: details }),
    ...(open ? { security: [] } : {}),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body ? { requestBody: requestBodyOf(body, operations), "x-body-limit": bodyLimit } : {}),
    responses: { ...answersOf(description.answers), ...errorsOf(description) },
  };
}

function parametersOf(place: string, given: Readonly<Record<string, ParameterDescription>> = {}): object[] {
  return Object.entries(given).map(([name, { schema, what }]) => ({
    name,
    in: place,
    required: place === "path",
    description: what,
    schema: schemaOf(schema, "input"),
  }));
}

function requestBodyOf(
  { schema, example, types = ["application/json"], operation, names = {}, job, optional = false }: BodyDescription,
  operations: ReadonlyMap<string, Operation>,
): object {
  const own = schemaOf(schema, "input");
  const params = operation === undefined ? undefined : operations.get(operation)?.params;
  const known = params ? schemaOf(params, "input").properties : undefined;
  for (const [name, field] of Object.entries(own.properties ?? {})) {
    // What a route says of a field itself, it says whole.
    if (field["description"] !== undefined) continue;
    const { description, default: value } = known?.[names[name] ?? name] ?? {};
    if (description !== undefined) field["description"] = description;
    if (value !== undefined && field["default"] === undefined) field["default"] = value;
  }
  if (job !== undefined && own.properties) own.properties[job] = { $ref: JOB };
  return {
    required: !optional,
    content: Object.fromEntries(types.map((type) => [type, { schema: own, example }])),
  };
}

function answersOf(answers: readonly AnswerDescription[]): Record<string, object> {
  const responses: Record<string, { description: string; content?: Record<string, object> }> = {};
  for (const { status = 200, what, type = "application/json", schema, events } of answers) {
    const known = responses[status];
    const response = (responses[status] ??= { description: what });
    if (known) known.description += ` Or: ${what}`;
    if (type === null) continue;
    const content = (response.content ??= {});
    content[type] = {
      schema: schema ? schemaOf(schema, "output") : events ? eventsOf(events) : {},
    };
  }
  return responses;
}

/** One event of a stream: its `data` is the JSON of one of several. */
function eventsOf(events: Readonly<Record<string, z.ZodType>>): object {
  const anyOf = Object.entries(events).map(([title, event]) => ({ title, ...schemaOf(event, "output") }));
  const data = { type: "string", contentMediaType: "application/json", contentSchema: { anyOf } };
  return { type: "object", required: ["data"], properties: { id: { type: "string" }, data } };
}

function errorsOf({ errors, fails = [], body }: RouteDescription): Record<string, object> {
  const statuses = new Set([...ALWAYS, ...(body ? WITH_BODY : []), ...fails]);
  const schema = schemaOf(ERROR_FORMS[errors], "output");
  return Object.fromEntries(
    [...statuses]
      .toSorted((one, other) => one - other)
      .map((status) => {
        const codes = ERROR_CODES.filter((code) => new AppError(code, "").status === status);
        const what = codes.map((code) => `\`${code}\``).join(", ") || FROM_FRAMEWORK[status];
        return [status, { description: `Error: ${what}`, content: { "application/json": { schema } } }];
      }),
  );
}

function componentsOf(operations: ReadonlyMap<string, Operation>): Record<string, object> {
  const all = [...operations.values()];
  const jobs = all.map(({ name, params }) => ({
    type: "object",
    title: name,
    required: ["operation", ...(params.safeParse({}).success ? [] : ["params"])],
    properties: {
      operation: { const: name },
      params: { $ref: `#/components/schemas/${name}.params` },
      output: schemaOf(outputSchema, "input"),
    },
  }));
  return {
    job: { description: "The job: an operation, its params, and where its outputs go.", anyOf: jobs },
    ...Object.fromEntries(
      all.flatMap(({ name, params, result }) => [
        [`${name}.params`, schemaOf(params, "input")],
        [`${name}.result`, schemaOf(result, "output")],
      ]),
    ),
  };
}

/** A zod schema as JSON Schema 2020-12, without the bounds that every whole number has. */
function schemaOf(schema: z.ZodType, io: "input" | "output"): Schema {
  const { $schema: _dialect, ...made } = z.toJSONSchema(schema, {
    target: "draft-2020-12",
    io,
    unrepresentable: "any",
    override: ({ jsonSchema }) => {
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  });
  return made as Schema;
}
