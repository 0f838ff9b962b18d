import { readdir } from "node:fs/promises";
import { suggest } from "../engines/catalog.ts";
import type { VoiceConverter } from "../engines/voice/voice-converter.ts";
import { AppError } from "../errors.ts";
import { listVoiceModels, voiceModelRoots } from "../library/voice-models.ts";
import type { VoiceProfile } from "../library/voice-profile.ts";
import { safeName } from "../storage/file-name.ts";
import type { PipelineContext } from "./pipeline.ts";
import { learningConverter, storedProfile } from "./reference-voice.ts";

/** Most characters of an unknown name that an error repeats. */
const LONGEST_SHOWN = 60;

/** The engine that RVC models are for. */
const RVC = "rvc";

/** A voice to convert to, and who can. */
export type TargetVoice = {
  readonly name: string;
  readonly converter: VoiceConverter;
  /** What the converter is given. */
  readonly target: string | VoiceProfile;
};

/**
 * Finds a voice by its name: one that a converter lists, else a stored reference voice.
 * @throws AppError `not_found` for an unknown voice, or a folder of an RVC voice without its model; `engine_unavailable`
 *   where nothing here can sing with it
 */
export async function findTargetVoice(name: string, context: PipelineContext): Promise<TargetVoice> {
  const known: string[] = [];
  for (const converter of await context.engines.available("voice")) {
    const names = (await converter.voices()).map((voice) => voice.name);
    const found = names.find((each) => each.toLowerCase() === name.trim().toLowerCase());
    if (found !== undefined) return { name: found, converter, target: found };
    known.push(...names);
  }
  const { config, voices } = context;
  const stored = await voices.find(name);
  if (stored) {
    const converter = await learningConverter(context);
    return { name: stored.name, converter, target: await storedProfile(stored, voices, context) };
  }
  const models = await listVoiceModels(config);
  if (models.includes(name)) {
    const rvc = (await context.engines.status()).find(({ id }) => id === RVC);
    const why = rvc && !rvc.availability.available ? `${rvc.availability.reason} ${rvc.availability.remedy}` : "";
    throw new AppError(
      "engine_unavailable",
      `The voice "${name}" is an RVC model, and no engine here can use one. ${why === "" ? "" : `${why} `}Known without: ${known.join(", ")}.`,
    );
  }
  const folders = voiceModelRoots(config).map((root) => isFolder(root, name));
  if ((await Promise.all(folders)).includes(true)) {
    throw new AppError(
      "not_found",
      `No model file exists for the voice "${name}". Put its .pth file into models/rvc/${name}/.`,
    );
  }
  const all = await targetVoiceNames(context);
  throw new AppError("not_found", `Voice model not found: "${name.slice(0, LONGEST_SHOWN)}". ${suggest(name, all)}`);
}

/**
 * Names of all voices that a recording can be converted to: RVC voices, those of the converters, stored ones.
 * @param options `here` leaves out what lies in a bucket alone, which is then not asked
 */
export async function targetVoiceNames(
  { config, engines, voices }: Pick<PipelineContext, "config" | "engines" | "voices">,
  options: { readonly here?: boolean } = {},
): Promise<string[]> {
  const names = new Set(await listVoiceModels(config));
  for (const converter of await engines.available("voice")) {
    for (const { name } of await converter.voices()) names.add(name);
  }
  for (const { name } of await voices.all(options)) names.add(name);
  return [...names];
}

async function isFolder(root: string, name: string): Promise<boolean> {
  if (safeName(name, "") !== name) return false;
  const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
  return entries.some((entry) => entry.name === name && (entry.isDirectory() || entry.isSymbolicLink()));
}
