import type { ComponentChildren } from "preact";
import { type ApiError, type Artifact, artifactUrl, type Result } from "../api.ts";
import type { JobRun } from "../use-job.ts";
import type { Words } from "../words/en.ts";
import { useWords } from "../words/words.tsx";
import { Player, type Resume } from "./player.tsx";
import { ReceiptNote } from "./receipt.tsx";

type JobPanelProps = {
  readonly run: JobRun;
  /** What is shown before anything was made. */
  readonly empty: ComponentChildren;
  /** What plays, for screen readers. */
  readonly label: string;
  /** Shown over the progress while the job runs, such as what can be played already. */
  readonly early?: ComponentChildren;
  /** Where the result goes on playing. */
  readonly resume?: Resume | undefined;
  /** Shown under the result. */
  readonly children?: ComponentChildren;
};

/** The stage on which a screen's job is seen: nothing yet, under way, failed, or what it made. */
export function JobPanel({ run, empty, label, early, resume, children }: JobPanelProps) {
  const words = useWords();
  const { state } = run;
  const stages: Readonly<Record<string, string>> = words.stages;
  return (
    <section class="stage" aria-label={label} data-step={state.step}>
      <p class="unseen" role="status">
        {state.step === "working" ? (stages[state.stage] ?? words.job.working) : ""}
        {state.step === "done" ? words.job.done : ""}
        {state.step === "cancelled" ? words.job.cancelled : ""}
      </p>
      {state.step === "idle" && <div class="empty">{empty}</div>}
      {state.step === "cancelled" && <div class="empty">{words.job.cancelled}</div>}
      {state.step === "working" && (
        <div class="working">
          {early ?? <div class="pulse" aria-hidden="true" />}
          <Progress progress={state.progress} stage={stages[state.stage] ?? words.job.working} left={state.left} />
          <button type="button" class="quiet" onClick={run.cancel}>
            {words.job.cancel}
          </button>
        </div>
      )}
      {state.step === "failed" && <Failure error={state.error} />}
      {state.step === "done" && <Made result={state.result} label={label} resume={resume} />}
      {state.step === "done" && children}
    </section>
  );
}

type ProgressProps = {
  /** 0 to 1; undefined for "no telling". */
  readonly progress: number | undefined;
  readonly stage: string;
  /** Seconds. */
  readonly left?: number | undefined;
};

/** How far something is, in a bar and in words. */
export function Progress({ progress, stage, left }: ProgressProps) {
  const words = useWords();
  const percent = progress === undefined ? undefined : Math.round(progress * 100);
  return (
    <div class="progress">
      <span class="progress-stage">{stage}</span>
      {percent !== undefined && (
        <span class="dim">
          {left === undefined ? "" : `${words.job.left(timeOf(left, words))} · `}
          {`${percent} %`}
        </span>
      )}
      <progress
        aria-label={stage}
        max={100}
        {...(percent === undefined ? {} : { value: percent, "aria-valuetext": words.job.percent(percent) })}
      />
    </div>
  );
}

/** Seconds as people say them: in fives above ten, in minutes above a minute. */
function timeOf(seconds: number, { job }: Words): string {
  const whole = seconds < 10 ? Math.max(1, Math.ceil(seconds)) : 5 * Math.ceil(seconds / 5);
  return whole < 60 ? job.wholeSeconds(whole) : job.minutes(Math.floor(whole / 60), whole % 60);
}

/** What went wrong, and what to do about it. */
export function Failure({ error }: { readonly error: ApiError }) {
  const words = useWords();
  const known: Readonly<Record<string, string>> = words.errors;
  return (
    <div class="failure" role="alert">
      <strong>{words.job.failed}</strong>
      <p>{known[error.code] ?? words.errors.other}</p>
      {error.message !== "" && error.code !== "offline" && <p class="said">{error.message}</p>}
    </div>
  );
}

/** A job's files, each with a player or a link, what is worth knowing, and the receipt. */
type MadeProps = { readonly result: Result; readonly label: string; readonly resume?: Resume | undefined };

export function Made({ result, label, resume }: MadeProps) {
  const words = useWords();
  const files = (result.artifacts ?? []).map((file) => ({ file, url: urlOf(file, result) }));
  // What the answer itself names is what was asked for; other files came beside it.
  const named = files.find(
    ({ file }) => file.base64_field !== undefined || (file.url !== undefined && file.url === result["output_url"]),
  );
  const [main] = named ? [named] : files.toReversed().toSorted((a, b) => rank(b.file) - rank(a.file));
  const others = files.filter((each) => each !== main);
  return (
    <div class="made">
      {main?.url !== undefined && rank(main.file) >= 0 && (
        <Player
          key={main.url}
          url={main.url}
          kind={main.file.kind === "video" ? "video" : "audio"}
          label={label}
          resume={resume}
        />
      )}
      {main && <Files files={[main]} />}
      {others.length > 0 && (
        <details class="others">
          <summary>
            {words.job.files} <span class="dim">{files.length}</span>
          </summary>
          <Files files={others} />
        </details>
      )}
      {result.warnings && result.warnings.length > 0 && (
        <div class="noticed">
          <strong>{words.job.noticed}</strong>
          <ul>
            {result.warnings.map((warning) => (
              <li key={warning}>{warning.replaceAll("`", "")}</li>
            ))}
          </ul>
        </div>
      )}
      {result.receipt && <ReceiptNote receipt={result.receipt} />}
    </div>
  );
}

type FoundFile = { readonly file: Artifact; readonly url: string | undefined };

function Files({ files }: { readonly files: readonly FoundFile[] }) {
  const words = useWords();
  return (
    <ul class="files">
      {files.map(({ file, url }) => (
        <li key={file.filename}>
          <span class="file-name">{file.filename}</span>
          <span class="dim">{sizeOf(file.bytes)}</span>
          {url !== undefined && (
            <a class="button quiet small" href={url} download={file.filename}>
              {words.job.download}
              <span class="unseen">{` ${file.filename}`}</span>
            </a>
          )}
        </li>
      ))}
    </ul>
  );
}

/** What is played first: videos before sound, the longest of them (the last of equals is the whole); nothing else is. */
function rank({ kind, duration = 0 }: Artifact): number {
  if (kind === "video") return 1e6 + duration;
  return kind === "audio" ? duration : -1;
}

function urlOf(file: Artifact, result: Result): string | undefined {
  return artifactUrl(file, file.base64_field === undefined ? undefined : result[file.base64_field]);
}

function sizeOf(bytes: number): string {
  return bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1000))} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
