import { suggest } from "../../engines/catalog.ts";
import type { StemModel, StemSeparator } from "../../engines/stems/stem-separator.ts";
import { AppError } from "../../errors.ts";
import type { PipelineContext } from "../pipeline.ts";

/** A network, or another way, to take songs apart, and the engine that has it. */
export type SeparationNetwork = { readonly engine: StemSeparator; readonly model: StemModel };

/** Who is to take a song apart. */
export type SeparationChoice = {
  /** An engine's id, or `auto`. */
  readonly engine: string;
  /** Networks by name, each for the step that it is for; the best are taken for all other steps. */
  readonly models: readonly string[];
};

/** Most characters of an unknown name that an error repeats. */
const LONGEST_SHOWN = 80;

/**
 * Every network that an engine has, the best first: those made for one thing before those that know several; with `auto`
 * those of all engines that can work here.
 * @throws AppError `invalid_input` for an unknown engine; `engine_unavailable`
 */
export async function separationNetworks(
  engine: string,
  { engines }: Pick<PipelineContext, "engines">,
): Promise<readonly SeparationNetwork[]> {
  const chosen = engine === "auto" ? await engines.available("stems") : [await engines.choose("stems", engine)];
  const kinds = ({ instruments = [] }: StemModel): number => instruments.length;
  const found = await Promise.all(
    chosen.map(async (each) => {
      const models = (await each.models()).toSorted((a, b) => kinds(a) - kinds(b));
      return models.map((model) => ({ engine: each, model }));
    }),
  );
  return found.flat();
}

/**
 * The networks that are asked for by name: as `list_models` names their files, by the last part of that, or by the file's
 * own name, in any case.
 * @param all those of the engine that is asked for
 * @throws AppError `not_found`; `model_unusable` for one that is there and cannot be used
 */
export async function namedNetworks(
  { engine, models }: SeparationChoice,
  all: readonly SeparationNetwork[],
  { engines, signal }: Pick<PipelineContext, "engines" | "signal">,
): Promise<readonly SeparationNetwork[]> {
  const named = new Set<SeparationNetwork>();
  for (const name of models) {
    const found =
      all.find(({ model }) => model.name === name) ?? all.find(({ model }) => isCalled(model.name, name.trim()));
    if (!found) {
      const mayHave = engine === "auto" ? await engines.all("stems") : [await engines.choose("stems", engine)];
      for (const each of mayHave) await sayWhatIsWrong(each, name.trim(), signal);
      const whose = engine === "auto" ? "" : ` of the engine "${engine}"`;
      const known = all.map(({ model }) => model.name);
      throw new AppError(
        "not_found",
        `There is no separation network "${name.slice(0, LONGEST_SHOWN)}"${whose}. ${suggest(name, known)}`,
      );
    }
    named.add(found);
  }
  return [...named];
}

/** Whether a name means a network: the whole of its name or the last part, with an extension or without. */
function isCalled(network: string, name: string): boolean {
  const whole = network.toLowerCase();
  const wanted = name.toLowerCase();
  return [whole, whole.slice(whole.lastIndexOf("/") + 1)].some(
    (each) =>
      wanted === each || (wanted.startsWith(`${each}.`) && /^[a-z][a-z0-9]*$/.test(wanted.slice(each.length + 1))),
  );
}

/** An engine says itself what is wrong with a network that it has and does not list. @throws AppError `model_unusable` */
async function sayWhatIsWrong(engine: StemSeparator, model: string, signal: AbortSignal): Promise<void> {
  try {
    for await (const _ of engine.separate(nothing(), { model }, signal)) return;
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "not_found") throw error;
  }
}

async function* nothing(): AsyncGenerator<never, void> {}
