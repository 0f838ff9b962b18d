import { rm } from "node:fs/promises";
import { join } from "node:path";
import { lanesOf } from "../../engines/engine.ts";
import type { StemModel, StemRole, StemSeparator } from "../../engines/stems/stem-separator.ts";
import { AppError } from "../../errors.ts";
import { type AudioFormat, type EncodedAudio, encodeAudio } from "../../media/encode-audio.ts";
import { type Stem, stereoSound } from "../cover/stems.ts";
import { interleaved } from "../cover/stereo.ts";
import type { PipelineContext } from "../pipeline.ts";
import { Outlet } from "./outlet.ts";

/** What can be taken out of a song. */
export const STEM_NAMES = ["vocals", "instrumental", "lead", "backing", "lead_dry"] as const;

export type StemName = (typeof STEM_NAMES)[number];

export type StemsRequest = {
  readonly song: Stem;
  readonly stems: readonly StemName[];
  readonly denoise: boolean;
  readonly format: Extract<AudioFormat, "wav" | "mp3" | "flac">;
};

/** One stem in a file. */
export type StemFile = EncodedAudio & {
  readonly stem: StemName;
  /** The network that it comes from. */
  readonly model: string;
};

/** One pass through a network: what it takes out, and what is left. */
type Pass = {
  readonly model: StemModel;
  readonly stem: StemName | undefined;
  readonly rest: StemName;
  /** The part that the next pass goes on with. */
  readonly next: "stem" | "rest" | undefined;
};

/** Networks by what they do, and a file that does it, for those who have none. */
const USUAL: Readonly<Record<Exclude<StemRole, "other">, string>> = {
  vocals: "UVR-MDX-NET-Voc_FT.onnx",
  instrumental: "UVR-MDX-NET-Inst_HQ_3.onnx",
  karaoke: "UVR_MDXNET_KARA_2.onnx",
  reverb: "Reverb_HQ_By_FoxJoy.onnx",
};

/**
 * Takes a song apart, pass by pass: voices from instruments, the lead voice from the others, the reverb from the lead.
 * Stems are as long as the song to the sample and in its scale, at the networks' rate, in stereo. What goes from one pass
 * to the next lies in a file, so that memory does not grow with the song.
 * @throws AppError `engine_unavailable` where there is no network for a stem; `invalid_audio`, `input_too_large`,
 *   `model_unusable`, `engine_failed`, `media_failed`, `storage_failed`, `cancelled`
 */
export async function separateStems(request: StemsRequest, context: PipelineContext): Promise<readonly StemFile[]> {
  const engine = await context.engines.choose("stems", "auto");
  const passes = planOf(request.stems, await engine.models());
  return context.lanes.hold([...lanesOf(engine), "encode"], async () => {
    const files: StemFile[] = [];
    let sound = request.song;
    for (const [i, pass] of passes.entries()) {
      const { made, next } = await run(pass, sound, request, engine, context, (share) => {
        const progress = (0.98 * (i + share)) / passes.length;
        context.emit({ type: "progress", progress, stage: pass.model.role, stage_progress: share });
      });
      files.push(...made);
      if (sound !== request.song) await rm(sound.path, { force: true });
      if (next) sound = next;
    }
    return request.stems.flatMap((name) => files.filter(({ stem }) => stem === name));
  });
}

/** The passes that it takes to have some stems. */
function planOf(stems: readonly StemName[], models: readonly StemModel[]): readonly Pass[] {
  const first = (...roles: readonly Exclude<StemRole, "other">[]): StemModel => {
    for (const role of roles) {
      const model = models.find((each) => each.role === role);
      if (model) return model;
    }
    const files = roles.map((role) => USUAL[role]).join(" or ");
    throw new AppError(
      "engine_unavailable",
      `There is no ${roles.join(" or ")} network for these stems. Put ${files} into the models folder.`,
    );
  };
  const dry = stems.includes("lead_dry");
  const leads = dry || stems.includes("lead") || stems.includes("backing");
  const voices = first("vocals", "instrumental");
  const passes: Pass[] = [
    voices.role === "vocals"
      ? { model: voices, stem: "vocals", rest: "instrumental", next: leads ? "stem" : undefined }
      : { model: voices, stem: "instrumental", rest: "vocals", next: leads ? "rest" : undefined },
  ];
  // The network takes all but the lead voice.
  if (leads) passes.push({ model: first("karaoke"), stem: "backing", rest: "lead", next: dry ? "rest" : undefined });
  if (dry) passes.push({ model: first("reverb"), stem: undefined, rest: "lead_dry", next: undefined });
  return passes;
}

/** A file to be written of one part. */
type Part = {
  readonly of: "stem" | "rest";
  readonly stem: StemName | undefined;
  readonly path: string;
  readonly format: StemsRequest["format"];
  readonly samples: "s24" | "f32";
};

async function run(
  { model, stem, rest, next }: Pass,
  song: Stem,
  { stems, denoise, format }: StemsRequest,
  engine: StemSeparator,
  context: PipelineContext,
  tell: (share: number) => void,
): Promise<{ made: StemFile[]; next: Stem | undefined }> {
  context.emit({ type: "status", stage: model.role, message: `Separating: ${model.name}` });
  context.used({ kind: "stems", engine: engine.info.id, model: model.name });
  const dir = await context.tempDir();
  const parts: Part[] = [];
  for (const [of, name] of [
    ["stem", stem],
    ["rest", rest],
  ] as const) {
    if (name === undefined || !stems.includes(name)) continue;
    parts.push({ of, stem: name, path: join(dir, `${name}.${format}`), format, samples: "s24" });
  }
  const path = join(dir, `after-${model.role}.wav`);
  if (next) parts.push({ of: next, stem: undefined, path, format: "wav", samples: "f32" });
  const made = await write(model, song, denoise, parts, engine, context, tell);
  const files = made.flatMap((file, i) => {
    const name = parts[i]?.stem;
    return name === undefined ? [] : [{ ...file, stem: name, model: model.name }];
  });
  const seconds = made[0]?.duration ?? song.seconds;
  const after: Stem = { name: song.name, path, sampleRate: engine.sampleRate, channels: 2, seconds };
  return { made: files, next: next && after };
}

async function write(
  model: StemModel,
  song: Stem,
  denoise: boolean,
  parts: readonly Part[],
  engine: StemSeparator,
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
    const options = { model: model.name, denoise, warn: (message: string) => context.warn(message) };
    let done = 0;
    for await (const passage of context.clock.timeEach("separate", engine.separate(sound, options, signal))) {
      await Promise.all(outlets.map((outlet, i) => outlet.put(interleaved(passage[parts[i]?.of ?? "stem"]))));
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
