import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { VoiceConverter } from "../../engines/voice/voice-converter.ts";
import { findVoiceFiles } from "../../library/voice-models.ts";
import type { Log } from "../../log.ts";
import { decodeAudio } from "../../media/decode-audio.ts";
import { writeWav } from "../../media/wav.ts";
import type { MonoStream } from "../../signal/audio.ts";
import type { PipelineContext } from "../pipeline.ts";
import { Outlet } from "../stems/outlet.ts";
import type { TargetVoice } from "../target-voice.ts";
import type { Draft, Kept, KeptFolders } from "./kept-folders.ts";

/** What kept conversions are known by; another one when an embedded engine's voices sound otherwise. */
const VERSION = "conversion-1";

const FILE = "voice.wav";

type About = {
  readonly sampleRate: number;
  readonly warnings: readonly string[];
  /** What found the pitch, where that was told. */
  readonly pitch?: string;
};

/** A voice whose conversions of one stem are kept. */
export type KeptVoice = AsyncDisposable & {
  readonly voice: TargetVoice;
  /** Whether what was converted was there already. */
  readonly reused: boolean;
};

export type ConversionOfStem = {
  /** What the stem is kept by, and which it is. */
  readonly stem: string;
  readonly voice: TargetVoice;
  /** All that the conversion is asked for. */
  readonly settings: object;
};

/**
 * A voice that sings a stem once: the conversion is kept, and read the next time. It is kept when the last of it was
 * taken; one that is left early leaves nothing.
 */
export async function keptVoice(
  { stem, voice, settings }: ConversionOfStem,
  folders: KeptFolders,
  context: PipelineContext,
): Promise<KeptVoice> {
  const { converter, target } = voice;
  const identity = [VERSION, stem, converter.info.id, target, await filesOf(voice, context), settings];
  const key = createHash("sha256").update(JSON.stringify(identity)).digest("hex").slice(0, 40);
  const kept = await folders.find(key);
  const held: Disposable[] = kept ? [kept] : [];
  const drafts: Draft[] = [];
  const profile = converter.profile?.bind(converter);
  const keeping: VoiceConverter = {
    // What is there already needs neither a GPU nor the processor.
    info: kept ? { ...converter.info, lane: [] } : converter.info,
    availability: () => converter.availability(),
    voices: () => converter.voices(),
    ...(profile ? { profile } : {}),
    async convert(source, to, options, signal) {
      if (kept) {
        const { warnings, pitch } = kept.about as About;
        for (const warning of warnings) options.warn?.(warning);
        if (pitch !== undefined) options.foundPitch?.(pitch);
        return readKept(kept, { ...context, signal });
      }
      const warnings: string[] = [];
      const warn = (message: string): void => {
        if (!warnings.includes(message)) warnings.push(message);
        options.warn?.(message);
      };
      let pitch: string | undefined;
      const foundPitch = (method: string): void => {
        pitch = method;
        options.foundPitch?.(method);
      };
      const made = await converter.convert(source, to, { ...options, warn, foundPitch }, signal);
      const draft = await folders.draft();
      drafts.push(draft);
      const blocks = written(
        made,
        draft,
        async () => {
          held.push(
            await draft.keep(key, {
              sampleRate: made.sampleRate,
              warnings,
              ...(pitch === undefined ? {} : { pitch }),
            } satisfies About),
          );
        },
        context.log,
      );
      return { sampleRate: made.sampleRate, blocks };
    },
  };
  return {
    voice: { ...voice, converter: keeping },
    reused: kept !== undefined,
    async [Symbol.asyncDispose]() {
      for (const each of held) each[Symbol.dispose]();
      for (const draft of drafts) await draft[Symbol.asyncDispose]();
    },
  };
}

/** A stream that is written to a draft as it is read; `done` is called when all of it is there. */
async function* written(
  { sampleRate, blocks }: MonoStream,
  { dir }: Draft,
  done: () => Promise<void>,
  log: Log,
): AsyncGenerator<Float32Array, void> {
  const outlet = new Outlet<Float32Array>();
  const writing = writeWav(join(dir, FILE), { sampleRate, channels: 1, chunks: outlet }, { samples: "f32" });
  // It may fail before anybody waits for it.
  writing.catch(() => undefined);
  let whole = false;
  try {
    for await (const block of blocks) {
      await outlet.put(block.slice());
      yield block;
    }
    outlet.end();
    whole = true;
    // A conversion that cannot be kept has been made all the same.
    try {
      await writing;
      await done();
    } catch (error) {
      log.warn({ err: error }, "a conversion could not be kept");
    }
  } finally {
    if (!whole) {
      outlet.fail(new Error("The conversion was left."));
      await writing.catch(() => undefined);
    }
  }
}

async function readKept({ dir, about }: Kept, context: PipelineContext): Promise<MonoStream> {
  const { sampleRate } = about as About;
  const { signal, config } = context;
  const binaries = await context.binaries();
  // A conversion may be a little longer than its stem.
  const options = { binaries, sampleRate, channels: 1, maxSeconds: config.maxAudioSeconds + 60, signal } as const;
  return { sampleRate, blocks: decodeAudio(join(dir, FILE), options) };
}

/** What tells that the files of a voice are others than they were; embedded voices have none. */
async function filesOf({ converter, target }: TargetVoice, { config }: PipelineContext): Promise<readonly string[]> {
  if (converter.info.embedded || typeof target !== "string") return [];
  const voice = (await findVoiceFiles(config)).find(({ name }) => name === target);
  const paths = voice
    ? [...voice.checkpoints, ...voice.indexes, ...(voice.archive === undefined ? [] : [voice.archive])]
    : [];
  const found: string[] = [];
  for (const path of paths) {
    const file = await stat(path).catch(() => undefined);
    if (file) found.push(`${path} ${file.size} ${Math.round(file.mtimeMs)}`);
  }
  return found.toSorted();
}
