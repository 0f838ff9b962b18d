import { join } from "node:path";
import { type Frame, type LipsyncEngine, RESOLUTIONS, type Resolution } from "../engines/lipsync/lipsync-engine.ts";
import type { SpeechEngine, SpeechPart, SpeechRequest } from "../engines/speech/speech-engine.ts";
import { encodeVideo } from "../media/encode-video.ts";
import type { Artifact } from "../storage/artifact.ts";
import { type AvatarChoice, SHORT_LOOP_SECONDS } from "./avatar-choice.ts";
import { Channel } from "./channel.ts";
import type { PipelineContext } from "./pipeline.ts";
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
  const parts =
    "engine" in request.speech
      ? speak(request.speech.engine, request.speech.request, context, (share) => {
          spoken.share = share;
          emit({ type: "progress", progress: 0, stage: "tts", stage_progress: share });
        })
      : clock.timeEach("decode", request.speech.recording);

  // While the first sentence is spoken, the renderer gets ready. What fails here fails again below, where it is reported.
  if (!request.choice.likeness) engine.prepare?.(request.choice.person, resolution).catch(() => {});

  const [width, height] = RESOLUTIONS[resolution];
  const { sampleRate } = "engine" in request.speech ? request.speech.request : request.speech;
  const sound = new Channel<Float32Array>();
  const dir = await context.tempDir();
  const path = join(dir, `video.${format}`);
  const recordPath = join(dir, "speech.wav");
  const record = new SpeechRecord(recordPath, "wav", sampleRate, context);
  let avatar = "";
  let audio: Promise<Artifact> | undefined;

  /** The pictures; which loop they are from is settled when enough of the speech is there. */
  async function* pictures(): AsyncGenerator<Frame, void> {
    const started = await startOfSpeech(parts, () => (fromText ? spoken.share : 1));
    avatar = `${request.choice.person}_${request.choice.loop ?? (started.long ? "long" : "short")}`;
    context.used({ kind: "lipsync", engine: engine.info.id, model: avatar });
    const { likeness, lively = true } = request.choice;
    yield* engine.render(
      tapped(started.parts),
      { avatar, likeness, lively, resolution, fps: AVATAR_FPS, frameSkip },
      signal,
    );
  }

  /** Hands each part to the renderer, and its sound to the encoder and the recording. */
  async function* tapped(source: AsyncIterable<SpeechPart>): AsyncGenerator<SpeechPart, void> {
    for await (const part of source) {
      record.add(part);
      sound.push(part.audio.samples);
      yield part;
    }
    sound.end();
    spoken.share = 1;
    audio = deliverRecording();
    // Awaited with the encode; if the encode fails first, this must not count as unhandled.
    audio.catch(() => {});
  }

  async function deliverRecording(): Promise<Artifact> {
    await record.finish();
    const delivered = await request.deliverSpeech(recordPath, record.duration);
    emit({
      type: "status",
      stage: "tts_done",
      message: fromText ? "TTS 완료" : "오디오 준비 완료",
      audio_url: delivered.url ?? null,
      duration: record.duration,
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
  const encoded = await clock
    .time("encode", () =>
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
    )
    .finally(() => record.close());
  emit({ type: "progress", progress: 1, stage: "lipsync", stage_progress: 1 });
  if (!audio) throw new Error("the renderer left before the speech ended");
  return {
    path,
    duration: record.duration,
    frames: encoded.frames,
    avatar,
    language: record.language === "und" ? null : (record.language ?? null),
    audio: await clock.time("deliver", () => audio as Promise<Artifact>),
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
