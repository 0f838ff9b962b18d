import { join } from "node:path";
import { lanesOf } from "../../engines/engine.ts";
import { KEPT_SONGS } from "../../limits/songs.ts";
import { type EncodedAudio, encodeAudio } from "../../media/encode-audio.ts";
import type { PipelineContext } from "../pipeline.ts";
import { type Pass, planPasses, separators, type StemName } from "../stems/passes.ts";
import { type CoverFile, makeCover } from "./cover.ts";
import type { CoverRequest, CoverTrack } from "./cover-request.ts";
import { type KeptVoice, keptVoice } from "./kept-conversion.ts";
import { KeptFolders } from "./kept-folders.ts";
import { SongProgress, type SongStage } from "./song-progress.ts";
import { contentOf, keptStems, makeStems, type SongStems, stemsKey } from "./song-stems.ts";
import { Speeds } from "./speeds.ts";
import { monoSound, type Stem, stereoSound } from "./stems.ts";
import { interleaved } from "./stereo.ts";
import { type TrackFormat, TrackFiles } from "./track-files.ts";

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
  /** Who separates: an id, or `auto`. */
  readonly engine: string;
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
  /** `with_lead`: the voices were not told apart, and all sing with the new voice. */
  readonly backing: "kept" | "converted" | "none" | "with_lead";
};

/** Seconds of work for one of song before anything is known: for the shape of the progress alone. */
const GUESS = { separate: 0.1, network: 1, convert: 0.3, mix: 0.05 } as const;

/** Tracks that stems are made of on their way into the mix. */
const TRACKS: Readonly<Partial<Record<SongStemName, CoverTrack>>> = {
  sung: "main",
  backing: "backup",
  instrumental: "instrument",
};

/**
 * Sings a whole song with another voice: its stems are taken apart, the lead converted, all mixed. Stems and converted
 * voices are kept, so that the same song with another voice is not separated again, and with other levels only mixed.
 * @throws AppError `invalid_audio`, `input_too_large`, `model_unusable`, `engine_failed`, `engine_unavailable`,
 *   `media_failed`, `storage_failed`, `cancelled`
 */
export async function coverSong(request: SongRequest, context: PipelineContext): Promise<SongFile> {
  const { song, denoise } = request;
  const passes = await passesFor(request, context);
  const folders = openFolders(context);
  const content = await context.clock.time("prepare", () => contentOf(song, context));
  const key = stemsKey(content, passes, denoise);
  const found = await keptStems(key, song, folders, context);
  try {
    const job = new SongJob({ ...request, song: { ...song, seconds: content.seconds } }, passes, folders, context);
    return await job.run(key, found);
  } finally {
    found?.[Symbol.dispose]();
  }
}

/** The passes that a cover needs. Networks alone are thought good enough to use where nobody asked. */
async function passesFor(
  { backing, stems, engine, dereverb }: SongRequest,
  context: PipelineContext,
): Promise<readonly Pass[]> {
  const networks = (await separators(engine, context)).filter(({ engine: { info } }) => !info.embedded);
  const has = (role: string): boolean => networks.some(({ model }) => model.role === role);
  const apart = backing === "auto" ? has("karaoke") : true;
  const leads = apart || stems.includes("lead") || stems.includes("backing");
  const names: StemName[] = ["vocals", "instrumental"];
  if (leads) names.push("lead", "backing");
  if (leads && dereverb && has("reverb")) names.push("lead_dry");
  return planPasses(names, engine, context);
}

function openFolders({ config, log }: PipelineContext): KeptFolders {
  const { bytes: limitBytes, freshMs, abandonedMs } = KEPT_SONGS;
  return new KeptFolders({ root: join(config.cacheDir, "songs"), limitBytes, freshMs, abandonedMs, log });
}

/** One song on its way. */
class SongJob {
  readonly #request: SongRequest;
  readonly #passes: readonly Pass[];
  readonly #folders: KeptFolders;
  readonly #context: PipelineContext;
  readonly #seconds: number;

  constructor(request: SongRequest, passes: readonly Pass[], folders: KeptFolders, context: PipelineContext) {
    this.#request = request;
    this.#passes = passes;
    this.#folders = folders;
    this.#context = context;
    this.#seconds = request.song.seconds;
  }

