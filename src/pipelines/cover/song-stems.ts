import { createHash } from "node:crypto";
import { join } from "node:path";
import type { PipelineContext } from "../pipeline.ts";
import type { Pass, StemName } from "../stems/passes.ts";
import { separateStems } from "../stems/separate-stems.ts";
import type { KeptFolders } from "./kept-folders.ts";
import { type Stem, stereoSound } from "./stems.ts";
import { interleaved } from "./stereo.ts";

/** Hz at which a song's content is looked at: that of all separators. */
const SAMPLE_RATE = 44_100;

/** What kept stems are known by; another one when they are written in another way. */
const VERSION = "stems-1";

/** What a song sounds like, whatever file it came in. */
export type SongContent = {
  /** Hex. */
  readonly hash: string;
  readonly seconds: number;
};

/** A song's stems, in files that stay as long as they are held. */
export type SongStems = Disposable & {
  readonly key: string;
  readonly stems: ReadonlyMap<StemName, Stem>;
  /** Who made each. */
  readonly made: readonly { readonly stem: StemName; readonly engine: string; readonly model: string }[];
};

type About = {
  readonly files: readonly {
    readonly stem: StemName;
    readonly file: string;
    readonly sampleRate: number;
    readonly seconds: number;
    readonly engine: string;
    readonly model: string;
  }[];
  readonly warnings: readonly string[];
};

/** Decodes a song once, to know it again. @throws AppError `invalid_audio`, `input_too_large`, `cancelled` */
export async function contentOf(song: Stem, context: PipelineContext): Promise<SongContent> {
  const hash = createHash("sha256");
  let samples = 0;
  for await (const block of stereoSound(song, SAMPLE_RATE, context)) {
    const values = interleaved(block);
    // 0 and −0 sound alike.
    for (let n = 0; n < values.length; n++) values[n] = (values[n] as number) + 0;
    hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    samples += block[0].length;
  }
  return { hash: hash.digest("hex"), seconds: samples / SAMPLE_RATE };
}

/** What the stems of a song are kept by: its content, and all that changes what is made of it. */
export function stemsKey({ hash }: SongContent, passes: readonly Pass[], denoise: boolean): string {
  const how = passes.map(({ engine, model }) => [engine.info.id, model.name, model.version]);
  // Denoising is no business of engines without networks.
  const matters = passes.some(({ engine }) => !engine.info.embedded) && denoise;
  return createHash("sha256")
    .update(JSON.stringify([VERSION, hash, how, matters]))
    .digest("hex")
    .slice(0, 40);
}

/** Stems that were kept; what was to be noticed when they were made is said again. */
export async function keptStems(
  key: string,
  song: Stem,
  folders: KeptFolders,
  context: PipelineContext,
): Promise<SongStems | undefined> {
  const kept = await folders.find(key);
  if (!kept) return undefined;
  const about = kept.about as About;
  for (const warning of about.warnings) context.warn(warning);
  for (const { engine, model } of about.files) context.used({ kind: "stems", engine, model });
  return { ...opened(key, kept.dir, about, song), [Symbol.dispose]: () => kept[Symbol.dispose]() };
}

/**
 * Separates a song and keeps its stems, at 32 bits a sample: nothing is clipped or rounded before the mix.
 * @throws AppError as `separateStems`
 */
export async function makeStems(
  key: string,
  { song, passes, denoise }: { readonly song: Stem; readonly passes: readonly Pass[]; readonly denoise: boolean },
  folders: KeptFolders,
  context: PipelineContext,
): Promise<SongStems> {
  await using draft = await folders.draft();
  const warnings: string[] = [];
  const warn = (message: string): void => {
    if (!warnings.includes(message)) warnings.push(message);
    context.warn(message);
  };
  const stems = passes.flatMap(({ stem, rest }) => [stem, rest].filter((name) => name !== undefined));
  const request = { song, stems, passes, denoise, format: "wav", samples: "f32", dir: draft.dir } as const;
  const made = await separateStems(request, { ...context, warn });
  const files = made.map(({ stem, sampleRate, duration, engine, model }) => ({
    stem,
    file: `${stem}.wav`,
    sampleRate,
    seconds: duration,
    engine,
    model,
  }));
  const about: About = { files, warnings };
  const kept = await draft.keep(key, about);
  return { ...opened(key, kept.dir, about, song), [Symbol.dispose]: () => kept[Symbol.dispose]() };
}

function opened(key: string, dir: string, { files }: About, song: Stem): Omit<SongStems, typeof Symbol.dispose> {
  const stems = new Map<StemName, Stem>();
  for (const { stem, file, sampleRate, seconds } of files) {
    stems.set(stem, { name: song.name, path: join(dir, file), sampleRate, channels: 2, seconds });
  }
  return { key, stems, made: files.map(({ stem, engine, model }) => ({ stem, engine, model })) };
}
