import type { EncodedAudio } from "../../media/encode-audio.ts";
import type { AutoPitch, VoiceRange } from "../auto-pitch.ts";
import type { PipelineContext } from "../pipeline.ts";
import { type Pass, planPasses, type StemName } from "../stems/passes.ts";
import { namedNetworks, separationNetworks } from "../stems/separation-networks.ts";
import type { CoverFile } from "./cover.ts";
import type { CoverRequest } from "./cover-request.ts";
import type { Stem } from "./stems.ts";
import type { TrackFormat } from "./track-files.ts";

/** What a cover can be had in parts: the song's own voices, and what its mix is made of. */
export const SONG_STEMS = ["vocals", "lead", "sung", "backing", "instrumental"] as const;

export type SongStemName = (typeof SONG_STEMS)[number];

/** What can be asked for: those, and all that the mix is made of. */
export const STEM_CHOICES = [...SONG_STEMS, "tracks"] as const;

/** What becomes of the voices behind the lead. */
export const BACKINGS = ["auto", "keep", "convert", "none"] as const;

export type Backing = (typeof BACKINGS)[number];

/** A cover to make of a whole song; the rest is as for separate stems. */
export type SongRequest = Omit<CoverRequest, "vocal" | "instrument" | "backup" | "tap"> & {
  readonly song: Stem;
  /** Where the voice sings, if the singer is to be moved there by whole octaves; `pitch` goes on top. */
  readonly autoPitch?: VoiceRange | undefined;
  /** Who separates: an id, or `auto`. */
  readonly engine: string;
  /** Networks that separate, by name; the best are taken for all that none is named for. */
  readonly separationModels: readonly string[];
  readonly denoise: boolean;
  readonly dereverb: boolean;
  readonly backing: Backing;
  readonly stems: readonly (typeof STEM_CHOICES)[number][];
  readonly stemsFormat: TrackFormat;
};

/** A cover, and what it came of. */
export type SongFile = CoverFile & {
  readonly stems: readonly (EncodedAudio & { readonly stem: SongStemName })[];
  readonly separation: {
    readonly engines: readonly string[];
    readonly models: readonly string[];
    readonly reused: boolean;
  };
  readonly conversionReused: boolean;
  readonly autoPitch?: AutoPitch | undefined;
  /** `with_lead`: the voices were not told apart, and all sing with the new voice. */
  readonly backing: "kept" | "converted" | "none" | "with_lead";
};

/** The passes that a cover needs. Networks alone are thought good enough to use where nobody asked. */
export async function passesFor(
  { backing, stems, engine, separationModels: models, dereverb }: SongRequest,
  context: PipelineContext,
): Promise<readonly Pass[]> {
  const all = await separationNetworks(engine, context);
  const named = await namedNetworks({ engine, models }, all, context);
  const networks = [...named, ...all.filter(({ engine: { info } }) => !info.embedded)];
  const has = (role: string): boolean => networks.some(({ model }) => model.role === role);
  const apart = backing === "auto" ? has("karaoke") : true;
  const leads = apart || stems.includes("lead") || stems.includes("backing");
  const names: StemName[] = ["vocals", "instrumental"];
  if (leads) names.push("lead", "backing");
  if (leads && dereverb && has("reverb")) names.push("lead_dry");
  return planPasses(names, { engine, models }, context);
}

/** All of a request that the lead's conversion may hang on: what is not known to matter to other stages alone. */
export function conversionSettings(request: SongRequest): object {
  const {
    song: _song,
    voice: _voice,
    engine: _engine,
    separationModels: _models,
    denoise: _denoise,
    dereverb: _dereverb,
    backing: _backing,
    ...rest
  } = request;
  const {
    stems: _stems,
    stemsFormat: _format,
    reverb: _reverb,
    placement: _placement,
    gains: _gains,
    format: _file,
    ...settings
  } = rest;
  return settings;
}
