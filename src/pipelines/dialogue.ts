/** Dialogues: several speakers' turns as one stream of speech. */

import type { Sampling, SpeechPart } from "../engines/speech/speech-engine.ts";
import { MAX_SEED } from "../limits/inputs.ts";
import type { Turn } from "./dialogue-script.ts";
import type { PipelineContext } from "./pipeline.ts";
import type { Speaker } from "./speaker.ts";
import { speak } from "./speech.ts";

/** Silence that a turn keeps after its last sound and before its first, at least, in seconds. */
const LEAST_TAIL = 0.03;
const LEAST_LEAD = 0.01;
/** Share of the pause that may be the end of the turn before. */
const TAIL_SHARE = 0.6;

/** What is to be spoken, by whom. */
export type DialogueRequest = {
  readonly turns: readonly Turn[];
  /** By speaker's number. */
  readonly cast: ReadonlyMap<number, Speaker>;
  /** ISO 639-1 by speaker's number, where it is not to be found from the text. */
  readonly languages: ReadonlyMap<number, string>;
  readonly rate: number;
  /** Semitones. */
  readonly pitch: number;
  /** Silence between the last sound of a turn and the first of the next. */
  readonly pauseSeconds: number;
  readonly sampleRate: number;
  readonly words: boolean;
  readonly sampling: Sampling;
  readonly seed?: number;
};

/** A turn as it was spoken, in seconds of the whole sound. */
export type SpokenTurn = {
  readonly speaker: number;
  readonly voice: string;
  readonly start: number;
  readonly end: number;
  readonly text: string;
};

/** Speaks a dialogue; `onTurn` is told of each turn when its last part was taken. */
export async function* speakDialogue(
  request: DialogueRequest,
  context: PipelineContext,
  onTurn: (turn: SpokenTurn) => void,
  onProgress: (share: number) => void,
): AsyncGenerator<SpeechPart, void> {
  const { turns, cast, languages, pauseSeconds, sampleRate } = request;
  const total = turns.reduce((sum, { text }) => sum + text.length, 0);
  const tail = Math.max(LEAST_TAIL, pauseSeconds * TAIL_SHARE);
  let spoken = 0;
  let samples = 0;
  /** Silence at the end of what was spoken so far, in seconds; none before the first turn. */
  let silence: number | undefined;
  for (const [index, { speaker, text }] of turns.entries()) {
    const { engine, voice } = cast.get(speaker) as Speaker;
    const language = languages.get(speaker);
    const seed = request.seed === undefined ? undefined : (request.seed + index) % (MAX_SEED + 1);
    const parts = speak(
      engine,
      {
        text,
        voice,
        rate: request.rate,
        pitch: request.pitch,
        sampleRate,
        words: request.words,
        sampling: request.sampling,
        ...(language === undefined ? {} : { language }),
        ...(seed === undefined ? {} : { seed }),
      },
      context,
      (share) => onProgress((spoken + share * text.length) / total),
    );
    let start: number | undefined;
    let end = 0;
    for await (const { part, isFirst, isLast } of placed(parts)) {
      let ready = part;
      if (isFirst && silence !== undefined) ready = withLead(ready, Math.max(LEAST_LEAD, pauseSeconds - silence));
      if (isLast && index < turns.length - 1) ready = withTail(ready, Math.min(tail, tailOf(ready)));
      start ??= samples / sampleRate + leadOf(ready);
      samples += ready.audio.samples.length;
      end = samples / sampleRate - tailOf(ready);
      silence = tailOf(ready);
      yield ready;
    }
    spoken += text.length;
    onTurn({ speaker, voice, start: rounded(start ?? 0), end: rounded(end), text });
  }
}

/** Parts with their place in the turn, which is known one part later. */
async function* placed(
  parts: AsyncIterable<SpeechPart>,
): AsyncGenerator<{ part: SpeechPart; isFirst: boolean; isLast: boolean }, void> {
  let held: SpeechPart | undefined;
  let isFirst = true;
  for await (const part of parts) {
    if (held) {
      yield { part: held, isFirst, isLast: false };
      isFirst = false;
    }
    held = part;
  }
  if (held) yield { part: held, isFirst, isLast: true };
}

/** Seconds of silence before the first sound; none where the engine knows no phonemes. */
function leadOf({ phonemes }: SpeechPart): number {
  return phonemes?.find(({ ipa }) => ipa !== "")?.start ?? 0;
}

/** Seconds of silence after the last sound. */
function tailOf({ phonemes, audio }: SpeechPart): number {
  const last = phonemes?.findLast(({ ipa }) => ipa !== "");
  return last ? Math.max(0, audio.samples.length / audio.sampleRate - last.end) : 0;
}

/** A part that begins with as much silence as is wanted. */
function withLead(part: SpeechPart, seconds: number): SpeechPart {
  const { sampleRate } = part.audio;
  const shift = Math.round((seconds - leadOf(part)) * sampleRate);
  const samples = new Float32Array(part.audio.samples.length + shift);
  if (shift >= 0) samples.set(part.audio.samples, shift);
  else samples.set(part.audio.samples.subarray(-shift));
  const moved = <T extends { start: number; end: number }>(span: T): T => ({
    ...span,
    start: Math.max(0, span.start + shift / sampleRate),
    end: Math.max(0, span.end + shift / sampleRate),
  });
  const phonemes = part.phonemes?.map(moved);
  const [first] = phonemes ?? [];
  // What is before the first sound stays one silence from 0 on.
  if (phonemes && first) {
    if (first.ipa === "") phonemes[0] = { ...first, start: 0 };
    else if (first.start > 0) phonemes.unshift({ ipa: "", start: 0, end: first.start });
  }
  return {
    ...part,
    audio: { sampleRate, samples },
    ...(part.words ? { words: part.words.map(moved) } : {}),
    ...(phonemes ? { phonemes } : {}),
  };
}

/** A part that ends with less silence than it has. */
function withTail(part: SpeechPart, seconds: number): SpeechPart {
  const { sampleRate, samples } = part.audio;
  const keep = samples.length - Math.max(0, Math.round((tailOf(part) - seconds) * sampleRate));
  const end = keep / sampleRate;
  return {
    ...part,
    audio: { sampleRate, samples: samples.subarray(0, keep) },
    ...(part.phonemes
      ? { phonemes: part.phonemes.filter(({ start }) => start < end).map((p) => ({ ...p, end: Math.min(p.end, end) })) }
      : {}),
  };
}

function rounded(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
