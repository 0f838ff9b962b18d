import { useId } from "preact/hooks";
import { FieldNotes } from "../schema/field-notes.tsx";
import { useWords } from "../words/words.tsx";

type TextInputProps = {
  readonly label: string;
  readonly value: string;
  readonly onChange: (text: string) => void;
  readonly error?: string | undefined;
  readonly rows?: number;
};

/** A text to be spoken, with its length. */
export function TextInput({ label, value, onChange, error, rows = 5 }: TextInputProps) {
  const words = useWords();
  const id = useId();
  const count = Array.from(value).length;
  return (
    <div class="field speech-text">
      <label for={id}>{label}</label>
      <textarea
        id={id}
        rows={rows}
        value={value}
        placeholder={words.text.placeholder}
        aria-describedby={`${id}-count${error ? ` ${id}-error` : ""}`}
        aria-invalid={error ? true : undefined}
        onInput={(event) => onChange(event.currentTarget.value)}
      />
      <p class="hint" id={`${id}-count`}>
        {words.text.count(count)}
      </p>
      <FieldNotes id={id} hint="" error={error} />
    </div>
  );
}
