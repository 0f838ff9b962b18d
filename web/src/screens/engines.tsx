import { type Engine, useOffer } from "../server.tsx";
import { useWords } from "../words/words.tsx";
import { Head } from "./screen.tsx";

/** Shows what can work here, and what is missing for the rest. */
export function EnginesScreen() {
  const words = useWords();
  const { engines, voices, models, avatars, reload } = useOffer();
  const kinds: Readonly<Record<string, string>> = words.engines.kinds;
  const byKind = Map.groupBy(engines, ({ kind }) => kind);
  const people = [...new Set(avatars.map(({ id }) => id.replace(/_(short|long)_\d+p$/, "")))];
  const shelf = (title: string, note: string, names: readonly (readonly [name: string, about: string])[]) => (
    <section class="stage shelf" aria-label={title}>
      <h2>
        {title} <span class="count">{names.length}</span>
      </h2>
      <ul class="chips">
        {names.map(([name, about]) => (
          <li key={name} title={about}>
            {name}
          </li>
        ))}
      </ul>
      <p class="hint">{note}</p>
    </section>
  );
  return (
    <>
      <Head id="engines" />
      <p>
        <button type="button" class="quiet small" onClick={() => void reload()}>
          {words.jobs.refresh}
        </button>
      </p>
      {Array.from(byKind, ([kind, all]) => (
        <section key={kind} class="engine-kind" aria-label={kinds[kind] ?? kind}>
          <h2>{kinds[kind] ?? kind}</h2>
          <ul class="plain engines">
            {all.map((engine) => (
              <EngineCard key={engine.id} engine={engine} first={all.find(({ available }) => available) === engine} />
            ))}
          </ul>
        </section>
      ))}
      <div class="shelves">
        {shelf(
          words.engines.voices,
          words.engines.addVoice,
          voices.map(({ name, description }) => [name, description]),
        )}
        {shelf(
          words.engines.models,
          words.engines.addModel,
          models.map((name) => [name, ""]),
        )}
        {shelf(
          words.engines.avatars,
          words.engines.addAvatar,
          people.map((name) => [name, ""]),
        )}
      </div>
    </>
  );
}

function EngineCard({ engine, first }: { readonly engine: Engine; readonly first: boolean }) {
  const words = useWords();
  const { id, description, available, reason, remedy, license, languages } = engine;
  const spoken = languages.includes("*") ? words.engines.anyLanguage : words.engines.languages(languages.length);
  return (
    <li class={`stage engine${available ? "" : " lacking"}`}>
      <div class="engine-head">
        <strong>{id}</strong>
        <span class={`pill ${available ? "completed" : "failed"}`}>
          {available ? words.engines.works : words.engines.missing}
        </span>
        {first && <span class="pill">{words.engines.first}</span>}
      </div>
      <p>{description}</p>
      {!available && (
        <div class="noticed">
          {reason !== undefined && <p>{reason}</p>}
          {remedy !== undefined && (
            <p>
              <strong>{words.engines.remedy}</strong> {remedy}
            </p>
          )}
        </div>
      )}
      <p class="dim">{`${words.engines.licence}: ${license} · ${spoken}`}</p>
    </li>
  );
}
