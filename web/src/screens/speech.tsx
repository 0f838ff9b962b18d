import { useEffect, useState } from "preact/hooks";
import { JobPanel } from "../parts/job-panel.tsx";
import { Segments } from "../parts/segments.tsx";
import { SoundInput } from "../parts/sound-input.tsx";
import type { BroughtSound } from "../parts/sound.ts";
import { TextInput } from "../parts/text-input.tsx";
import { faultOf, SchemaForm, type Values } from "../schema/schema-form.tsx";
import { useChoices, useOffer, useParams } from "../server.tsx";
import { useFocusOnFault } from "../use-focus-on-fault.ts";
import { useJob } from "../use-job.ts";
import { violationsOf } from "../violations.ts";
import { useWords } from "../words/words.tsx";
import { KeepVoice } from "../parts/keep-voice.tsx";
import { Screen } from "./screen.tsx";

const SPEAK_FIRST = ["voice", "rate", "pitch"];
const CLONE_FIRST = ["rate", "pitch"];
const PLACED = ["text", "reference_voice", "reference_audio"];

/** Speaks a text, in a voice that is there or in one that is cloned from a recording. */
export function SpeechScreen() {
  const words = useWords();
  const [mode, setMode] = useState<"speak" | "clone">("speak");
  const operation = mode === "speak" ? "tts" : "voice_clone";
  const schema = useParams(operation);
  const choices = useChoices();
  const { reload } = useOffer();
  const run = useJob();
  const form = useFocusOnFault(run.state);
  const [text, setText] = useState("");
  const [reference, setReference] = useState<BroughtSound>();
  const [values, setValues] = useState<Values>({});
  const [missing, setMissing] = useState("");
  const violations = violationsOf(run.state);
  useEffect(() => setMissing(""), [text, reference, mode]);

  const make = (): void => {
    if (text.trim() === "") return setMissing("text");
    if (mode === "clone" && !reference) return setMissing("reference_audio");
    const { voice: _ofSpeak, ...others } = values;
    const said = mode === "speak" ? { ...values, text } : { ...others, text, reference_audio: reference?.data };
    void run.start(operation, said);
  };
  const fault = (name: string): string | undefined =>
    missing === name ? words.form.required : faultOf(violations, name);
  const first = mode === "speak" ? SPEAK_FIRST : CLONE_FIRST;
  const more = Object.keys(schema.properties ?? {}).filter((name) => ![...PLACED, ...first].includes(name));
  const settings = {
    schema,
    values,
    violations,
    onChange: setValues,
    choices: { ...choices, engine: choices["speech_engine"] ?? [] },
  };
  return (
    <Screen
      id="speech"
      form={form}
      onSubmit={make}
      action={words.speech.make}
      working={run.state.step === "working"}
      stage={<JobPanel run={run} label={words.screens.speech.name} empty={words.speech.empty} />}
    >
      <Segments
        label={words.speech.modes}
        value={mode}
        options={[
          { value: "speak", label: words.speech.speak },
          { value: "clone", label: words.speech.clone },
        ]}
        onChange={setMode}
      />
      {mode === "clone" && (
        <>
          <SoundInput
            label={words.speech.reference}
            hint={words.speech.referenceHint}
            value={reference}
            onChange={setReference}
            records
            error={fault("reference_audio")}
          />
          {reference && <KeepVoice key={reference.name} reference={reference} onKept={() => void reload()} />}
        </>
      )}
      <TextInput label={words.text.label} value={text} onChange={setText} error={fault("text")} />
      <SchemaForm {...settings} only={first} />
      <details class="more">
        <summary>{words.form.more}</summary>
        <SchemaForm {...settings} only={more} />
      </details>
    </Screen>
  );
}
