import { join } from "node:path";
import { lanesOf } from "../engines/engine.ts";
import {
  type Frame,
  frameSize,
  type LipsyncEngine,
  type LipsyncOptions,
  type Resolution,
} from "../engines/lipsync/lipsync-engine.ts";
import type { SpeechEngine, SpeechPart, SpeechRequest } from "../engines/speech/speech-engine.ts";
import { SPEECH_AHEAD_SECONDS } from "../limits/speech.ts";
import { encodeVideo } from "../media/encode-video.ts";
import type { Artifact } from "../storage/artifact.ts";
import { type AvatarChoice, SHORT_LOOP_SECONDS } from "./avatar-choice.ts";
import type { BurnCaptions } from "./captions-burn.ts";
import type { CaptionWord } from "./captions.ts";
import { StageClock } from "../telemetry.ts";
import { Channel } from "./channel.ts";
import type { PipelineContext } from "./pipeline.ts";
import { type SpeechAhead, speechAhead } from "./speech-ahead.ts";
import { speak, SpeechRecord } from "./speech.ts";

/** Frames per second of every avatar video. */
export const AVATAR_FPS = 25;

/** How much longer than the short loop speech must be expected to be before its end need not be waited for. */
const SURELY_LONGER = 1.5;

/** Whose speech the avatar moves to: an engine's, or a recording. */
export type SpeechSource =
  | { readonly engine: SpeechEngine; readonly request: SpeechRequest }
  | { readonly recording: AsyncIterable<SpeechPart>; readonly sampleRate: number; readonly seconds: () => number };

export type AvatarVideoRequest = {
  readonly speech: SpeechSource;
  readonly engine: LipsyncEngine;
  readonly choice: AvatarChoice;
  readonly resolution: Resolution;
  readonly frameSkip: 1 | 2 | 3;
  readonly format: "mp4" | "webm";
  /** Default: 16:9, before the avatar's own background. */
  readonly around?: Pick<LipsyncOptions, "aspect" | "background" | "face">;
  /** Draws what is said into the pictures. */
  readonly burn?: BurnCaptions | undefined;
  /** Called once, as soon as all of the speech is there, while the video is still being made. */
  readonly deliverSpeech: (path: string, duration: number) => Promise<Artifact>;
};

export type AvatarVideo = {
  readonly path: string;
  /** Seconds of sound. */
  readonly duration: number;
  readonly frames: number;
  readonly avatar: string;
  readonly language: string | null;
  readonly audio: Artifact;
  /** Seconds from the begin until the speech was there as a whole. */
  readonly speechElapsed: number;
  /** What is said, where the words' times are known. */
  readonly captions: readonly CaptionWord[];
};

/**
 * Speech, frames and one encode, all streaming: a sentence is spoken while the one before it is drawn, and no more than
 * a few frames exist at a time.
 */
