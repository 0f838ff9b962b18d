import { join } from "node:path";
import { type EncodedAudio, encodeAudio } from "../../media/encode-audio.ts";
import type { PipelineContext } from "../pipeline.ts";
import { Outlet } from "../stems/outlet.ts";
import type { CoverTrack } from "./cover-request.ts";
import { type Stem, stereoSound } from "./stems.ts";
import { interleaved, type StereoBlock, type StereoStream } from "./stereo.ts";

/** Files that stems are delivered in. */
export type TrackFormat = "wav" | "flac" | "mp3";

/** Writes tracks to files while they are mixed. */
export class TrackFiles {
  readonly #wanted: ReadonlyMap<CoverTrack, string>;
  readonly #format: TrackFormat;
  readonly #dir: string;
  readonly #context: PipelineContext;
  readonly #outlets: Outlet<Float32Array>[] = [];
  readonly #files = new Map<CoverTrack, Promise<EncodedAudio>>();

  /** @param wanted names of files, without their ends, by track; others are not written */
  constructor(wanted: ReadonlyMap<CoverTrack, string>, format: TrackFormat, dir: string, context: PipelineContext) {
    this.#wanted = wanted;
    this.#format = format;
    this.#dir = dir;
    this.#context = context;
  }

  /** The same track, which is written as it passes. */
  tap(track: CoverTrack, sound: StereoStream, sampleRate: number): StereoStream {
    const name = this.#wanted.get(track);
    if (name === undefined) return sound;
    const outlet = new Outlet<Float32Array>();
    this.#outlets.push(outlet);
    const written = encodeAudio(
      { sampleRate, channels: 2, chunks: outlet },
      {
        path: join(this.#dir, `${name}.${this.#format}`),
        format: this.#format,
        binaries: () => this.#context.binaries(),
        signal: this.#context.signal,
        wav: { samples: "s24" },
      },
    );
    // It may fail before anybody waits for it.
    written.catch(() => undefined);
    this.#files.set(track, written);
    return passing(sound, outlet);
  }

  /** The files, when all of the tracks has passed. @throws AppError `media_failed`, `storage_failed`, `cancelled` */
  async finish(): Promise<ReadonlyMap<CoverTrack, EncodedAudio>> {
    const files = new Map<CoverTrack, EncodedAudio>();
    for (const [track, written] of this.#files) files.set(track, await written);
    return files;
  }

  /** No more will pass. */
  async fail(reason: unknown): Promise<void> {
    for (const outlet of this.#outlets) outlet.fail(reason);
    await Promise.allSettled(this.#files.values());
  }
}

async function* passing(sound: StereoStream, outlet: Outlet<Float32Array>): AsyncGenerator<StereoBlock, void> {
  for await (const block of sound) {
    await outlet.put(interleaved(block));
    yield block;
  }
  outlet.end();
}

/** A stem as it is, in a file of the caller's form. Errors as `encodeAudio`'s. */
export async function writeStem(
  stem: Stem,
  name: string,
  format: TrackFormat,
  context: PipelineContext,
): Promise<EncodedAudio> {
  const dir = await context.tempDir();
  const { sampleRate } = stem;
  async function* chunks(): AsyncGenerator<Float32Array, void> {
    for await (const block of stereoSound(stem, sampleRate, context)) yield interleaved(block);
  }
  const binaries = (): ReturnType<PipelineContext["binaries"]> => context.binaries();
  const file = { path: join(dir, `${name}.${format}`), format, binaries, signal: context.signal } as const;
  return context.clock.time("encode", () =>
    encodeAudio({ sampleRate, channels: 2, chunks: chunks() }, { ...file, wav: { samples: "s24" } }),
  );
}
