import type { Config } from "../config.ts";
import { toAppError } from "../errors.ts";
import type { Finding } from "./finding.ts";
import { openModels } from "./models/open.ts";
import { showBytes } from "./models/show.ts";

const GROUP = "Models";

/** Networks that jobs can have weights for, and what is there without them. */
const WANTED: readonly {
  readonly family: string;
  /** Another that does the same. */
  readonly or?: string;
  readonly without: string;
  readonly pull?: string;
}[] = [
  { family: "wav2lip", without: "mouths are moved by the embedded rig" },
  { family: "s3fd", without: "faces are found by the embedded finder" },
  { family: "contentvec", pull: "rvc-base", without: "covers are sung by the embedded timbres, not by RVC voices" },
  { family: "rmvpe", pull: "rvc-base", without: "the pitch of RVC voices is found by harvest" },
  { family: "mdx-net", or: "roformer", without: "songs are taken apart by signal processing alone" },
];

/** Most files that cannot be used which are named one by one. */
const MOST_NAMED = 10;

/** Which files of weights were found, what is missing, and what cannot be used. */
export async function checkModels(config: Config): Promise<Finding[]> {
  const finding = { group: GROUP, required: false } as const;
  try {
    const entries = await openModels(config).library.list();
    const wanted = WANTED.map(({ family, or, without, pull = family }): Finding => {
      const ready = entries.filter((entry) => [family, or].includes(entry.family) && entry.state === "ready");
      const names = ready.map(({ name, bytes }) => `${name} (${showBytes(bytes)})`).join(", ");
      if (ready.length > 0) return { ...finding, name: family, ok: true, detail: names };
      const remedy = `talkbox models pull ${pull}, or put a file of it into ${config.modelsDir}.`;
      return { ...finding, name: family, ok: false, detail: `none: ${without}`, remedy };
    });
    const unusable = entries.filter(({ state }) => state === "unusable");
    const named = unusable.slice(0, MOST_NAMED).map(({ name, problem = "" }): Finding => {
      return { ...finding, name, ok: false, detail: problem };
    });
    const rest = unusable.length - named.length;
    const more = { ...finding, name: "others", ok: false, detail: `${rest} more cannot be used: talkbox models list` };
    return [...wanted, ...named, ...(rest > 0 ? [more] : [])];
  } catch (error) {
    return [{ ...finding, name: "folders", ok: false, detail: toAppError(error).message }];
  }
}
