import { open } from "node:fs/promises";
import { join } from "node:path";
import { frameSize, type LipsyncEngine, type LipsyncOptions } from "../../engines/lipsync/lipsync-engine.ts";
import type { SpeechEngine, SpeechPart, SpeechRequest } from "../../engines/speech/speech-engine.ts";
import { CHUNKS_AT_ONCE } from "../../limits/speech.ts";
import { encodeAudio } from "../../media/encode-audio.ts";
import { type EncodedGroup, encodeGroups } from "../../media/fragmented-encode.ts";
import type { LiveStream } from "../../media/fragmented-live.ts";
import {
  type Group,
  initSegment,
  mediaSegment,
  STREAM_FPS,
  streamType,
  wholeFile,
} from "../../media/fragmented-mp4.ts";
import { resample } from "../../signal/resample.ts";
import type { BurnCaptions } from "../captions-burn.ts";
import type { CaptionWord } from "../captions.ts";
import { Channel } from "../channel.ts";
import type { PipelineContext } from "../pipeline.ts";
import { speakChunk } from "./chunk-speech.ts";
import { ChunkSpeeches, type PlacedSpeech } from "./chunk-speeches.ts";

/** Hz of a chunk's sound as a file. */
const WAV_RATE = 16_000;

/** Groups of the first chunk that are out before others take a part of the machine: a second and a little. */
const LEAD_GROUPS = 4;

export type ChunkStreamRequest = {
  /** What each chunk says, in order. */
  readonly texts: readonly string[];
  readonly speech: { readonly engine: SpeechEngine; readonly request: Omit<SpeechRequest, "text"> };
  readonly engine: LipsyncEngine;
  readonly look: Omit<LipsyncOptions, "fps" | "firstFrame" | "neighbours" | "onPreparing">;
  /** Takes the chunks one after the other as one stream, while they are made. */
  readonly live: LiveStream;
  /** Called once, when it is known what a browser must be told of the stream before it plays it. */
  readonly onType: (type: string) => void;
  /** Draws captions into the pictures. */
  readonly burn?: BurnCaptions | undefined;
};

/** A chunk that is ready. */
export type MadeChunk = {
  readonly index: number;
  readonly text: string;
  /** Seconds. */
  readonly duration: number;
  /** MP4. */
  readonly video: string;
  /** WAV, 16 kHz, one channel. */
  readonly audio: string;
  /** From the start of the chunk. */
  readonly words: readonly CaptionWord[];
  readonly frames: number;
  readonly language: string;
};

type Task = { readonly groups: AsyncIterable<EncodedGroup>; readonly done: Promise<MadeChunk> };

/**
 * Makes the chunks of a text, several at once, and yields them in order. Each is a file of its own; together they are one
 * stream without a gap, in which the avatar goes on moving from chunk to chunk. The stream has a chunk's first pictures
 * long before the chunk is whole.
 */
export async function* streamChunks(
  request: ChunkStreamRequest,
  context: PipelineContext,
): AsyncGenerator<MadeChunk, void> {
  const { texts, live } = request;
  const stop = new AbortController();
  const workshop = new Workshop(request, context, AbortSignal.any([context.signal, stop.signal]));
  const tasks: Task[] = [];
  let groups = 0;
  try {
    for (const index of texts.keys()) {
      while (tasks.length < Math.min(texts.length, index + CHUNKS_AT_ONCE)) tasks.push(workshop.begin(tasks.length));
      const task = tasks[index] as Task;
      for await (const { config, group } of task.groups) {
        if (groups === 0) {
          request.onType(streamType(config));
          await live.append(initSegment(config));
        }
        await live.append(mediaSegment(groups++, group));
      }
      yield await task.done;
      await workshop.made(index);
    }
  } finally {
    stop.abort();
    await Promise.allSettled(tasks.map(({ done }) => done));
  }
}

