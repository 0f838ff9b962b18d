import type { JsonSchema } from "../schema/json-schema.ts";
import { type Body, curl } from "./curl.ts";
import { Prose, SchemaTable } from "./schema-table.tsx";

type Content = Readonly<Record<string, { readonly schema?: JsonSchema; readonly example?: unknown }>>;

type Parameter = {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly schema?: JsonSchema;
};

type RouteDescription = {
  readonly summary?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content?: Content };
  readonly "x-body-limit"?: number;
  readonly responses?: Readonly<Record<string, { readonly description?: string; readonly content?: Content }>>;
};

/** The part of an OpenAPI 3.1 description that the reference shows. */
export type OpenApi = {
  readonly tags?: readonly { readonly name: string; readonly description?: string }[];
  readonly paths?: Readonly<Record<string, Readonly<Record<string, RouteDescription>>>>;
};

export type Route = RouteDescription & {
  readonly id: string;
  /** Upper case; more than one where they are answered alike. */
  readonly methods: readonly string[];
  readonly path: string;
};

/** The routes of one API. */
export type Api = {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly routes: readonly Route[];
};

const METHODS = ["get", "post", "put", "patch", "delete"];

/** Every route of a description by its API, in its order. */
export function apisOf({ tags = [], paths = {} }: OpenApi): Api[] {
  const routes = Object.entries(paths).flatMap(([path, described]) => {
    const found: Route[] = [];
    for (const method of METHODS) {
      const route = described[method];
      const alike = found.findIndex(({ summary }) => route && summary === route.summary);
      const known = found[alike];
      if (known) found[alike] = { ...known, methods: [...known.methods, method.toUpperCase()] };
      else if (route) {
        const id = `${method}-${path.replaceAll(/[^A-Za-z0-9]+/g, "-")}`;
        found.push({ ...route, id, methods: [method.toUpperCase()], path });
      }
    }
    return found;
  });
  return tags
    .map(({ name, description = "" }) => {
      const [title = name, ...rest] = description.split(/: (.*)/s);
      const own = routes.filter((route) => route.tags?.includes(name));
      const said = rest.join("");
      return { id: `api-${name}`, title, description: said.charAt(0).toUpperCase() + said.slice(1), routes: own };
    })
    .filter((api) => api.routes.length > 0);
}

/** One API: what it is, and its routes. */
export function ApiSection({ api }: { readonly api: Api }) {
  return (
    <section aria-labelledby={api.id}>
      <h2 class="api" id={api.id}>
        {api.title}
      </h2>
      <Prose text={api.description} />
      {api.routes.map((route) => (
        <RouteEntry key={route.id} route={route} />
      ))}
    </section>
  );
}

/** One route: what it takes and what it answers, and how it is called. */
function RouteEntry({ route }: { readonly route: Route }) {
  const { id, methods, path, summary = "", description = "", parameters = [], requestBody, responses = {} } = route;
  const bodies = Object.entries(requestBody?.content ?? {});
  const [body] = bodies;
  const answers = Object.entries(responses).filter(([status]) => Number(status) < 400);
  const errors = Object.entries(responses).filter(([status]) => Number(status) >= 400);
  const given: Body | undefined = body && { type: body[0], example: body[1].example };
  return (
    <article class="stage entry" id={id} aria-labelledby={`${id}-name`}>
      <h3 id={`${id}-name`} class="route">
        {methods.map((method) => (
          <span key={method} class={`method ${method.toLowerCase()}`}>
            {method}
          </span>
        ))}
        <code>{path}</code>
      </h3>
      <Prose text={summary} />
      <Prose text={description} />
      {parameters.length > 0 && <ParameterTable parameters={parameters} />}
      {body && (
        <SchemaTable title={`Body: ${bodies.map(([type]) => type).join(", ")}`} schema={body[1].schema ?? {}} given />
      )}
      {limitOf(route) !== "" && <p class="dim">{limitOf(route)}</p>}
      <h4>Call</h4>
      <pre tabIndex={0} aria-label={`Call of ${path}`}>
        <code>{curl(location.origin, methods[0] ?? "GET", path, given, typesOf(answers))}</code>
      </pre>
      {answers.map(([status, answer]) => (
        <Answer key={status} status={status} {...answer} />
      ))}
      {errors.length > 0 && <Errors errors={errors} />}
    </article>
  );
}

function ParameterTable({ parameters }: { readonly parameters: readonly Parameter[] }) {
  return (
    <>
      <h4>Parameters</h4>
      <div class="table" tabIndex={0} role="group" aria-label="Parameters">
        <table>
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">Where</th>
              <th scope="col">What</th>
            </tr>
          </thead>
          <tbody>
            {parameters.map(({ name, in: place, required, description = "" }) => (
              <tr key={name}>
                <th scope="row">
                  <code>{name}</code>
                </th>
                <td>{`${place}${required ? ", required" : ""}`}</td>
                <td>
                  <Prose text={description} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

type AnswerProps = { readonly status: string; readonly description?: string; readonly content?: Content };

function Answer({ status, description = "", content = {} }: AnswerProps) {
  return (
    <div class="answer">
      <h4>
        <span class="status">{status}</span> <span class="dim">{Object.keys(content).join(", ")}</span>
      </h4>
      <Prose text={description} />
      {Object.entries(content).map(([type, { schema = {} }]) => {
        const events = schema.properties?.["data"]?.contentSchema?.anyOf;
        if (!events) return <SchemaTable key={type} title="Fields" schema={schema} />;
        return events.map((event) => (
          <SchemaTable key={event.title} title={`Event: ${event.title ?? ""}`} schema={event} />
        ));
      })}
    </div>
  );
}

/** All that can go wrong, and the one form in which it is told. */
function Errors({ errors }: { readonly errors: readonly [string, Omit<AnswerProps, "status">][] }) {
  const [first] = errors;
  const schema = Object.values(first?.[1].content ?? {})[0]?.schema;
  return (
    <details>
      <summary>
        <span class="dim">Errors:</span> {errors.map(([status]) => status).join(", ")}
      </summary>
      <ul>
        {errors.map(([status, { description = "" }]) => (
          <li key={status}>
            <Prose text={`${status}: ${description.replace(/^Error: /, "")}`} />
          </li>
        ))}
      </ul>
      {schema && <SchemaTable title="Body of an error" schema={schema} />}
    </details>
  );
}

function typesOf(answers: readonly [string, { readonly content?: Content }][]): string[] {
  return answers.flatMap(([, { content = {} }]) => Object.keys(content));
}

function limitOf({ requestBody, "x-body-limit": bytes }: Route): string {
  if (!requestBody || bytes === undefined) return "";
  const kilobytes = bytes / 1024;
  return `Bodies to ${kilobytes < 1024 ? `${kilobytes} KiB` : `${Math.round(kilobytes / 1024)} MiB`}.`;
}
