import type { Choice } from "./field.tsx";
import { FieldNotes } from "./field-notes.tsx";

export type SeveralProps = {
  readonly id: string;
  readonly label: string;
  readonly hint: string;
  readonly error: string | undefined;
  readonly choices: readonly Choice[];
  /** Those that are chosen. */
  readonly value: readonly unknown[];
  /** Undefined where none is. */
  readonly onChange: (value: readonly string[] | undefined) => void;
};

/** A list of values that are there to choose from: a switch for each. */
export function Several({ id, label, hint, error, choices, value, onChange }: SeveralProps) {
  const set = (each: string, on: boolean): void => {
    const chosen = choices.map((choice) => choice.value).filter((one) => (one === each ? on : value.includes(one)));
    onChange(chosen.length > 0 ? chosen : undefined);
  };
  return (
    <fieldset class="field several" aria-describedby={`${id}-hint${error ? ` ${id}-error` : ""}`}>
      <legend>{label}</legend>
      {choices.map((choice) => (
        <label class="toggle" key={choice.value}>
          <input
            type="checkbox"
            aria-invalid={error ? true : undefined}
            checked={value.includes(choice.value)}
            onChange={(event) => set(choice.value, event.currentTarget.checked)}
          />
          <span>{choice.label}</span>
        </label>
      ))}
      <FieldNotes id={id} hint={hint} error={error} />
    </fieldset>
  );
}
