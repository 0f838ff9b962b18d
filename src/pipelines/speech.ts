import { join } from "node:path";
import type { EngineLane } from "../engines/engine.ts";
import type { SpeechEngine, SpeechPart, SpeechRequest, TimedWord } from "../engines/speech/speech-engine.ts";
import { encodeAudio } from "../media/encode-audio.ts";
import { captionWords, type CaptionWord } from "./captions.ts";
import { Channel } from "./channel.ts";
import type { PipelineContext } from "./pipeline.ts";

/** Speech in a file. */
export type SpeechFile = {
  readonly path: string;
  /** Seconds. */
  readonly duration: number;
  readonly language: string;
  readonly words: readonly TimedWord[];
  /** The same as the text has them, for captions. */
  readonly captions: readonly CaptionWord[];
};

/** Speech as it is made, charged to the stage `tts`, with progress by the share of the text that is spoken. */
export async function* speak(
  engine: SpeechEngine,
  request: SpeechRequest,
  context: PipelineContext,
  onProgress: (share: number) => void,
): AsyncGenerator<SpeechPart, void> {
  const total = Math.max(1, request.text.length);
  let spoken = 0;
  context.used({ kind: "speech", engine: engine.info.id, model: request.voice });
  for await (const part of context.clock.timeEach("tts", engine.synthesize(request, context.signal))) {
    spoken += part.text.length;
    onProgress(Math.min(1, spoken / total));
    yield part;
  }
  onProgress(1);
}

/** Records speech into one file. @param lanes of those who speak */
export async function speechFile(
  parts: AsyncIterable<SpeechPart>,
  format: "wav" | "mp3",
  sampleRate: number,
  lanes: readonly EngineLane[],
  context: PipelineContext,
): Promise<SpeechFile> {
  const path = join(await context.tempDir(), `speech.${format}`);
  const record = new SpeechRecord(path, format, sampleRate, context);
  const make = async (): Promise<void> => {
    for await (const part of parts) record.add(part);
    await context.clock.time("encode", () => record.finish());
  };
  await context.lanes.hold(format === "wav" ? lanes : [...lanes, "encode"], make).finally(() => record.close());
  return {
    path,
    duration: record.duration,
    language: record.language ?? "und",
    words: record.words,
    captions: record.captions.flat(),
  };
}

/** Tells the share of a text that is spoken, where the file of it is all that is made. */
export function speechProgress({ emit }: PipelineContext): (share: number) => void {
  return (share) => emit({ type: "progress", progress: share * 0.9, stage: "tts", stage_progress: share });
}

/** Writes parts of speech into one file as they come, so that the length of the speech costs no memory. */
export class SpeechRecord {
  readonly sampleRate: number;
  readonly words: TimedWord[] = [];
  /** The same words as the text has them, marks included, part by part. */
  readonly captions: (readonly CaptionWord[])[] = [];
  language: string | undefined;
  readonly #chunks = new Channel<Float32Array>();
  readonly #written: Promise<unknown>;
  #samples = 0;

  constructor(path: string, format: "wav" | "mp3", sampleRate: number, context: PipelineContext) {
    this.sampleRate = sampleRate;
    const audio = { sampleRate, channels: 1 as const, chunks: this.#chunks };
    this.#written = encodeAudio(audio, { path, format, binaries: () => context.binaries(), signal: context.signal });
    // Awaited when the speech ends; should the job end before, this must not count as unhandled.
    this.#written.catch(() => {});
  }

  /** Seconds gathered so far. */
  get duration(): number {
    return this.#samples / this.sampleRate;
  }

  add(part: SpeechPart): void {
    const offset = this.duration;
    for (const { text, start, end } of part.words ?? []) {
      this.words.push({ text, start: milliseconds(start + offset), end: milliseconds(end + offset) });
    }
    this.captions.push(captionWords(part, offset));
    this.language ??= part.language;
    this.#chunks.push(part.audio.samples);
    this.#samples += part.audio.samples.length;
  }

  /** Waits for the file to be whole. */
  async finish(): Promise<void> {
    this.close();
    await this.#written;
  }

  /** Takes no more; lets go of the file once what was taken is written. */
  close(): void {
    this.#chunks.end();
  }
}

function milliseconds(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
