/** What a speech service of another host has to say and do; `RemoteSpeechEngine` makes an engine of it. */

import { AppError, type ErrorCode } from "../../../errors.ts";
import type { SPEECH_SERVICE } from "../../../limits/speech.ts";
import type { Log } from "../../../log.ts";
import type { Binaries } from "../../../media/binaries.ts";
import type { Availability, EngineInfo } from "../../engine.ts";
import type { GenerationParam, Sampling, TimedWord, VoiceInfo } from "../speech-engine.ts";

/** One sentence to be spoken. */
export type Sentence = {
  readonly text: string;
  /** What comes before and after it in the same request; empty at the ends. */
  readonly previous: string;
  readonly next: string;
  /** ISO 639-1. */
  readonly language: string;
  /** A name that `voices()` lists. */
  readonly voice: string;
  /** The speaking rate that the service is to make itself: what `ownRate` answered. */
  readonly rate: number;
  readonly seed: number | undefined;
  readonly sampling: Sampling;
  /** Whether times of words are wanted. */
  readonly words: boolean;
};

/** What a service made of a sentence. */
export type ServiceSound = {
  /** Hz. */
  readonly sampleRate: number;
  readonly samples: Float32Array;
  /** In seconds from the first sample. */
  readonly words?: readonly TimedWord[];
};

/** The limits that `SPEECH_SERVICE` sets. */
export type ServiceLimits = { readonly [Name in keyof typeof SPEECH_SERVICE]: number };

/** What engines on other hosts are made with. */
export type RemoteEngineParts = {
  readonly log: Log;
  readonly binaries: () => Promise<Binaries>;
  /** Others than `SPEECH_SERVICE` has. */
  readonly limits?: Partial<ServiceLimits>;
};

/** A service as it is set up here. */
export interface SpeechService extends AsyncDisposable {
  readonly info: EngineInfo;
  readonly defaultVoice: string;
  /** Params of generative models that reach the service. */
  readonly honours: readonly GenerationParam[];
  /** Sentences that may be under way at once; may change as the service tells what it allows. */
  readonly atOnce: number;
  availability(): Availability;
  voices(): Promise<readonly VoiceInfo[]>;
  /** The part of a speaking rate that the service can make; the rest is made here. */
  ownRate(rate: number): number;
  /** One try. @throws ServiceError on the way; ServiceFault for what the service answers; AppError `cancelled` */
  speak(sentence: Sentence, signal: AbortSignal): Promise<ServiceSound>;
}

/** Why a service did not speak. */
export class ServiceFault extends AppError {
  /** Whether the same request may succeed in a moment. */
  readonly again: boolean;
  /** Milliseconds that the service asks to wait. */
  readonly retryAfterMs: number;
  /** Set where nothing will succeed for a while: what `availability` answers meanwhile. */
  readonly rest: { readonly reason: string; readonly remedy: string } | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: {
      readonly again?: boolean;
      readonly retryAfterMs?: number;
      readonly rest?: { readonly reason: string; readonly remedy: string };
      readonly cause?: unknown;
    } = {},
  ) {
    super(code, message, { cause: options.cause });
    this.again = options.again ?? false;
    this.retryAfterMs = options.retryAfterMs ?? 0;
    this.rest = options.rest;
  }
}
