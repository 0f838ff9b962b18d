import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Cron } from "croner";
import { AppError } from "../../errors.ts";
import { MAX_MISSED_RUNS } from "../../limits/batch.ts";

/** What is remembered of a schedule, so that a restart knows what it missed and what it left unfinished. */
type Remembered = {
  /** Epoch milliseconds up to which every run was begun or reported as missed. */
  readonly seen: number;
  /** The time of the run that was begun last, and whether it ended. */
  readonly run?: { readonly due: number; readonly ended: boolean };
};

export type ScheduleOptions = {
  /** Cron: minute hour day month weekday, or with seconds first. */
  readonly pattern: string;
  /** IANA name; undefined for this machine's. */
  readonly timezone: string | undefined;
  /** Folder in which each run gets a folder of its own. */
  readonly out: string;
  readonly signal: AbortSignal;
  /** Runs the batch in a folder; answers whether it came to its end. */
  readonly run: (folder: string) => Promise<boolean>;
  readonly say: (line: string) => void;
};

/** Longest sleep, milliseconds: the clock may be set, or the machine be suspended. */
const LONGEST_SLEEP = 60_000;

/** The times of a cron pattern. @throws AppError `invalid_input` for a pattern or time zone that is none */
export function cronTimes(pattern: string, timezone: string | undefined): Cron {
  try {
    const cron = new Cron(pattern, { paused: true, ...(timezone === undefined ? {} : { timezone }) });
    // A time zone is looked up when a time is asked for.
    cron.nextRun();
    return cron;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : "";
    throw new AppError("invalid_input", `--schedule "${pattern}" or --tz cannot be read: ${why}`, { cause });
  }
}

/** Runs at each time of a schedule until `signal` is aborted. Runs do not overlap; those that are missed are told. */
export async function runSchedule(options: ScheduleOptions): Promise<void> {
  const { pattern, timezone, out, signal, run, say } = options;
  const cron = cronTimes(pattern, timezone);
  await mkdir(out, { recursive: true });
  const file = join(out, "schedule.json");
  let state = await recall(file);
  const begin = async (due: number): Promise<void> => {
    await remember(file, (state = { seen: Math.max(due, state.seen), run: { due, ended: false } }));
    const ended = await run(join(out, folderName(new Date(due), timezone)));
    if (ended) await remember(file, (state = { ...state, run: { due, ended } }));
  };
  const report = async (why: string): Promise<void> => {
    const now = Date.now();
    const missed = timesBetween(cron, state.seen, now);
    if (missed.length > 0) {
      const shown = missed.slice(0, 5).map((time) => describe(time, timezone));
      const rest = missed.length > shown.length ? " …" : "";
      say(`missed ${missed.length} run${missed.length > 1 ? "s" : ""}, ${why}: ${shown.join(", ")}${rest}`);
    }
    await remember(file, (state = { ...state, seen: now }));
  };
  await report("as this was not running");
  if (state.run && !state.run.ended) {
    say(`going on with the run of ${describe(new Date(state.run.due), timezone)}`);
    await begin(state.run.due);
    await report("as another run was under way");
  }
  while (!signal.aborted) {
    const next = cron.nextRun(new Date(state.seen));
    if (!next) return say("the schedule has no more runs");
    say(`next run ${describe(next, timezone)}`);
    await sleepUntil(next.getTime(), signal);
    if (signal.aborted) return;
    await begin(next.getTime());
    if (!signal.aborted) await report("as another run was under way");
  }
}

async function sleepUntil(time: number, signal: AbortSignal): Promise<void> {
  for (let left = time - Date.now(); left > 0 && !signal.aborted; left = time - Date.now()) {
    await pause(Math.min(left, LONGEST_SLEEP), undefined, { signal }).catch(() => undefined);
  }
}

function timesBetween(cron: Cron, after: number, until: number): Date[] {
  const times: Date[] = [];
  let next = cron.nextRun(new Date(after));
  while (next && next.getTime() <= until && times.length < MAX_MISSED_RUNS) {
    times.push(next);
    next = cron.nextRun(next);
  }
  return times;
}

async function recall(file: string): Promise<Remembered> {
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined) return { seen: Date.now() };
  try {
    const state = JSON.parse(text) as Remembered;
    if (typeof state.seen === "number") return state;
  } catch {
    // Said below.
  }
  throw new AppError("invalid_input", `${file} cannot be read. Mend or remove it, or choose another --out.`);
}

async function remember(file: string, state: Remembered): Promise<void> {
  await writeFile(`${file}.part`, `${JSON.stringify(state)}\n`, { flush: true });
  await rename(`${file}.part`, file);
}

/** A time on the wall clock of a zone: `2026-11-21 03:00:00`. */
function describe(time: Date, timezone: string | undefined): string {
  // Sweden writes dates as ISO 8601 does.
  const options = {
    dateStyle: "short",
    timeStyle: "medium",
    ...(timezone === undefined ? {} : { timeZone: timezone }),
  };
  return new Intl.DateTimeFormat("sv-SE", options as Intl.DateTimeFormatOptions).format(time);
}

/** As a folder's name; an hour that comes twice in autumn has two names. */
function folderName(time: Date, timezone: string | undefined): string {
  const local = describe(time, timezone).replace(" ", "T").replaceAll(":", "-");
  const utc = time.toISOString().slice(11, 13);
  return `${local}-utc${utc}`;
}
