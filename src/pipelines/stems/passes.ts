import {
  INSTRUMENTS,
  type Instrument,
  type StemModel,
  type StemRole,
  type StemSeparator,
} from "../../engines/stems/stem-separator.ts";
import { AppError } from "../../errors.ts";
import type { PipelineContext } from "../pipeline.ts";
import {
  namedNetworks,
  type SeparationChoice,
  type SeparationNetwork,
  separationNetworks,
} from "./separation-networks.ts";

/** What can be taken out of a song. */
export const STEM_NAMES = ["vocals", "instrumental", "lead", "backing", "lead_dry", ...INSTRUMENTS] as const;

export type StemName = (typeof STEM_NAMES)[number];

/** One pass through a separator: what it takes out, and what is left. */
export type Pass = {
  readonly engine: StemSeparator;
  readonly model: StemModel;
  readonly stem: StemName | undefined;
  readonly rest: StemName | undefined;
  /** What else it takes out. */
  readonly instruments: readonly Instrument[];
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

/** Networks of several stems, for those who have none. */
const USUAL_BANDS =
  "model_bs_roformer_ep_17_sdr_9.6568.ckpt (drums, bass, other) or BS-Rofo-SW-Fixed.ckpt (guitar and piano, too)";

/** What the networks of each step are for, where one is named that has nothing to do. */
const PURPOSES: Readonly<Record<StemRole, string>> = {
  vocals: "it tells voices from instruments",
  instrumental: "it tells instruments from voices",
  karaoke: "it tells the lead voice from the others",
  reverb: "it takes the reverb off the lead voice",
  other: "it takes out something else",
};

/**
 * The passes that it takes to have some stems: voices from instruments, the lead voice from the others, the reverb from
 * the lead, one instrument from the others; each by a network that is named for it, else by the best that is there.
 * @throws AppError `engine_unavailable` with the file that is missing; `invalid_input` for an unknown engine, and a named
 *   network that has nothing to do; `not_found`, `model_unusable` for others
 */
export async function planPasses(
  stems: readonly StemName[],
  choice: SeparationChoice,
  context: Pick<PipelineContext, "engines" | "signal">,
): Promise<readonly Pass[]> {
  const { engine } = choice;
  const all = await separationNetworks(engine, context);
  const named = await namedNetworks(choice, all, context);
  const first = (...roles: readonly Role[]): SeparationNetwork => {
    const chosen = named.find(({ model }) => roles.some((role) => role === model.role));
    if (chosen) return chosen;
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
  const bands = bandsOf(
    INSTRUMENTS.filter((each) => stems.includes(each)),
    [named, all],
    engine,
  );
  const dry = stems.includes("lead_dry");
  const leads = dry || stems.includes("lead") || stems.includes("backing");
  const song: Pass[] = [];
  const none = { instruments: [] };
  if (leads || stems.includes("vocals") || stems.includes("instrumental")) {
    const voices = first("vocals", "instrumental");
    const instruments = bands.get(voices) ?? [];
    bands.delete(voices);
    song.push(
      voices.model.role === "vocals"
        ? { ...voices, instruments, stem: "vocals", rest: "instrumental", next: leads ? "stem" : undefined }
        : { ...voices, instruments, stem: "instrumental", rest: "vocals", next: leads ? "rest" : undefined },
    );
  }
  // The network takes all but the lead voice.
  if (leads) song.push({ ...none, ...first("karaoke"), stem: "backing", rest: "lead", next: dry ? "rest" : undefined });
  if (dry) song.push({ ...none, ...first("reverb"), stem: undefined, rest: "lead_dry", next: undefined });
  // They hear the song, before it is handed from pass to pass.
  const apart = [...bands].map(([network, instruments]) => ({
    ...network,
    instruments,
    stem: undefined,
    rest: undefined,
    next: undefined,
  }));
  const passes: readonly Pass[] = [...apart, ...song];
  for (const { model } of named) if (!passes.some((pass) => pass.model === model)) throw idle(model, passes);
  return passes;
}

/**
 * Which network takes which instruments out of the song: as few as will do.
 * @param sets of networks, the preferred ones first; within one those that come first are preferred
 */
function bandsOf(
  instruments: readonly Instrument[],
  sets: readonly (readonly SeparationNetwork[])[],
  engine: string,
): Map<SeparationNetwork, readonly Instrument[]> {
  const bands = new Map<SeparationNetwork, readonly Instrument[]>();
  for (let missing = instruments; missing.length > 0; ) {
    const most = sets
      .flatMap((networks) =>
        networks
          .map((network) => ({ network, made: missing.filter((each) => network.model.instruments?.includes(each)) }))
          .toSorted((a, b) => b.made.length - a.made.length),
      )
      .find(({ made }) => made.length > 0);
    if (!most) {
      const whose = engine === "auto" ? "" : ` of the engine "${engine}"`;
      throw new AppError(
        "engine_unavailable",
        `There is no network${whose} that takes ${missing.join(", ")} out of songs. Put a RoFormer of several stems such as ${USUAL_BANDS}, with its .yaml, into the models folder, or an MDX-Net network of that instrument.`,
      );
    }
    bands.set(most.network, most.made);
    missing = missing.filter((each) => !most.made.includes(each));
  }
  return bands;
}

/** Roles of one and the same step. */
const stepOf = (role: StemRole): StemRole => (role === "instrumental" ? "vocals" : role);

function idle({ name, role }: StemModel, passes: readonly Pass[]): AppError {
  const other = passes.find(({ model }) => stepOf(model.role) === stepOf(role))?.model.name;
  const why = other === undefined ? "nothing that is asked for needs that" : `"${other}" is named for that step`;
  const message = `"${name}" has nothing to do: ${PURPOSES[role]}, and ${why}. Leave it out.`;
  return new AppError("invalid_input", message, { violations: [{ path: "params.separation_models", message }] });
}
