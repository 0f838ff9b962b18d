import { readFile, stat } from "node:fs/promises";
import { basename, extname } from "node:path";
import { handler, type JobResult } from "../../../handler/index.ts";
import { createServices } from "../../../handler/services.ts";
import type { Config } from "../../config.ts";
import { AppError, toAppError } from "../../errors.ts";
import { MAX_INLINE_INPUT_BYTES } from "../../limits.ts";
import { createLog } from "../../log.ts";
import { createProgressView } from "../progress.ts";

/** Options of `talkbox voices add`. */
export type AddVoiceOptions = {
  readonly name?: string;
  readonly description?: string;
  readonly overwrite: boolean;
  readonly quiet: boolean;
};

/** A voice as `list_voices` answers it. */
type ListedVoice = {
  readonly name: string;
  readonly description: string;
  readonly kind: "engine" | "reference";
  readonly engine: string | null;
  readonly pitch_hz?: number;
  readonly duration?: number;
};

/** `talkbox voices add`. */
export async function addVoice(file: string, options: AddVoiceOptions, config: Config): Promise<void> {
  await inTerminal(config, !options.quiet, async (job) => {
    const params = {
      audio: (await readRecording(file)).toString("base64"),
      name: options.name ?? basename(file, extname(file)),
      overwrite: options.overwrite,
      ...(options.description === undefined ? {} : { description: options.description }),
    };
    const kept = (await job("upload_voice", params)) as JobResult & {
      name: string;
      duration: number;
      pitch_hz: number;
    };
    return `Kept "${kept.name}": ${kept.duration.toFixed(1)} s, median pitch ${Math.round(kept.pitch_hz)} Hz.`;
  });
}

/** `talkbox voices list`. */
export async function listVoices({ json }: { readonly json: boolean }, config: Config): Promise<void> {
  await inTerminal(config, false, async (job) => {
    const { voices } = (await job("list_voices", {})) as JobResult & { voices: readonly ListedVoice[] };
    if (json) return JSON.stringify(voices, null, 2);
    const added = voices.filter(({ kind }) => kind === "reference");
    const shipped = voices.filter(({ kind }) => kind === "engine");
    const none = "  none yet: talkbox voices add FILE --name NAME";
    return ["Added", ...(added.length > 0 ? rows(added) : [none]), "", "With the engines", ...rows(shipped)].join("\n");
  });
}

/** `talkbox voices remove`. */
export async function removeVoice(name: string, config: Config): Promise<void> {
  await inTerminal(config, false, async (job) => {
    const gone = (await job("delete_voice", { name })) as JobResult & { name: string };
    return `Removed "${gone.name}".`;
  });
}

function rows(voices: readonly ListedVoice[]): string[] {
  const width = Math.max(...voices.map(({ name }) => name.length));
  return voices.map(({ name, description, pitch_hz: pitch, duration }) => {
    const hertz = pitch === undefined ? "       " : `${String(Math.round(pitch)).padStart(4)} Hz`;
    const length = duration === undefined ? "" : `  (${duration.toFixed(1)} s)`;
    return `  ${name.padEnd(width)}  ${hertz}  ${description}${length}`;
  });
}

type RunJob = (operation: string, params: object) => Promise<JobResult>;

/** Runs jobs for a person: what `work` answers goes to the standard output, an error to the standard error. */
async function inTerminal(config: Config, progress: boolean, work: (job: RunJob) => Promise<string>): Promise<void> {
  const interrupt = new AbortController();
  const onInterrupt = (): void => interrupt.abort();
  process.once("SIGINT", onInterrupt).once("SIGTERM", onInterrupt);
  // A person reads the answer; the log is for what goes wrong.
  const log = createLog(config.logLevel === "info" ? { ...config, logLevel: "error" } : config);
  await using services = createServices(config, log);
  const view = progress ? createProgressView(process.stderr) : undefined;
  const job: RunJob = async (operation, params) => {
    const events = handler({ operation, params }, { services, signal: interrupt.signal });
    for (;;) {
      const step = await events.next();
      if (step.done) return step.value;
      view?.show(step.value);
    }
  };
  try {
    const text = await work(job);
    view?.stop();
    process.stdout.write(`${text}\n`);
  } catch (error) {
    view?.stop();
    process.stderr.write(`talkbox: ${toAppError(error).message}\n`);
    process.exitCode = interrupt.signal.aborted ? 130 : 1;
  } finally {
    process.off("SIGINT", onInterrupt).off("SIGTERM", onInterrupt);
  }
}

async function readRecording(file: string): Promise<Buffer> {
  const unreadable = (cause: unknown): AppError =>
    new AppError("invalid_input", `${file} was not found or cannot be read.`, { cause });
  const found = await stat(file).catch((error: unknown) => {
    throw unreadable(error);
  });
  if (!found.isFile()) throw new AppError("invalid_input", `${file} is no file. Give a recording.`);
  if (found.size > MAX_INLINE_INPUT_BYTES) {
    throw new AppError(
      "input_too_large",
      `${file} is larger than the ${MAX_INLINE_INPUT_BYTES} bytes that are allowed.`,
    );
  }
  return readFile(file).catch((error: unknown) => {
    throw unreadable(error);
  });
}
