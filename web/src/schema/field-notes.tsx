/** What stands under a field: its hint, and what is wrong with it. */
export function FieldNotes({
  id,
  hint,
  error,
}: {
  readonly id: string;
  readonly hint: string;
  readonly error?: string | undefined;
}) {
  return (
    <>
      {hint !== "" && (
        <p class="hint" id={`${id}-hint`}>
          {hint.replaceAll("`", "")}
        </p>
      )}
      {error && (
        <p class="field-error" id={`${id}-error`}>
          {error}
        </p>
      )}
    </>
  );
}
