import { useEffect, useState } from "preact/hooks";
import { type ApiError, callJson, cancelJob, jobStatus, type ListedJob, type Result, retryJob } from "../api.ts";
import { Failure, Made, Progress } from "../parts/job-panel.tsx";
import { type Loaded, useLoaded } from "../use-loaded.ts";
import { useWords } from "../words/words.tsx";
import { Head } from "./screen.tsx";

/** Pause between two looks at the list, milliseconds. */
const LOOK_EVERY_MS = 1500;

/** Operations as the screens call them. */
function useOperationNames(): Readonly<Record<string, string>> {
  const { screens } = useWords();
  return {
    lipsync: screens.avatar.name,
    stream_chunks: screens.avatar.name,
    upload_voice: screens.speech.name,
    tts: screens.speech.name,
    voice_clone: screens.speech.name,
    multi_speaker: screens.dialogue.name,
    generate_cover_from_separate_audio: screens.cover.name,
    chat: screens.interview.name,
    chat_and_lipsync: screens.interview.name,
  };
}

/** Lists the latest jobs: what runs can be cancelled, what is done can be looked at. @param shown whether it is looked at */
export function JobsScreen({ shown }: { readonly shown: boolean }) {
  const words = useWords();
  const list = useLoaded(() => callJson<{ jobs: ListedJob[] }>("/api/jobs?limit=50"));
  useEffect(() => {
    if (!shown) return undefined;
    void list.reload();
    const look = setInterval(() => document.visibilityState === "visible" && void list.reload(), LOOK_EVERY_MS);
    return () => clearInterval(look);
  }, [shown, list.reload]);
  const jobs = list.value?.jobs;
  return (
    <>
      <Head id="jobs" />
      {list.error && <Failure error={list.error} />}
      {jobs?.length === 0 && <p class="stage empty">{words.jobs.empty}</p>}
      <ul class="plain jobs" aria-label={words.screens.jobs.name}>
        {jobs?.map((job) => (
          <JobRow key={job.id} job={job} reload={list.reload} />
        ))}
      </ul>
    </>
  );
}

function JobRow({ job, reload }: { readonly job: ListedJob; readonly reload: () => Promise<void> }) {
  const words = useWords();
  const names = useOperationNames();
  const [open, setOpen] = useState(false);
  const { status, operation } = job;
  const runs = status === "IN_QUEUE" || status === "IN_PROGRESS";
  const failed = status === "FAILED" || status === "TIMED_OUT";
  const stages: Readonly<Record<string, string>> = words.stages;
  const name = names[operation] ?? operation;
  const when = new Date(job.created_at);
  const act = (doing: Promise<void>): void => void doing.then(reload, reload);
  return (
    <li class="job" data-status={status}>
      <div class="job-head">
        <span class={`pill ${status.toLowerCase().replace("_", "-")}`}>{words.jobs.status[status]}</span>
        <span class="job-name">
          <strong>{name}</strong>
          <code class="dim">{operation}</code>
        </span>
        <time class="dim" dateTime={when.toISOString()}>
          {when.toLocaleTimeString(document.documentElement.lang)}
        </time>
        <span class="dim times">
          {job.executionTime !== undefined && `${words.jobs.worked} ${words.job.seconds(job.executionTime / 1000)}`}
          {job.files > 0 && ` · ${words.jobs.files(job.files)}`}
        </span>
        <span class="job-tools">
          {runs && (
            <button
              type="button"
              class="quiet small"
              onClick={() => act(cancelJob(job.id))}
              aria-label={`${words.jobs.cancel}: ${name}`}
            >
              {words.jobs.cancel}
            </button>
          )}
          {failed && (
            <button
              type="button"
              class="quiet small"
              onClick={() => act(retryJob(job.id))}
              aria-label={`${words.jobs.retry}: ${name}`}
            >
              {words.jobs.retry}
            </button>
          )}
          {status === "COMPLETED" && (
            <button
              type="button"
              class="quiet small"
              aria-expanded={open}
              onClick={() => setOpen(!open)}
              aria-label={`${words.jobs.details}: ${name}`}
            >
              {words.jobs.details}
            </button>
          )}
        </span>
      </div>
      {status === "IN_PROGRESS" && (
        <Progress progress={job.progress?.progress} stage={stages[job.progress?.stage ?? ""] ?? words.job.working} />
      )}
      {failed && job.error && <p class="said">{job.error.message}</p>}
      {open && <JobDetails id={job.id} name={name} />}
    </li>
  );
}

/** A job's files and receipt. */
function JobDetails({ id, name }: { readonly id: string; readonly name: string }) {
  const { value, error }: Loaded<{ output?: Result }> = useLoaded(() => jobStatus(id));
  if (error) return <Failure error={error satisfies ApiError} />;
  return value?.output ? <Made result={value.output} label={name} /> : <Progress progress={undefined} stage="" />;
}