  async run(key: string, found: SongStems | undefined): Promise<SongFile> {
    const context = this.#context;
    const { song, denoise } = this.#request;
    const passes = this.#passes;
    await using lead = await this.#voiceFor(key, this.#leadName());
    await using choir = this.#backing() === "converted" ? await this.#voiceFor(key, "backing") : undefined;
    const stages = this.#stages(found !== undefined, lead, choir);
    const speeds = new Speeds(join(context.config.cacheDir, "songs/speeds.json"));
    const progress = await SongProgress.plan(stages, speeds);
    if (progress.expected !== undefined) context.measured("expected_s", round1(progress.expected));
    let stage = 0;
    const own = found
      ? undefined
      : await progress.run(stage++, context, (inner) =>
          makeStems(key, { song, passes, denoise }, this.#folders, inner),
        );
    try {
      const made = (found ?? own) as SongStems;
      const backup = choir
        ? await progress.run(stage++, context, (inner) => this.#sung(stemOf(made, "backing"), choir, inner))
        : this.#backing() === "kept"
          ? stemOf(made, "backing")
          : undefined;
      const cover = await progress.run(stage, context, (inner) => this.#mix(made, lead, backup, inner));
      context.measured("worked_s", round1(progress.took));
      const models = made.made;
      return {
        ...cover,
        separation: {
          engines: [...new Set(models.map((each) => each.engine))],
          models: [...new Set(models.map((each) => each.model))],
          reused: found !== undefined,
        },
        conversionReused: lead.reused && (choir?.reused ?? true),
        backing: this.#backing(),
      };
    } finally {
      own?.[Symbol.dispose]();
    }
  }

  #stages(separated: boolean, lead: KeptVoice, choir: KeptVoice | undefined): SongStage[] {
    const sound = this.#seconds;
    const stages: SongStage[] = [];
    const { id } = this.#request.voice.converter.info;
    if (!separated) {
      const ways = this.#passes.map(({ engine, model }) => `${engine.info.id}/${model.name}`).join("+");
      const guess = this.#passes.reduce(
        (sum, { engine }) => sum + (engine.info.embedded ? GUESS.separate : GUESS.network),
        0,
      );
      stages.push({ name: `separate ${ways}`, sound, guess });
    }
    if (choir) {
      stages.push({
        name: choir.reused ? "read" : `backing ${id}`,
        sound,
        guess: choir.reused ? GUESS.mix : GUESS.convert,
      });
    }
    // Tracks in another key, and tracks that are written, too, take their time.
    const extras = `${this.#request.pitchOfAll === 0 ? "" : " in key"}${this.#tracks().size > 0 ? " with stems" : ""}`;
    stages.push({
      name: `${lead.reused ? "mix" : `sing ${id}`}${extras}`,
      sound,
      guess: lead.reused ? GUESS.mix : GUESS.convert,
    });
    return stages;
  }

  async #mix(
    made: SongStems,
    lead: KeptVoice,
    backup: Stem | undefined,
    context: PipelineContext,
  ): Promise<CoverFile & Pick<SongFile, "stems">> {
    const request = this.#request;
    const dir = await context.tempDir();
    const files = new TrackFiles(this.#tracks(), request.stemsFormat, dir, context);
    const vocal = stemOf(made, this.#leadName());
    const instrument = stemOf(made, "instrumental");
    let cover: CoverFile;
    try {
      cover = await makeCover(
        {
          ...request,
          vocal,
          instrument,
          backup,
          voice: lead.voice,
          tap: (track, sound, rate) => files.tap(track, sound, rate),
        },
        context,
      );
    } catch (error) {
      await files.fail(error);
      throw error;
    }
    const tracks = await files.finish();
    const stems: SongFile["stems"][number][] = [];
    for (const stem of this.#wanted()) {
      const track = TRACKS[stem];
      const onTheWay = track && tracks.get(track);
      if (onTheWay) stems.push({ ...onTheWay, stem });
      else if (stem !== "sung") stems.push({ ...(await this.#written(stemOf(made, stem), stem, dir)), stem });
    }
    return { ...cover, stems };
  }

  /** Stems that are asked for and go into the mix, by their tracks. */
  #tracks(): ReadonlyMap<CoverTrack, SongStemName> {
    const tracks = new Map<CoverTrack, SongStemName>();
    for (const stem of this.#wanted()) {
      const track = TRACKS[stem];
      if (track && (track !== "backup" || this.#mixesBacking())) tracks.set(track, stem);
    }
    return tracks;
  }

  #wanted(): ReadonlySet<SongStemName> {
    const all: readonly SongStemName[] = this.#mixesBacking()
      ? ["sung", "backing", "instrumental"]
      : ["sung", "instrumental"];
    return new Set(this.#request.stems.flatMap((stem) => (stem === "tracks" ? all : [stem])));
  }

  #mixesBacking(): boolean {
    return ["kept", "converted"].includes(this.#backing());
  }

  async #written(stem: Stem, name: string, dir: string): Promise<EncodedAudio> {
    const { sampleRate } = stem;
    const context = this.#context;
    const format = this.#request.stemsFormat;
    async function* chunks(): AsyncGenerator<Float32Array, void> {
      for await (const block of stereoSound(stem, sampleRate, context)) yield interleaved(block);
    }
    return context.clock.time("encode", () =>
      encodeAudio(
        { sampleRate, channels: 2, chunks: chunks() },
        {
          path: join(dir, `${name}.${format}`),
          format,
          binaries: () => context.binaries(),
          signal: context.signal,
          wav: { samples: "s24" },
        },
      ),
    );
  }

  /** The backing with the new voice, in a file. */
  async #sung(stem: Stem, { voice }: KeptVoice, context: PipelineContext): Promise<Stem> {
    const { retrieval, pitch, seed } = this.#request;
    const { signal, clock } = context;
    const { sampleRate } = stem;
    const path = join(await context.tempDir(), "backing-sung.wav");
    context.emit({ type: "status", stage: "backing", message: "Converting the backing vocals" });
    return context.lanes.hold([...lanesOf(voice.converter), "encode"], async () => {
      const blocks = monoSound(stem, sampleRate, context);
      // The key of the whole song is changed later, as for all that is not the lead.
      const options = {
        pitch,
        pitchMapping: "octave",
        retrieval,
        foundPitch: (method: string) => context.used({ kind: "pitch", engine: voice.converter.info.id, model: method }),
        warn: (message: string) => context.warn(message),
        ...(seed === undefined ? {} : { seed }),
      } as const;
      const made = await voice.converter.convert({ sampleRate, blocks }, voice.target, options, signal);
      async function* chunks(): AsyncGenerator<Float32Array, void> {
        let done = 0;
        for await (const block of clock.timeEach("convert", made.blocks)) {
          done += block.length / made.sampleRate;
          const share = Math.min(1, done / Math.max(0.1, stem.seconds));
          context.emit({ type: "progress", progress: 0.98 * share, stage: "backing", stage_progress: share });
          yield block;
        }
      }
      const file = {
        path,
        format: "wav",
        binaries: () => context.binaries(),
        signal,
        wav: { samples: "f32" },
      } as const;
      const { duration } = await encodeAudio({ sampleRate: made.sampleRate, channels: 1, chunks: chunks() }, file);
      return { name: stem.name, path, sampleRate: made.sampleRate, channels: 1, seconds: duration };
    });
  }

  #voiceFor(key: string, stem: StemName): Promise<KeptVoice> {
    const { voice, pitch, pitchOfAll, retrieval, seed } = this.#request;
    const settings = { pitch: stem === "backing" ? pitch : pitch + pitchOfAll, retrieval, seed };
    return keptVoice({ stem: `${key}/${stem}`, voice, settings }, this.#folders, this.#context);
  }

  /** What is sung by the new voice. */
  #leadName(): StemName {
    const made = new Set(this.#passes.flatMap(({ stem, rest }) => [stem, rest]));
    if (this.#backing() === "with_lead") return "vocals";
    return made.has("lead_dry") ? "lead_dry" : "lead";
  }

  #backing(): SongFile["backing"] {
    const { backing } = this.#request;
    if (backing === "none") return "none";
    if (backing === "convert") return "converted";
    if (backing === "keep") return "kept";
    const network = this.#passes.some(({ engine, model }) => model.role === "karaoke" && !engine.info.embedded);
    return network ? "kept" : "with_lead";
  }
}

function stemOf({ stems }: SongStems, name: StemName): Stem {
  return stems.get(name) as Stem;
}

function round1(value: number): number {
  return Math.round(value * 10) / 10;
}
