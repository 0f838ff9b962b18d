import { useEffect, useState } from "preact/hooks";
import { callJson, onKeyWanted, type Operation } from "../api.ts";
import { Icon } from "../parts/icon.tsx";
import { Failure } from "../parts/job-panel.tsx";
import { KeyForm } from "../parts/key-form.tsx";
import { useLoaded } from "../use-loaded.ts";
import { LanguageChoice, useWords } from "../words/words.tsx";
import { ApiSection, apisOf, type OpenApi } from "./openapi.tsx";
import { Prose, SchemaTable } from "./schema-table.tsx";

/** The API reference: every operation from its schemas, and every route that the server's OpenAPI description names. */
export function Reference() {
  const words = useWords();
  const [keyWanted, setKeyWanted] = useState(false);
  const { value, error, reload } = useLoaded(async () => {
    const { operations } = await callJson<{ operations: readonly Operation[] }>("/api/operations");
    // Servers before the description existed do without.
    const description = await callJson<OpenApi>("/openapi.json").catch(() => undefined);
    return { operations, apis: description ? apisOf(description) : [] };
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
        {value?.apis.map(({ id, title, routes }) => (
          <Contents
            key={id}
            id={id}
            title={title}
            links={routes.map((route) => ({ id: route.id, name: `${route.methods.join(" ")} ${route.path}` }))}
          />
        ))}
        {value && (
          <Contents
            id="operations"
            title="Operations"
            links={value.operations.map(({ name }) => ({ id: name, name }))}
          />
        )}
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
                Every route of this server, all on one port, and the operations that its jobs run. Machines read{" "}
                <a href="/openapi.json">/openapi.json</a>.
              </p>
            </header>
            {value.apis.map((api) => (
              <ApiSection key={api.id} api={api} />
            ))}
            <section aria-labelledby="operations">
              <h2 class="api" id="operations">
                Operations
              </h2>
              <p>
                A job is <code>{'{ "input": { "operation", "params" } }'}</code>, posted to{" "}
                <code>/v2/local/runsync</code> for its result or to <code>/v2/local/run</code> for its id.
              </p>
              {value.operations.map((operation) => (
                <OperationEntry key={operation.name} operation={operation} />
              ))}
            </section>
          </>
        )}
        {!value && !error && <p role="status">{words.job.working}</p>}
      </main>
    </>
  );
}

type ContentsProps = {
  readonly id: string;
  readonly title: string;
  readonly links: readonly { readonly id: string; readonly name: string }[];
};

function Contents({ id, title, links }: ContentsProps) {
  return (
    <>
      <a class="contents-title" href={`#${id}`}>
        {title}
      </a>
      <ul class="plain">
        {links.map((link) => (
          <li key={link.id}>
            <a href={`#${link.id}`}>{link.name}</a>
          </li>
        ))}
      </ul>
    </>
  );
}

function OperationEntry({ operation }: { readonly operation: Operation }) {
  const { name, summary, description, params, result, example, limits } = operation;
  const body = JSON.stringify({ input: { operation: name, params: example } }, null, 2);
  const call = `curl ${location.origin}/v2/local/runsync \\\n  -H 'Content-Type: application/json' \\\n  -d '${body}'`;
  return (
    <article class="stage entry" id={name} aria-labelledby={`${name}-name`}>
      <h3 id={`${name}-name`} class="route">
        <code>{name}</code>
      </h3>
      <p>{summary}</p>
      <Prose text={description} />
      <SchemaTable title="Params" schema={params} given />
      {limits.length > 0 && <Prose text={`Limits: ${limits.join("; ")}.`} />}
      <SchemaTable title="Answer" schema={result} />
      <h4>Call</h4>
      <pre tabIndex={0} aria-label={`Example of ${name}`}>
        <code>{call}</code>
      </pre>
    </article>
  );
}
