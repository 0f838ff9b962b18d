import type { StemModel, StemRole, StemSeparator } from "../../engines/stems/stem-separator.ts";
import { AppError } from "../../errors.ts";
import type { PipelineContext } from "../pipeline.ts";

/** What can be taken out of a song. */
export const STEM_NAMES = ["vocals", "instrumental", "lead", "backing", "lead_dry"] as const;

export type StemName = (typeof STEM_NAMES)[number];

/** One pass through a separator: what it takes out, and what is left. */
export type Pass = {
  readonly engine: StemSeparator;
  readonly model: StemModel;
  readonly stem: StemName | undefined;
  readonly rest: StemName;
  /** The part that the next pass goes on with. */
  readonly next: "stem" | "rest" | undefined;
};

type Role = Exclude<StemRole, "other">;

/** Files that do what each pass needs, for those who have none. */
const USUAL: Readonly<Record<Role, string>> = {
  vocals: "UVR-MDX-NET-Voc_FT.onnx",
  instrumental: "UVR-MDX-NET-Inst_HQ_3.onnx",
  karaoke: "UVR_MDXNET_KARA_2.onnx",
  reverb: "Reverb_HQ_By_FoxJoy.onnx",
};

/** The same for the engine `roformer`, which has networks of its own. */
const USUAL_ROFORMERS: Readonly<Record<Role, string>> = {
  vocals: "MelBandRoformer.ckpt",
  instrumental: "melband_roformer_inst_v2.ckpt",
  karaoke: "mel_band_roformer_karaoke_aufr33_viperx_sdr_10.1956.ckpt",
  reverb: "dereverb_mel_band_roformer_anvuew_sdr_19.1729.ckpt",
};

/** Every way to separate that an engine has; with `auto` those of all engines that can work here, the best first. */
export async function separators(
  engine: string,
  { engines }: Pick<PipelineContext, "engines">,
): Promise<readonly { readonly engine: StemSeparator; readonly model: StemModel }[]> {
  const chosen = engine === "auto" ? await engines.available("stems") : [await engines.choose("stems", engine)];
  const found = await Promise.all(
    chosen.map(async (each) => (await each.models()).map((model) => ({ engine: each, model }))),
  );
  return found.flat();
}

/**
 * The passes that it takes to have some stems: voices from instruments, the lead voice from the others, the reverb from
 * the lead; each by the best that is there.
 * @param engine an id, or `auto`
 * @throws AppError `engine_unavailable` with the file that is missing; `invalid_input` for an unknown engine
 */
export async function planPasses(
  stems: readonly StemName[],
  engine: string,
  context: Pick<PipelineContext, "engines">,
): Promise<readonly Pass[]> {
  const all = await separators(engine, context);
  const first = (...roles: readonly Role[]): (typeof all)[number] => {
    const ids = new Set(all.map((each) => each.engine.info.id));
    for (const id of ids) {
      for (const role of roles) {
        const found = all.find((each) => each.engine.info.id === id && each.model.role === role);
        if (found) return found;
      }
    }
    const roformer = engine === "roformer";
    const files = roles.map((role) => (roformer ? USUAL_ROFORMERS : USUAL)[role]).join(" or ");
    const remedy = roformer
      ? `Put ${files} with its .yaml into the models folder.`
      : `Run \`talkbox models pull mdx-net\`, or put ${files} into the models folder.`;
    throw new AppError("engine_unavailable", `There is no ${roles.join(" or ")} network for these stems. ${remedy}`);
  };
  const dry = stems.includes("lead_dry");
  const leads = dry || stems.includes("lead") || stems.includes("backing");
  const voices = first("vocals", "instrumental");
  const passes: Pass[] = [
    voices.model.role === "vocals"
      ? { ...voices, stem: "vocals", rest: "instrumental", next: leads ? "stem" : undefined }
      : { ...voices, stem: "instrumental", rest: "vocals", next: leads ? "rest" : undefined },
  ];
  // The network takes all but the lead voice.
  if (leads) passes.push({ ...first("karaoke"), stem: "backing", rest: "lead", next: dry ? "rest" : undefined });
  if (dry) passes.push({ ...first("reverb"), stem: undefined, rest: "lead_dry", next: undefined });
  return passes;
}
