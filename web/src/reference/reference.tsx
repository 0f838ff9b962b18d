import { useEffect, useState } from "preact/hooks";
import { callJson, onKeyWanted, type Operation } from "../api.ts";
import { Icon } from "../parts/icon.tsx";
import { Failure } from "../parts/job-panel.tsx";
import { KeyForm } from "../parts/key-form.tsx";
import { useLoaded } from "../use-loaded.ts";
import { LanguageChoice, useWords } from "../words/words.tsx";
import { type OpenApi, RouteEntry, routesOf } from "./openapi.tsx";
import { Prose, SchemaTable } from "./schema-table.tsx";

/** The API reference: every operation from its schemas, and every route that the server's OpenAPI description names. */
export function Reference() {
  const words = useWords();
  const [keyWanted, setKeyWanted] = useState(false);
  const { value, error, reload } = useLoaded(async () => {
    const { operations } = await callJson<{ operations: readonly Operation[] }>("/api/operations");
    // Servers before the description existed do without.
    const description = await callJson<OpenApi>("/openapi.json").catch(() => undefined);
    return { operations, routes: description ? routesOf(description) : [] };
  });
  useEffect(() => {
    document.title = "API · Talkbox";
    onKeyWanted(() => setKeyWanted(true));
  }, []);
  useEffect(() => {
    // What the address names is there only now.
    if (value && location.hash !== "")
      document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
  }, [value]);
  return (
    <>
      <header class="top">
        <a class="brand" href="/studio/">
          <Icon name="brand" />
          Talkbox
        </a>
        <LanguageChoice />
      </header>
      <nav class="menu open contents" aria-label="API">
        <ul class="plain">
          {value?.operations.map(({ name }) => (
            <li key={name}>
              <a href={`#${name}`}>{name}</a>
            </li>
          ))}
          {value?.routes.map(({ id, method, path }) => (
            <li key={id}>
              <a href={`#${id}`}>{`${method} ${path}`}</a>
            </li>
          ))}
        </ul>
      </nav>
      <main class="reference" lang="en">
        {keyWanted && (
          <KeyForm
            onDone={() => {
              setKeyWanted(false);
              void reload();
            }}
          />
        )}
        {error && error.code !== "unauthorized" && <Failure error={error} />}
        {value && (
          <>
            <header class="screen-head">
              <h1>API</h1>
              <p class="lead">
                A job is <code>{'{ "input": { "operation", "params" } }'}</code>, posted to{" "}
                <code>/v2/local/runsync</code> for its result or to <code>/v2/local/run</code> for its id.
              </p>
            </header>
            {value.operations.map((operation) => (
              <OperationEntry key={operation.name} operation={operation} />
            ))}
            {value.routes.map((route) => (
              <RouteEntry key={route.id} route={route} />
            ))}
          </>
        )}
        {!value && !error && <p role="status">{words.job.working}</p>}
      </main>
    </>
  );
}

function OperationEntry({ operation }: { readonly operation: Operation }) {
  const { name, summary, description, params, result, example, limits } = operation;
  const body = JSON.stringify({ input: { operation: name, params: example } }, null, 2);
  const call = `curl ${location.origin}/v2/local/runsync \\\n  -H 'Content-Type: application/json' \\\n  -d '${body}'`;
  return (
    <article class="stage entry" id={name} aria-labelledby={`${name}-name`}>
      <h2 id={`${name}-name`}>
        <code>{name}</code>
      </h2>
      <p>{summary}</p>
      <Prose text={description} />
      <SchemaTable title="Params" schema={params} given />
      {limits.length > 0 && <Prose text={`Limits: ${limits.join("; ")}.`} />}
      <SchemaTable title="Answer" schema={result} />
      <h3>Example</h3>
      <pre tabIndex={0} aria-label={`Example of ${name}`}>
        <code>{call}</code>
      </pre>
    </article>
  );
}
