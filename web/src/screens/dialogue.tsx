import { useEffect, useRef, useState } from "preact/hooks";
import type { Result } from "../api.ts";
import { JobPanel } from "../parts/job-panel.tsx";
import { faultOf, SchemaForm, type Values } from "../schema/schema-form.tsx";
import { FieldNotes } from "../schema/field-notes.tsx";
import { useChoices, useOffer, useParams, voiceChoice } from "../server.tsx";
import { useFocusOnFault } from "../use-focus-on-fault.ts";
import { useJob } from "../use-job.ts";
import { violationsOf } from "../violations.ts";
import { useWords } from "../words/words.tsx";
import { Screen } from "./screen.tsx";

type Line = { readonly key: number; readonly speaker: number; readonly text: string };
type Turn = { readonly speaker: number; readonly voice: string; readonly start: number; readonly text: string };

const PLACED = ["text", "reference_voices", "languages"];
const FIRST = ["pause_seconds", "rate"];

/** Writes a dialogue line by line and has it spoken. */
export function DialogueScreen() {
  const words = useWords();
  const schema = useParams("multi_speaker");
  const choices = useChoices();
  const run = useJob();
  const form = useFocusOnFault(run.state);
  const [voices, setVoices] = useState<readonly string[]>(["", ""]);
  const [lines, setLines] = useState<readonly Line[]>(() =>
    words.dialogue.samples.map((text, key) => ({ key, speaker: key % 2, text })),
  );
  const [values, setValues] = useState<Values>({});
  const [missing, setMissing] = useState("");
  const violations = violationsOf(run.state);
  useEffect(() => setMissing(""), [lines]);

  const make = (): void => {
    const spoken = lines.filter(({ text }) => text.trim() !== "");
    if (spoken.length === 0) return setMissing(words.form.required);
    // A line break within a line would begin nothing new: the tag stands for the whole of it.
    const text = spoken.map(({ speaker, text }) => `[SPEAKER${speaker}] ${text.replaceAll(/\s+/g, " ")}`).join("\n");
    const used = Math.max(...spoken.map(({ speaker }) => speaker)) + 1;
    const cast = voices.slice(0, used).map((voice) => voice || null);
    void run.start("multi_speaker", { ...values, text, reference_voices: cast });
  };
  const more = Object.keys(schema.properties ?? {}).filter((name) => ![...PLACED, ...FIRST].includes(name));
  const settings = {
    schema,
    values,
    violations,
    onChange: setValues,
    choices: { ...choices, engine: choices["speech_engine"] ?? [] },
  };
  const { state } = run;
  return (
    <Screen
      id="dialogue"
      form={form}
      onSubmit={make}
      action={words.dialogue.make}
      working={state.step === "working"}
      stage={
        <JobPanel run={run} label={words.screens.dialogue.name} empty={words.dialogue.empty}>
          {state.step === "done" && <Turns result={state.result} />}
        </JobPanel>
      }
    >
      <Speakers voices={voices} onChange={setVoices} />
      <Lines lines={lines} speakers={voices.length} onChange={setLines} />
      <FieldNotes id="dialogue-text" hint="" error={missing || faultOf(violations, "text")} />
      <SchemaForm {...settings} only={FIRST} />
      <details class="more">
        <summary>{words.form.more}</summary>
        <SchemaForm {...settings} only={more} />
      </details>
    </Screen>
  );
}

type SpeakersProps = { readonly voices: readonly string[]; readonly onChange: (voices: readonly string[]) => void };

/** Who takes part, and with whose voice. */
function Speakers({ voices, onChange }: SpeakersProps) {
  const words = useWords();
  const offer = useOffer();
  const set = (at: number, voice: string): void => onChange(voices.map((each, index) => (index === at ? voice : each)));
  return (
    <fieldset class="field speakers">
      <legend>{words.dialogue.speakers}</legend>
      <ul class="plain">
        {voices.map((voice, index) => (
          <li key={index} class={`speaker speaker-${index % 4}`}>
            <span class="badge" aria-hidden="true">
              {index + 1}
            </span>
            <select
              aria-label={words.dialogue.speaker(index + 1)}
              value={voice}
              onChange={(event) => set(index, event.currentTarget.value)}
            >
              <option value="">{words.dialogue.chosen}</option>
              {offer.voices.map(voiceChoice).map(({ value, label }) => (
                <option value={value} key={value}>
                  {label}
                </option>
              ))}
            </select>
            {voices.length > 1 && index === voices.length - 1 && (
              <button
                type="button"
                class="quiet icon"
                aria-label={words.dialogue.removeSpeaker(index + 1)}
                onClick={() => onChange(voices.slice(0, -1))}
              >
                ×
              </button>
            )}
          </li>
        ))}
      </ul>
      {voices.length < 16 && (
        <button type="button" class="quiet small" onClick={() => onChange([...voices, ""])}>
          {words.dialogue.addSpeaker}
        </button>
      )}
    </fieldset>
  );
}

