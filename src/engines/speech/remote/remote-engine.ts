import PQueue from "p-queue";
import { AppError } from "../../../errors.ts";
import { SPEECH_SERVICE } from "../../../limits/speech.ts";
import type { Log } from "../../../log.ts";
import type { Availability, EngineInfo } from "../../engine.ts";
import { checkNumbers } from "../check-request.ts";
import { detectLanguage, sentenceLanguage } from "../espeak/language.ts";
import { cutSentences } from "../espeak/sentences.ts";
import { checkText } from "../espeak/text.ts";
import type { GenerationParam, SpeechEngine, SpeechPart, SpeechRequest, VoiceInfo } from "../speech-engine.ts";
import { ask, type ServiceName } from "./ask.ts";
import { finishSound } from "./finish-sound.ts";
import {
  type RemoteEngineParts,
  type Sentence,
  ServiceFault,
  type ServiceLimits,
  type ServiceSound,
  type SpeechService,
} from "./speech-service.ts";

/** Sentences that are asked for before they are wanted. */
const AHEAD = 1;

export type RemoteEngineOptions = Pick<RemoteEngineParts, "log" | "limits"> & {
  /** Epoch milliseconds; default the system's clock. */
  readonly now?: () => number;
};

/**
 * A speech service of another host as an engine: sentence by sentence, the next one under way while one is taken, no
 * more at once than the service allows. What fails for good takes it off the list of available ones for a while.
 */
export class RemoteSpeechEngine implements SpeechEngine {
  readonly info: EngineInfo;
  readonly #service: SpeechService;
  readonly #named: ServiceName;
  readonly #log: Log;
  readonly #limits: ServiceLimits;
  readonly #now: () => number;
  readonly #lane: PQueue;
  readonly #closing = new AbortController();
  #rest: { readonly until: number; readonly reason: string; readonly remedy: string } | undefined;

  /** @param named as errors call the service */
  constructor(service: SpeechService, named: ServiceName, options: RemoteEngineOptions) {
    this.info = service.info;
    this.#service = service;
    this.#named = named;
    this.#log = options.log;
    this.#limits = { ...SPEECH_SERVICE, ...options.limits };
    this.#now = options.now ?? Date.now;
    this.#lane = new PQueue({ concurrency: service.atOnce });
  }

  get defaultVoice(): string {
    return this.#service.defaultVoice;
  }

  get honours(): readonly GenerationParam[] {
    return this.#service.honours;
  }

  async availability(): Promise<Availability> {
    const state = this.#service.availability();
    if (!state.available || !this.#rest || this.#now() >= this.#rest.until) return state;
    const { reason, remedy } = this.#rest;
    return { available: false, reason, remedy };
  }

  voices(): Promise<readonly VoiceInfo[]> {
    return this.#service.voices();
  }

  async *synthesize(request: SpeechRequest, signal: AbortSignal): AsyncGenerator<SpeechPart, void> {
    checkText(request.text);
    checkNumbers(request);
    const state = this.#service.availability();
    if (!state.available) throw new AppError("engine_unavailable", `${state.reason} ${state.remedy}`);
    const voice = await this.#voiceOf(request.voice);
    const main = request.language?.trim().toLowerCase().split(/[-_]/, 1)[0] ?? detectLanguage(request.text);
    const sentences = cutSentences(request.text);
    const left = new AbortController();
    const stop = AbortSignal.any([signal, left.signal, this.#closing.signal]);
    const begin = (index: number): Promise<SpeechPart> | undefined => {
      const text = sentences[index];
      if (text === undefined) return undefined;
      const language = sentenceLanguage(text, main);
      const around = { previous: sentences[index - 1] ?? "", next: sentences[index + 1] ?? "" };
      const isLast = index === sentences.length - 1;
      const part = this.#speak({ text, ...around, language, voice }, request, isLast, stop);
      // One that was asked for in advance may fail before anybody waits for it.
      part.catch(() => {});
      return part;
    };
    const under: (Promise<SpeechPart> | undefined)[] = [begin(0)];
    try {
      for (let index = 0; index < sentences.length; index++) {
        while (under.length <= AHEAD) under.push(begin(index + under.length));
        const part = await under.shift();
        if (signal.aborted) throw new AppError("cancelled", "The job was cancelled.", { cause: signal.reason });
        if (part) yield part;
      }
    } finally {
      left.abort();
      await Promise.allSettled(under.map(async (part) => part));
    }
  }

  /** Ends what is under way, and the connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#service[Symbol.asyncDispose]();
  }

  /** The voice by its name, in any case. */
  async #voiceOf(name: string): Promise<string> {
    const voices = await this.voices();
    const wanted = name.trim().toLowerCase();
    const voice = voices.find((each) => each.name.toLowerCase() === wanted);
    if (voice) return voice.name;
    if (wanted === "custom") return this.defaultVoice;
    const known = voices.map((each) => each.name).join(", ");
    throw new AppError("invalid_input", `There is no voice "${name.slice(0, 40)}". The voices are: ${known}.`);
  }

  async #speak(
    place: Pick<Sentence, "text" | "previous" | "next" | "language" | "voice">,
    request: SpeechRequest,
    isLast: boolean,
    signal: AbortSignal,
  ): Promise<SpeechPart> {
    const rate = this.#service.ownRate(request.rate);
    const sentence: Sentence = {
      ...place,
      text: place.text.trim(),
      rate,
      seed: request.seed,
      sampling: request.sampling ?? {},
      words: request.words !== false,
    };
    const sound = await this.#inLane(sentence, signal);
    const { pitch, sampleRate } = request;
    const made = finishSound(sound, { rate: request.rate / rate, pitch, sampleRate, isLast });
    return {
      text: place.text.trimEnd(),
      language: place.language,
      audio: { sampleRate, samples: made.samples },
      ...(made.words && sentence.words ? { words: made.words } : {}),
    };
  }

  async #inLane(sentence: Sentence, signal: AbortSignal): Promise<ServiceSound> {
    const { id: engine } = this.info;
    const began = this.#now();
    const onAgain = ({ code }: ServiceFault, attempt: number): void => {
      this.#lane.concurrency = this.#service.atOnce;
      this.#log.warn({ engine, code, attempt }, "the speech service is asked again");
    };
    try {
      const sound = await this.#lane.add(
        () => ask((both) => this.#service.speak(sentence, both), this.#named, this.#limits, signal, onAgain),
        { signal },
      );
      this.#rest = undefined;
      this.#log.debug({ engine, duration_ms: Math.round(this.#now() - began) }, "a sentence was spoken");
      return sound;
    } catch (error) {
      if (signal.aborted) throw new AppError("cancelled", "The job was cancelled.", { cause: signal.reason });
      if (error instanceof ServiceFault && error.rest) {
        this.#rest = { until: this.#now() + this.#limits.restMs, ...error.rest };
      }
      throw error;
    } finally {
      this.#lane.concurrency = this.#service.atOnce;
    }
  }
}
