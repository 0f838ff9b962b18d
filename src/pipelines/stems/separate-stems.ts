import { rm } from "node:fs/promises";
import { join } from "node:path";
import { lanesOf } from "../../engines/engine.ts";
import type { SeparatedPassage, StereoPassage } from "../../engines/stems/stem-separator.ts";
import { type AudioFormat, type EncodedAudio, encodeAudio } from "../../media/encode-audio.ts";
import { type Stem, stereoSound } from "../cover/stems.ts";
import { interleaved } from "../cover/stereo.ts";
import type { PipelineContext } from "../pipeline.ts";
import { Outlet } from "./outlet.ts";
import type { Pass, StemName } from "./passes.ts";

export type StemsRequest = {
  readonly song: Stem;
  readonly stems: readonly StemName[];
  /** As `planPasses` answers for these stems. */
  readonly passes: readonly Pass[];
  readonly denoise: boolean;
  readonly format: Extract<AudioFormat, "wav" | "mp3" | "flac">;
  /** How WAV files keep samples; FLAC keeps 24 bits. */
  readonly samples: "s24" | "f32";
  /** Folder for the files. */
  readonly dir: string;
};

/** One stem in a file. */
export type StemFile = EncodedAudio & {
  readonly stem: StemName;
  readonly sampleRate: number;
  readonly engine: string;
  /** The network that it comes from. */
  readonly model: string;
};

/**
 * Takes a song apart, pass by pass. Stems are as long as the song to the sample and in its scale, at the engines' rate,
 * in stereo. What goes from one pass to the next lies in a file, so that memory does not grow with the song.
 * @throws AppError `invalid_audio`, `input_too_large`, `model_unusable`, `engine_failed`, `media_failed`,
 *   `storage_failed`, `cancelled`
 */
export async function separateStems(request: StemsRequest, context: PipelineContext): Promise<readonly StemFile[]> {
  const { passes } = request;
  return context.lanes.hold([...lanesOf(...passes.map(({ engine }) => engine)), "encode"], async () => {
    const files: StemFile[] = [];
    let sound = request.song;
    for (const [i, pass] of passes.entries()) {
      const { made, next } = await run(pass, sound, request, context, (share) => {
        const progress = (0.98 * (i + share)) / passes.length;
        context.emit({ type: "progress", progress, stage: stageOf(pass), stage_progress: share });
      });
      files.push(...made);
      if (sound !== request.song) await rm(sound.path, { force: true });
      if (next) sound = next;
    }
    return request.stems.flatMap((name) => files.filter(({ stem }) => stem === name));
  });
}

const stageOf = ({ rest, model }: Pass): string => (rest === undefined ? "instruments" : model.role);

/** A file to be written of one part. */
type Part = {
  /** A number is a place among the pass's instruments. */
  readonly of: "stem" | "rest" | number;
  readonly stem: StemName | undefined;
  readonly path: string;
  readonly format: StemsRequest["format"];
  readonly samples: "s24" | "f32";
};

async function run(
  pass: Pass,
  song: Stem,
  { stems, denoise, format, samples, dir }: StemsRequest,
  context: PipelineContext,
  tell: (share: number) => void,
): Promise<{ made: StemFile[]; next: Stem | undefined }> {
  const { engine, model, stem, rest, instruments, next } = pass;
  context.emit({ type: "status", stage: stageOf(pass), message: `Separating: ${model.name}` });
  context.used({ kind: "stems", engine: engine.info.id, model: model.name });
  const parts: Part[] = [];
  for (const [of, name] of [
    ["stem", stem],
    ["rest", rest],
    ...instruments.map((instrument, i) => [i, instrument] as const),
  ] as const) {
    if (name === undefined || !stems.includes(name)) continue;
    parts.push({ of, stem: name, path: join(dir, `${name}.${format}`), format, samples });
  }
  const path = join(dir, `after-${model.role}.wav`);
  if (next) parts.push({ of: next, stem: undefined, path, format: "wav", samples: "f32" });
  const made = await write({ engine, model, instruments }, song, denoise, parts, context, tell);
  const { sampleRate } = engine;
  const files = made.flatMap((file, i) => {
    const name = parts[i]?.stem;
    if (name === undefined) return [];
    return [{ ...file, stem: name, sampleRate, engine: engine.info.id, model: model.name }];
  });
  const seconds = made[0]?.duration ?? song.seconds;
  const after: Stem = { name: song.name, path, sampleRate, channels: 2, seconds };
  return { made: files, next: next && after };
}

async function write(
  { engine, model, instruments }: Pick<Pass, "engine" | "model" | "instruments">,
  song: Stem,
  denoise: boolean,
  parts: readonly Part[],
  context: PipelineContext,
  tell: (share: number) => void,
): Promise<readonly EncodedAudio[]> {
  const { sampleRate } = engine;
  const over = new AbortController();
  const signal = AbortSignal.any([context.signal, over.signal]);
  // The first fault is the cause of all others.
  const faults: unknown[] = [];
  const outlets = parts.map(() => new Outlet<Float32Array>());
  const writing = parts.map(({ path, format, samples }, i) => {
    const chunks = outlets[i] as Outlet<Float32Array>;
    const options = { path, format, binaries: () => context.binaries(), signal, wav: { samples } } as const;
    const written = encodeAudio({ sampleRate, channels: 2, chunks }, options);
    written.catch((error: unknown) => {
      faults.push(error);
      over.abort();
    });
    return written;
  });
  try {
    const sound = stereoSound(song, sampleRate, { ...context, signal });
    const options = { model: model.name, denoise, instruments, warn: (message: string) => context.warn(message) };
    let done = 0;
    for await (const passage of context.clock.timeEach("separate", engine.separate(sound, options, signal))) {
      await Promise.all(outlets.map((outlet, i) => outlet.put(interleaved(partOf(passage, parts[i]?.of)))));
      done += passage.stem[0].length / sampleRate;
      tell(Math.min(0.99, done / Math.max(song.seconds, done, 0.1)));
    }
    for (const outlet of outlets) outlet.end();
    const files = await Promise.all(writing);
    tell(1);
    return files;
  } catch (error) {
    faults.push(error);
    for (const outlet of outlets) outlet.fail(error);
    over.abort();
    await Promise.allSettled(writing);
    throw faults[0];
  }
}

function partOf(passage: SeparatedPassage, of: Part["of"] = "stem"): StereoPassage {
  return typeof of === "number" ? (passage.instruments?.[of] as StereoPassage) : passage[of];
}
