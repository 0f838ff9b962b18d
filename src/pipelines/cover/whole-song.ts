import { join } from "node:path";
import { lanesOf } from "../../engines/engine.ts";
import { KEPT_SONGS } from "../../limits/songs.ts";
import { encodeAudio } from "../../media/encode-audio.ts";
import { type AutoPitch, chooseAutoPitch } from "../auto-pitch.ts";
import type { PipelineContext } from "../pipeline.ts";
import type { Pass, StemName } from "../stems/passes.ts";
import type { CoverFile } from "./cover.ts";
import { coverWithParts, TRACK_CHOICES, type TrackName, wantedTracks } from "./cover-parts.ts";
import type { CoverTrack } from "./cover-request.ts";
import { type KeptVoice, keptVoice } from "./kept-conversion.ts";
import { KeptFolders } from "./kept-folders.ts";
import { SongProgress, type SongStage } from "./song-progress.ts";
import { conversionSettings, passesFor, type SongFile, type SongRequest, type SongStemName } from "./song-request.ts";
import { contentOf, keptStems, makeStems, type SongStems, stemsKey } from "./song-stems.ts";
import { Speeds } from "./speeds.ts";
import { monoSound, type Stem } from "./stems.ts";
import { writeStem } from "./track-files.ts";

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
  await folders.clean();
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

function openFolders({ config, log }: PipelineContext): KeptFolders {
  const { bytes: limitBytes, ...times } = KEPT_SONGS;
  return new KeptFolders({ root: join(config.cacheDir, "songs"), limitBytes, ...times, log });
}

/** One song on its way. */
class SongJob {
  readonly #request: SongRequest;
  readonly #passes: readonly Pass[];
  readonly #folders: KeptFolders;
  readonly #context: PipelineContext;
  readonly #seconds: number;
  /** Semitones by which `auto_pitch` moves who sings. */
  #moved = 0;

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
      const auto = await this.#autoPitch(made);
      this.#moved = auto?.semitones ?? 0;
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
        autoPitch: auto,
        backing: this.#backing(),
      };
    } finally {
      own?.[Symbol.dispose]();
    }
  }

  /** How far the lead is from where the voice sings. */
  async #autoPitch(made: SongStems): Promise<AutoPitch | undefined> {
    const { autoPitch: voice } = this.#request;
    if (!voice) return undefined;
    const lead = stemOf(made, this.#leadName());
    const key = `${made.key}/${this.#leadName()}`;
    const sound = (sampleRate: number): AsyncIterable<Float32Array> => monoSound(lead, sampleRate, this.#context);
    return chooseAutoPitch({ voice, steps: "octaves" }, { key, sound }, this.#context);
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
    const cover = {
      ...request,
      pitch: request.pitch + this.#moved,
      vocal: stemOf(made, this.#leadName()),
      instrument: stemOf(made, "instrumental"),
      backup,
      voice: lead.voice,
    };
    const parts = await coverWithParts(cover, this.#tracks(), request.stemsFormat, context);
    const stems: SongFile["stems"][number][] = [];
    for (const stem of this.#wanted()) {
      const track = TRACKS[stem];
      const onTheWay = track && parts.tracks.get(track);
      if (onTheWay) stems.push({ ...onTheWay, stem });
      else if (stem !== "sung") {
        stems.push({ ...(await writeStem(stemOf(made, stem), stem, request.stemsFormat, context)), stem });
      }
    }
    return { ...parts.cover, stems };
  }

  /** Stems that are asked for and go into the mix. */
  #tracks(): ReadonlySet<TrackName> {
    const { stems } = this.#request;
    return wantedTracks(
      TRACK_CHOICES.filter((name) => stems.includes(name)),
      this.#mixesBacking(),
    );
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

  /** The backing with the new voice, in a file. */
  async #sung(stem: Stem, { voice }: KeptVoice, context: PipelineContext): Promise<Stem> {
    const { retrieval, pitch, seed } = this.#choirSettings();
    const { signal, clock } = context;
    const { sampleRate } = stem;
    const path = join(await context.tempDir(), "backing-sung.wav");
    context.emit({ type: "status", stage: "backing", message: "Converting the backing vocals" });
    return context.lanes.hold([...lanesOf(voice.converter), "encode"], async () => {
      const blocks = monoSound(stem, sampleRate, context);
      // The key of the whole song is changed later, as for all that is not the lead.
      const options = {
        pitch: pitch + this.#moved,
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

  /** The backing's own conversion: in the song's key, and not at the lead's pitch. */
  #choirSettings(): Pick<SongRequest, "pitch" | "retrieval" | "seed" | "autoPitch"> {
    const { pitch, retrieval, seed, autoPitch } = this.#request;
    const { f0Curve: _ofTheLead, ...own } = retrieval;
    return { pitch, retrieval: own, seed, ...(autoPitch ? { autoPitch } : {}) };
  }

  #voiceFor(key: string, stem: StemName): Promise<KeptVoice> {
    const { voice } = this.#request;
    const settings = stem === "backing" ? this.#choirSettings() : conversionSettings(this.#request);
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
