import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import { useWords } from "../words/words.tsx";
import { FieldNotes } from "./field-notes.tsx";
import { controlOf, type JsonSchema, unwrap } from "./json-schema.ts";
import { Several } from "./several.tsx";

export type FieldProps = {
  readonly name: string;
  readonly schema: JsonSchema;
  /** Undefined where the caller leaves it to the server. */
  readonly value: unknown;
  readonly onChange: (value: unknown) => void;
  readonly error?: string | undefined;
  /** Values to choose from where the schema says "text". */
  readonly choices?: readonly Choice[] | undefined;
};

/** A value with what it is called. */
export type Choice = { readonly value: string; readonly label: string };

/** A parameter's label and hint: the dictionary's, else what the schema says. */
export function useNaming(name: string, schema: JsonSchema): { label: string; hint: string } {
  const fields: Readonly<Record<string, readonly [string, string]>> = useWords().fields;
  const [label, hint] = fields[name] ?? [name.replaceAll("_", " "), ""];
  return { label, hint: hint || (schema.description ?? "") };
}

/** One parameter of an operation, asked for in the way that its schema suggests. */
export function Field(props: FieldProps) {
  const { name, schema, value, onChange, error, choices } = props;
  const { label, hint } = useNaming(name, schema);
  const words = useWords();
  const id = useId();
  const control = controlOf(schema);
  const standard = unwrap(schema).default;
  const shown = value ?? standard;
  const describedBy = `${id}-hint${error ? ` ${id}-error` : ""}`;
  const common = { id, name, "aria-describedby": describedBy, "aria-invalid": error ? true : undefined };
  const named = (option: string | number): string =>
    (words.choices as Readonly<Record<string, string>>)[String(option)] ?? String(option);

  const wrap = (input: ComponentChildren, kind: string, beside?: ComponentChildren) => (
    <div class={`field ${kind}`}>
      <span class="field-head">
        <label for={id}>{label}</label>
        {beside}
      </span>
      {input}
      <FieldNotes id={id} hint={hint} error={error} />
    </div>
  );

  if (choices !== undefined && control.kind === "list") {
    const chosen = Array.isArray(value) ? value : [];
    return <Several {...{ id, label, hint, error, choices, onChange }} value={chosen} />;
  }
  if (choices !== undefined) {
    return wrap(
      <select
        {...common}
        value={plain(shown) || (choices[0]?.value ?? "")}
        onChange={(event) => onChange(event.currentTarget.value || undefined)}
      >
        {choices.map((choice) => (
          <option value={choice.value} key={choice.value}>
            {choice.label}
          </option>
        ))}
      </select>,
      "choice",
    );
  }
  switch (control.kind) {
    case "choice": {
      const pick = (text: string): void => onChange(control.options.find((option) => String(option) === text));
      return wrap(
        <select {...common} value={plain(shown)} onChange={(event) => pick(event.currentTarget.value)}>
          {standard === undefined && <option value="">{words.form.standard}</option>}
          {control.options.map((option) => (
            <option value={String(option)} key={option}>
              {named(option)}
            </option>
          ))}
        </select>,
        "choice",
      );
    }
    case "range": {
      const { min, max, step } = control;
      const at = typeof shown === "number" ? shown : undefined;
      return wrap(
        <input
          {...common}
          type="range"
          min={min}
          max={max}
          step={step}
          value={at ?? (min + max) / 2}
          data-unset={at === undefined ? "" : undefined}
          aria-valuetext={at === undefined ? words.form.unset : undefined}
          onInput={(event) => onChange(event.currentTarget.valueAsNumber)}
        />,
        "range",
        <span class="value">
          {value !== undefined && (
            <button type="button" class="reset" title={words.form.reset} onClick={() => onChange(undefined)}>
              <span aria-hidden="true">↺</span>
              <span class="unseen">{`${label}: ${words.form.reset}`}</span>
            </button>
          )}
          <output for={id}>{at ?? words.form.unset}</output>
        </span>,
      );
    }
    case "number":
      return wrap(
        <input
          {...common}
          type="number"
          inputMode={control.whole ? "numeric" : "decimal"}
          min={control.min}
          max={control.max}
          step={control.whole ? 1 : "any"}
          value={typeof value === "number" ? value : ""}
          placeholder={plain(standard) || words.form.unset}
          onInput={(event) =>
            onChange(Number.isNaN(event.currentTarget.valueAsNumber) ? undefined : event.currentTarget.valueAsNumber)
          }
        />,
        "number",
      );
    case "switch":
      return (
        <div class="field switch">
          <label class="toggle">
            <input
              {...common}
              type="checkbox"
              checked={shown === true}
              onChange={(event) => onChange(event.currentTarget.checked)}
            />
            <span>{label}</span>
          </label>
          <FieldNotes id={id} hint={hint} error={error} />
        </div>
      );
    case "list":
      return wrap(
        <input
          {...common}
          type="text"
          value={Array.isArray(value) ? value.join(", ") : ""}
          placeholder={words.form.unset}
          onChange={(event) => onChange(listOf(event.currentTarget.value, control.of))}
        />,
        "text",
      );
    default: {
      const text = {
        value: typeof value === "string" ? value : "",
        placeholder: typeof standard === "string" ? standard : "",
      };
      const given = (typed: string): void => onChange(typed === "" ? undefined : typed);
      return wrap(
        control.long ? (
          <textarea {...common} {...text} rows={2} onInput={(event) => given(event.currentTarget.value)} />
        ) : (
          <input {...common} {...text} type="text" onInput={(event) => given(event.currentTarget.value)} />
        ),
        "text",
      );
    }
  }
}

/** A text or a number as a text; nothing for anything else. */
function plain(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

function listOf(text: string, of: "number" | "text"): unknown[] | undefined {
  const parts = text
    .split(of === "text" ? /[,;]/ : /[\s,;]+/)
    .map((part) => part.trim())
    .filter((part) => part !== "");
  if (parts.length === 0) return undefined;
  return of === "text" ? parts : parts.map(Number);
}
