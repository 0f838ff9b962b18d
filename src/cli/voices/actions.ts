import { basename, extname } from "node:path";
import type { JobResult } from "../../../handler/index.ts";
import type { Config } from "../../config.ts";
import { inTerminal, readNamed } from "../in-terminal.ts";

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
      audio: (await readNamed(file, "a recording")).toString("base64"),
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