type LinesProps = {
  readonly lines: readonly Line[];
  readonly speakers: number;
  readonly onChange: (lines: readonly Line[]) => void;
};

/** What is said, in order. */
function Lines({ lines, speakers, onChange }: LinesProps) {
  const words = useWords();
  const nextKey = useRef(1000);
  const list = useRef<HTMLOListElement>(null);
  const set = (key: number, change: Partial<Line>): void =>
    onChange(lines.map((line) => (line.key === key ? { ...line, ...change } : line)));
  const add = (): void => {
    const last = lines.at(-1)?.speaker ?? speakers - 1;
    onChange([...lines, { key: nextKey.current++, speaker: (last + 1) % speakers, text: "" }]);
    requestAnimationFrame(() => list.current?.querySelector<HTMLElement>("li:last-child textarea")?.focus());
  };
  const move = (index: number): void => {
    const moved = [...lines];
    const [line] = moved.splice(index, 1);
    if (line) moved.splice(index - 1, 0, line);
    onChange(moved);
  };
  return (
    <fieldset class="field lines">
      <legend>{words.dialogue.lines}</legend>
      <ol class="plain" ref={list}>
        {lines.map((line, index) => {
          const speaker = Math.min(line.speaker, speakers - 1);
          return (
            <li key={line.key} class={`line speaker-${speaker % 4}`}>
              <select
                class="badge"
                aria-label={words.dialogue.says(index + 1)}
                value={String(speaker)}
                onChange={(event) => set(line.key, { speaker: Number(event.currentTarget.value) })}
              >
                {Array.from({ length: speakers }, (_, each) => (
                  <option value={String(each)} key={each}>
                    {String(each + 1)}
                  </option>
                ))}
              </select>
              <textarea
                rows={1}
                aria-label={words.dialogue.line(index + 1)}
                value={line.text}
                onInput={(event) => set(line.key, { text: event.currentTarget.value })}
              />
              <span class="line-tools">
                <button
                  type="button"
                  class="quiet icon"
                  aria-label={words.dialogue.up(index + 1)}
                  aria-disabled={index === 0}
                  onClick={() => index > 0 && move(index)}
                >
                  ↑
                </button>
                <button
                  type="button"
                  class="quiet icon"
                  aria-label={words.dialogue.down(index + 1)}
                  aria-disabled={index === lines.length - 1}
                  onClick={() => index < lines.length - 1 && move(index + 1)}
                >
                  ↓
                </button>
                <button
                  type="button"
                  class="quiet icon"
                  aria-label={words.dialogue.removeLine(index + 1)}
                  onClick={() => onChange(lines.filter(({ key }) => key !== line.key))}
                >
                  ×
                </button>
              </span>
            </li>
          );
        })}
      </ol>
      <button type="button" class="quiet small" onClick={add}>
        {words.dialogue.addLine}
      </button>
    </fieldset>
  );
}

/** Who spoke when; each can be heard by itself. */
function Turns({ result }: { readonly result: Result }) {
  const words = useWords();
  const turns = (result["turns"] ?? []) as readonly Turn[];
  const play = (event: Event, seconds: number): void => {
    const stage = (event.currentTarget as HTMLElement).closest(".stage");
    const audio = stage?.querySelector("audio");
    if (!audio) return;
    audio.currentTime = seconds;
    void audio.play();
  };
  return (
    <section class="turns" aria-label={words.dialogue.turns}>
      <ol class="plain">
        {turns.map(({ speaker, voice, start, text }) => (
          <li key={start} class={`turn speaker-${speaker % 4}`}>
            <button
              type="button"
              class="quiet small"
              aria-label={words.dialogue.playFrom(words.job.seconds(start))}
              onClick={(event) => play(event, start)}
            >
              {words.job.seconds(start)}
            </button>
            <span>
              <span class="dim">{voice}</span> {text}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}
