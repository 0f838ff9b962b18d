import { useId, useState } from "preact/hooks";
import { FieldNotes } from "../schema/field-notes.tsx";
import { useJob } from "../use-job.ts";
import { useWords } from "../words/words.tsx";
import type { BroughtSound } from "./sound.ts";

/** Keeps a recording as a voice that has a name from then on. */
export function KeepVoice({ reference, onKept }: { readonly reference: BroughtSound; readonly onKept: () => void }) {
  const words = useWords();
  const id = useId();
  const run = useJob();
  const [name, setName] = useState("");
  const keep = async (): Promise<void> => {
    if (await run.start("upload_voice", { audio: reference.data, name })) onKept();
  };
  const { state } = run;
  const kept = state.step === "done" ? String(state.result["name"]) : "";
  return (
    <div class="field keep-voice">
      <label for={id}>{words.speech.keepName}</label>
      <span class="row">
        <input
          id={id}
          type="text"
          value={name}
          aria-describedby={`${id}-error`}
          onInput={(event) => setName(event.currentTarget.value)}
        />
        <button
          type="button"
          class="quiet"
          aria-disabled={name.trim() === "" || state.step === "working"}
          onClick={() => name.trim() !== "" && state.step !== "working" && void keep()}
        >
          {words.speech.keep}
        </button>
      </span>
      <p class="hint" role="status">
        {state.step === "working" ? words.job.working : ""}
        {kept === "" ? "" : words.speech.keepDone(kept)}
      </p>
      <FieldNotes id={id} hint="" error={state.step === "failed" ? state.error.message : undefined} />
    </div>
  );
}