/** Where the chunks of one text are made. */
class Workshop {
  readonly #request: ChunkStreamRequest;
  readonly #context: PipelineContext;
  readonly #signal: AbortSignal;
  /** Resolves when the first chunk needs the machine no longer for itself alone. */
  readonly #led = Promise.withResolvers<void>();
  readonly #speeches: ChunkSpeeches;

  constructor(request: ChunkStreamRequest, context: PipelineContext, signal: AbortSignal) {
    this.#request = request;
    this.#context = context;
    this.#signal = signal;
    const { texts, speech } = request;
    this.#speeches = new ChunkSpeeches(texts, (text) =>
      speakChunk(text, speech.engine, speech.request, context, signal),
    );
  }

  /** Begins a chunk; in the order of the text. */
  begin(index: number): Task {
    const groups = new Channel<EncodedGroup>();
    const done = this.#make(index, this.#speeches.of(index), groups).finally(() => {
      groups.end();
      this.#led.resolve();
    });
    done.catch(() => undefined);
    return { groups, done };
  }

  /** Says that a chunk and those before it are made. */
  made(index: number): Promise<void> {
    return this.#speeches.forget(index);
  }

  async #make(index: number, spoken: Promise<PlacedSpeech>, out: Channel<EncodedGroup>): Promise<MadeChunk> {
    const { look, texts } = this.#request;
    const text = texts[index] as string;
    const { clock } = this.#context;
    if (index > 0) await this.#led.promise;
    this.#signal.throwIfAborted();
    const samples = spoken.then((speech) => speech.samples);
    samples.catch(() => undefined);
    const [width, height] = frameSize(look.resolution, look.aspect);
    const made: EncodedGroup[] = [];
    const encoding = encodeGroups({
      binaries: await this.#context.binaries(),
      width,
      height,
      frames: this.#frames(index, spoken),
      samples,
      sampleRate: this.#request.speech.request.sampleRate,
      signal: this.#signal,
    });
    for await (const group of clock.timeEach("encode", encoding)) {
      out.push(group);
      made.push(group);
      if (made.length === LEAD_GROUPS) this.#led.resolve();
    }
    const { frames, words, language } = await spoken;
    const dir = await this.#context.tempDir();
    const video = join(dir, `chunk-${index}.mp4`);
    const audio = join(dir, `chunk-${index}.wav`);
    await Promise.all([writeVideo(video, made), this.#writeSound(audio, await samples)]);
    return { index, text, duration: frames / STREAM_FPS, video, audio, words, frames, language };
  }

  async *#frames(index: number, spoken: Promise<PlacedSpeech>) {
    const { engine, look, burn } = this.#request;
    const { parts, words, firstFrame } = await spoken;
    const neighbours = await this.#speeches.neighbours(index);
    const onPreparing = (share: number): void =>
      this.#context.emit({ type: "progress", progress: 0, stage: "model", stage_progress: share });
    const options = { ...look, fps: STREAM_FPS, firstFrame, neighbours, onPreparing };
    const frames = this.#context.clock.timeEach("lipsync", engine.render(listed(parts), options, this.#signal));
    if (burn) yield* burn.over(frames, [words], STREAM_FPS);
    else yield* frames;
  }

  async #writeSound(path: string, samples: Float32Array): Promise<void> {
    const rate = this.#request.speech.request.sampleRate;
    const sound = { sampleRate: WAV_RATE, channels: [resample(samples, rate, WAV_RATE)] };
    const binaries = (): ReturnType<PipelineContext["binaries"]> => this.#context.binaries();
    await encodeAudio(sound, { path, format: "wav", binaries, signal: this.#signal });
  }
}

async function writeVideo(path: string, made: readonly EncodedGroup[]): Promise<void> {
  const config = made[0]?.config;
  if (!config) throw new Error("a chunk came out without a picture");
  const groups: readonly Group[] = made.map(({ group }) => group);
  const file = await open(path, "wx");
  try {
    for (const piece of wholeFile(config, groups)) await file.write(piece);
  } finally {
    await file.close();
  }
}

async function* listed(parts: readonly SpeechPart[]): AsyncGenerator<SpeechPart, void> {
  yield* parts;
}
