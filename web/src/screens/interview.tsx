import { useEffect, useId, useRef, useState } from "preact/hooks";
import { COMPANIES, FIELDS, type InterviewField } from "../interview-lists.ts";
import { AvatarPicker } from "../parts/avatar-picker.tsx";
import { Failure, Progress } from "../parts/job-panel.tsx";
import { Player } from "../parts/player.tsx";
import { type Interview, type InterviewSetup, useInterview } from "../use-interview.ts";
import { useWords } from "../words/words.tsx";
import { Head } from "./screen.tsx";

const BEGINNING: InterviewSetup = {
  org_type: "일반기업",
  company_name: "",
  job_name: FIELDS["일반기업"][0],
  avatar: "talk_long",
  speaks: true,
};

/** An interview in which the interviewer writes, and speaks if that is wanted. */
export function InterviewScreen() {
  const words = useWords();
  const interview = useInterview();
  const [setup, setSetup] = useState(BEGINNING);
  const { messages, video, error, stage } = interview;
  const begun = messages.length > 0;
  const stages: Readonly<Record<string, string>> = words.stages;
  return (
    <>
      <Head id="interview" />
      <div class="desk interview">
        <div class="paper">
          {begun ? (
            <Conversation interview={interview} setup={setup} />
          ) : (
            <Setup
              setup={setup}
              onChange={setSetup}
              working={stage !== undefined}
              onStart={() => void interview.say(words.interview.opening, setup)}
            />
          )}
          {error && <Failure error={error} />}
        </div>
        <section class="stage" aria-label={words.interview.video} data-step={stage === undefined ? "idle" : "working"}>
          {video ? (
            <Player key={video} url={video} kind="video" label={words.interview.video} plays />
          ) : (
            <div class="empty">{words.interview.empty}</div>
          )}
          {stage !== undefined && <Progress progress={undefined} stage={stages[stage] ?? words.interview.thinking} />}
        </section>
      </div>
    </>
  );
}

type SetupProps = {
  readonly setup: InterviewSetup;
  readonly onChange: (setup: InterviewSetup) => void;
  readonly working: boolean;
  readonly onStart: () => void;
};

/** What the interview is to be about. */
function Setup({ setup, onChange, working, onStart }: SetupProps) {
  const words = useWords();
  const id = useId();
  const jobs: readonly string[] = FIELDS[setup.org_type as InterviewField];
  return (
    <form
      aria-label={words.interview.setup}
      onSubmit={(event) => {
        event.preventDefault();
        if (!working) onStart();
      }}
    >
      <div class="fields">
        <div class="field">
          <label for={`${id}-org`}>{words.interview.org}</label>
          <select
            id={`${id}-org`}
            value={setup.org_type}
            onChange={(event) => {
              const org = event.currentTarget.value as InterviewField;
              onChange({ ...setup, org_type: org, job_name: FIELDS[org][0] });
            }}
          >
            {Object.keys(FIELDS).map((org) => (
              <option value={org} key={org} lang="ko">
                {org}
              </option>
            ))}
          </select>
        </div>
        <div class="field">
          <label for={`${id}-job`}>{words.interview.job}</label>
          <select
            id={`${id}-job`}
            value={setup.job_name}
            onChange={(event) => onChange({ ...setup, job_name: event.currentTarget.value })}
          >
            {jobs.map((job) => (
              <option value={job} key={job} lang="ko">
                {job}
              </option>
            ))}
          </select>
        </div>
        <div class="field">
          <label for={`${id}-company`}>{words.interview.company}</label>
          <input
            id={`${id}-company`}
            type="text"
            value={setup.company_name}
            list={`${id}-companies`}
            autoComplete="off"
            aria-describedby={`${id}-company-hint`}
            onInput={(event) => onChange({ ...setup, company_name: event.currentTarget.value })}
          />
          <datalist id={`${id}-companies`}>
            {COMPANIES[setup.org_type as InterviewField].map((company) => (
              <option value={company} key={company} />
            ))}
          </datalist>
          <p class="hint" id={`${id}-company-hint`}>
            {words.interview.companyHint}
          </p>
        </div>
      </div>
      <AvatarPicker
        value={{ avatar: setup.avatar }}
        onChange={({ avatar }) => onChange({ ...setup, avatar })}
        label={words.interview.interviewer}
        photos={false}
      />
      <label class="toggle">
        <input
          type="checkbox"
          checked={setup.speaks}
          onChange={(event) => onChange({ ...setup, speaks: event.currentTarget.checked })}
        />
        <span>{words.interview.face}</span>
      </label>
      <div class="actions">
        <button type="submit" class="main" aria-disabled={working}>
          {words.interview.start}
        </button>
        <span class="dim">{words.interview.note}</span>
      </div>
    </form>
  );
}

/** What was said, and what is to be said next. */
function Conversation({ interview, setup }: { readonly interview: Interview; readonly setup: InterviewSetup }) {
  const words = useWords();
  const id = useId();
  const { messages, writing, stage, say } = interview;
  const [answer, setAnswer] = useState("");
  const log = useRef<HTMLDivElement>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  const working = stage !== undefined;
  useEffect(() => log.current?.scrollTo({ top: log.current.scrollHeight }), [messages, writing]);
  useEffect(() => field.current?.focus(), []);
  const send = (): void => {
    if (answer.trim() === "" || working) return;
    void say(answer.trim(), setup);
    setAnswer("");
  };
  return (
    <>
      <div class="log" role="log" aria-label={words.interview.log} ref={log} tabIndex={0}>
        <ol class="plain">
          {messages.map(({ role, content }, index) => (
            <li key={index} class={`message ${role}`} lang="ko">
              <span class="who">{role === "user" ? words.interview.you : words.interview.interviewer}</span>
              <p>{content}</p>
            </li>
          ))}
          {writing !== undefined && (
            <li class="message assistant" aria-hidden="true" lang="ko">
              <span class="who">{words.interview.interviewer}</span>
              <p>{writing || "…"}</p>
            </li>
          )}
        </ol>
      </div>
      <form
        class="reply"
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <label for={id}>{words.interview.answer}</label>
        <textarea
          ref={field}
          id={id}
          rows={3}
          value={answer}
          onInput={(event) => setAnswer(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            send();
          }}
        />
        <div class="actions">
          <button type="submit" class="main" aria-disabled={working || answer.trim() === ""}>
            {words.interview.send}
          </button>
          {working ? (
            <button type="button" class="quiet" onClick={interview.cancel}>
              {words.job.cancel}
            </button>
          ) : (
            <button type="button" class="quiet" onClick={interview.reset}>
              {words.interview.again}
            </button>
          )}
        </div>
      </form>
    </>
  );
}
