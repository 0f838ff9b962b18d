import { useEffect, useId, useRef, useState } from "preact/hooks";
import { apiKey, call } from "../api.ts";
import { FieldNotes } from "../schema/field-notes.tsx";
import { useWords } from "../words/words.tsx";

/** Asks for the server's key, and tries it. */
export function KeyForm({ onDone }: { readonly onDone: () => void }) {
  const words = useWords();
  const id = useId();
  const [key, setKey] = useState("");
  const [wrong, setWrong] = useState(apiKey.get() !== "");
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const use = async (): Promise<void> => {
    apiKey.set(key);
    try {
      await call("/api/operations");
      onDone();
    } catch {
      apiKey.set("");
      setWrong(true);
      field.current?.focus();
    }
  };
  return (
    <form
      class="stage key-form"
      aria-label={words.key.title}
      onSubmit={(event) => {
        event.preventDefault();
        void use();
      }}
    >
      <h1>{words.key.title}</h1>
      <div class="field">
        <label for={id}>{words.key.label}</label>
        <input
          ref={field}
          id={id}
          type="password"
          autoComplete="off"
          value={key}
          aria-describedby={`${id}-hint ${id}-error`}
          aria-invalid={wrong ? true : undefined}
          onInput={(event) => {
            setKey(event.currentTarget.value);
            setWrong(false);
          }}
        />
        <FieldNotes id={id} hint={words.key.hint} error={wrong ? words.key.wrong : undefined} />
      </div>
      <div class="actions">
        <button type="submit" class="main" aria-disabled={key === ""}>
          {words.key.save}
        </button>
      </div>
    </form>
  );
}
