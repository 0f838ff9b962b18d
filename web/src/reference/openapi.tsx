import type { JsonSchema } from "../schema/json-schema.ts";
import { Prose, SchemaTable, typeOf } from "./schema-table.tsx";

type Content = Readonly<Record<string, { readonly schema?: JsonSchema; readonly example?: unknown }>>;

type RouteDescription = {
  readonly summary?: string;
  readonly description?: string;
  readonly parameters?: readonly {
    name: string;
    in: string;
    required?: boolean;
    description?: string;
    schema?: JsonSchema;
  }[];
  readonly requestBody?: { readonly content?: Content };
  readonly responses?: Readonly<Record<string, { readonly description?: string; readonly content?: Content }>>;
};

/** The part of an OpenAPI 3.1 description that the reference shows. */
export type OpenApi = {
  readonly paths?: Readonly<Record<string, Readonly<Record<string, RouteDescription>>>>;
  readonly components?: { readonly schemas?: Readonly<Record<string, JsonSchema>> };
};

export type Route = RouteDescription & {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly schemas: Readonly<Record<string, JsonSchema>>;
};

const METHODS = ["get", "post", "put", "patch", "delete"];

/** Every route of a description, in its order. */
export function routesOf({ paths = {}, components }: OpenApi): Route[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    METHODS.flatMap((method) => {
      const route = methods[method];
      const id = `${method}-${path.replaceAll(/[^A-Za-z0-9]+/g, "-")}`;
      return route ? [{ ...route, id, method: method.toUpperCase(), path, schemas: components?.schemas ?? {} }] : [];
    }),
  );
}

/** One route: what it takes and what it answers. */
export function RouteEntry({ route }: { readonly route: Route }) {
  const { id, method, path, summary, description, parameters = [], requestBody, responses = {}, schemas } = route;
  return (
    <article class="stage entry" id={id} aria-labelledby={`${id}-name`}>
      <h2 id={`${id}-name`}>
        <span class="pill">{method}</span> <code>{path}</code>
      </h2>
      <Prose text={summary ?? ""} />
      <Prose text={description ?? ""} />
      {parameters.length > 0 && (
        <ul>
          {parameters.map((each) => (
            <li key={each.name}>
              <code>{each.name}</code>
              {` (${each.in}${each.schema ? `, ${typeOf(each.schema)}` : ""}) ${each.description ?? ""}`}
            </li>
          ))}
        </ul>
      )}
      {Object.entries(requestBody?.content ?? {}).map(([type, { schema }]) => (
        <SchemaTable key={type} title={`Body: ${type}`} schema={resolve(schema, schemas)} given />
      ))}
      {Object.entries(responses).map(([status, { description: said = "", content = {} }]) => (
        <div key={status}>
          <h3>
            {status} <span class="dim">{said}</span>
          </h3>
          {Object.entries(content).map(([type, { schema }]) => (
            <SchemaTable key={type} title={type} schema={resolve(schema, schemas)} />
          ))}
        </div>
      ))}
    </article>
  );
}

/** A schema that may be a reference into the description's own. */
function resolve(schema: (JsonSchema & { $ref?: string }) | undefined, schemas: Route["schemas"]): JsonSchema {
  const name = schema?.$ref?.replace("#/components/schemas/", "");
  return (name === undefined ? schema : schemas[name]) ?? {};
}