export async function makeAvatarVideo(request: AvatarVideoRequest, context: PipelineContext): Promise<AvatarVideo> {
  const { clock, emit, signal } = context;
  const { engine, resolution, frameSkip, format } = request;
  const fromText = "engine" in request.speech;
  const spoken = { share: 0 };
  emit({ type: "status", stage: "tts", message: fromText ? "TTS 음성 생성 중..." : "오디오 준비 중..." });
  const began = performance.now();
  // What is spoken ahead of the pictures costs no time that anybody waits for: it runs on a clock of its own.
  const source =
    "engine" in request.speech
      ? speak(request.speech.engine, request.speech.request, { ...context, clock: new StageClock() }, (share) => {
          spoken.share = share;
          emit({ type: "progress", progress: 0, stage: "tts", stage_progress: share });
        })
      : request.speech.recording;

  // While the first sentence is spoken, the renderer gets ready. What fails here fails again below, where it is reported.
  if (!request.choice.likeness) engine.prepare?.(request.choice.person, resolution).catch(() => {});

  const { around = {} } = request;
  const [width, height] = frameSize(resolution, around.aspect);
  const { sampleRate } = "engine" in request.speech ? request.speech.request : request.speech;
  const sound = new Channel<Float32Array>();
  const dir = await context.tempDir();
  const path = join(dir, `video.${format}`);
  const recordPath = join(dir, "speech.wav");
  const record = new SpeechRecord(recordPath, "wav", sampleRate, context);
  let avatar = "";
  let ahead: SpeechAhead | undefined;
  let audio: Promise<Artifact> | undefined;
  let speechElapsed = 0;

  /** The pictures; which loop they are from is settled when enough of the speech is there. */
  async function* pictures(): AsyncGenerator<Frame, void> {
    // The speech does not wait for the pictures: whoever asked for both hears the one long before seeing the other.
    ahead = speechAhead(source, {
      seconds: SPEECH_AHEAD_SECONDS,
      onPart: (part) => record.add(part),
      onEnd: () => {
        spoken.share = 1;
        audio = deliverRecording();
        // Awaited with the encode; if the encode fails first, this must not count as unhandled.
        audio.catch(() => {});
      },
    });
    const parts = clock.timeEach(fromText ? "tts" : "decode", ahead.parts);
    // A loop that the caller named need not be found out, and the first sentence can be drawn at once.
    const started =
      request.choice.loop === undefined
        ? await startOfSpeech(parts, () => (fromText ? spoken.share : 1))
        : { parts, long: request.choice.loop === "long" };
    avatar = `${request.choice.person}_${request.choice.loop ?? (started.long ? "long" : "short")}`;
    context.used({ kind: "lipsync", engine: engine.info.id, model: avatar });
    const { likeness, lively = true } = request.choice;
    const onPreparing = (share: number): void =>
      emit({ type: "progress", progress: 0, stage: "model", stage_progress: share });
    const options = { ...around, avatar, likeness, lively, resolution, fps: AVATAR_FPS, frameSkip, onPreparing };
    const frames = engine.render(tapped(started.parts), options, signal);
    yield* request.burn ? request.burn.over(frames, record.captions, AVATAR_FPS) : frames;
  }

  /** Hands each part to the renderer, and its sound to the encoder. */
  async function* tapped(source: AsyncIterable<SpeechPart>): AsyncGenerator<SpeechPart, void> {
    for await (const part of source) {
      sound.push(part.audio.samples);
      yield part;
    }
    sound.end();
  }

  async function deliverRecording(): Promise<Artifact> {
    await record.finish();
    const delivered = await request.deliverSpeech(recordPath, record.duration);
    speechElapsed = Math.round(performance.now() - began) / 1000;
    emit({
      type: "status",
      stage: "tts_done",
      message: fromText ? "TTS 완료" : "오디오 준비 완료",
      audio_url: delivered.url ?? null,
      audio_key: delivered.key,
      duration: record.duration,
      elapsed: speechElapsed,
    });
    emit({ type: "status", stage: "lipsync", message: "립싱크 비디오 생성 중..." });
    return delivered;
  }

  const progress = (frames: number): void => {
    const known = "engine" in request.speech ? 0 : request.speech.seconds();
    const seconds = spoken.share === 1 ? record.duration : known || record.duration / Math.max(spoken.share, 0.01);
    const share = Math.min(0.995, frames / Math.max(1, seconds * AVATAR_FPS));
    emit({ type: "progress", progress: share, stage: "lipsync", stage_progress: share });
  };
  // ffmpeg starts before there is a picture: its start hides behind the first sentence.
  const binaries = await context.binaries();
  const encode = () =>
    clock.time("encode", () =>
      encodeVideo({
        frames: clock.timeEach("lipsync", pictures()),
        audio: sound,
        sampleRate,
        channels: 1,
        width,
        height,
        fps: AVATAR_FPS,
        format,
        path,
        tempDir: dir,
        binaries,
        signal,
        onFrame: progress,
      }),
    );
  const engines = "engine" in request.speech ? [request.speech.engine, engine] : [engine];
  let encoded: Awaited<ReturnType<typeof encode>>;
  try {
    encoded = await context.lanes.hold([...lanesOf(...engines), "encode"], encode);
  } finally {
    record.close();
    await ahead?.close();
  }
  emit({ type: "progress", progress: 1, stage: "lipsync", stage_progress: 1 });
  if (!audio) throw new Error("the renderer left before the speech ended");
  return {
    path,
    duration: record.duration,
    frames: encoded.frames,
    avatar,
    language: record.language === "und" ? null : (record.language ?? null),
    audio: await clock.time("deliver", () => audio as Promise<Artifact>),
    speechElapsed,
    captions: record.captions.flat(),
  };
}

/**
 * Reads ahead until it is known whether the speech is longer than the short loop, or as good as known from the share of
 * the text that is spoken.
 */
async function startOfSpeech(
  source: AsyncGenerator<SpeechPart, void>,
  spokenShare: () => number,
): Promise<{ parts: AsyncGenerator<SpeechPart, void>; long: boolean }> {
  const held: SpeechPart[] = [];
  let seconds = 0;
  let long = false;
  for (;;) {
    const step = await source.next();
    if (step.done) break;
    held.push(step.value);
    seconds += step.value.audio.samples.length / step.value.audio.sampleRate;
    long = seconds > SHORT_LOOP_SECONDS || seconds > SURELY_LONGER * SHORT_LOOP_SECONDS * spokenShare();
    if (long) break;
  }
  async function* parts(): AsyncGenerator<SpeechPart, void> {
    try {
      for (let part = held.shift(); part; part = held.shift()) yield part;
      yield* source;
    } finally {
      await source.return();
    }
  }
  return { parts: parts(), long };
}
