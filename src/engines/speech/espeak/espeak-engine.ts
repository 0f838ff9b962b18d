/** The embedded speech engine: espeak-ng in a process of its own, and what makes its output fit to be heard. */

import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { AppError } from "../../../errors.ts";
import type { Availability, EngineInfo } from "../../engine.ts";
import { checkNumbers } from "../check-request.ts";
import type { SpeechEngine, SpeechPart, SpeechRequest, VoiceInfo } from "../speech-engine.ts";
import { detectLanguage, LANGUAGES, sentenceLanguage, spokenLanguage } from "./language.ts";
import { EspeakProcess } from "./process.ts";
import { prosodyOf } from "./prosody.ts";
import { makePart } from "./sentence-part.ts";
import { cutSentences } from "./sentences.ts";
import { FADE_OUT_SECONDS, finishSound, TAIL_SECONDS } from "./sound.ts";
import { checkText } from "./text.ts";
import { type Voice, DEFAULT_VOICE, VoiceShelf } from "./voices.ts";

const PACKAGE = "@echogarden/espeak-ng-emscripten";
const INFO: EngineInfo = {
  id: "espeak",
  kind: "speech",
  description: "espeak-ng in WebAssembly: a hundred languages, a synthetic voice, exact word and phoneme timings",
  embedded: true,
  license: "GPL-3.0 (espeak-ng, in a process of its own)",
  languages: LANGUAGES,
};

/** Samples of sound that the code is tried on: enough for the compiler to take notice. */
const REHEARSAL_SAMPLES = 11_025;

/** What the engine needs to know. */
export type EspeakEngineOptions = {
  /** Folder of models; the voices are in its `voices/`. */
  readonly modelsDir: string;
  /** File name of the package's module; throws if it is not installed. Default: Node's own resolution. */
  readonly resolvePackage?: () => string;
  /** Milliseconds that one sentence may take; default `SENTENCE_TIMEOUT_MS`. */
  readonly timeoutMs?: number;
};

/** Makes the engine. Nothing is loaded or started until it is used. */
export function createEspeakEngine(options: EspeakEngineOptions): EspeakEngine {
  return new EspeakEngine(options);
}

/** The engine `espeak`. */
export class EspeakEngine implements SpeechEngine {
  readonly info = INFO;
  readonly defaultVoice = DEFAULT_VOICE;
  readonly #resolve: () => string;
  readonly #timeoutMs: number | undefined;
  readonly #shelf: VoiceShelf;
  #process: EspeakProcess | undefined;
  #rehearsed = false;

  constructor(options: EspeakEngineOptions) {
    this.#resolve = options.resolvePackage ?? (() => createRequire(import.meta.url).resolve(PACKAGE));
    this.#timeoutMs = options.timeoutMs;
    this.#shelf = new VoiceShelf(join(options.modelsDir, "voices"));
  }

  /** Id of the synthesiser's process; `undefined` while none runs. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  availability(): Promise<Availability> {
    try {
      this.#resolve();
      return Promise.resolve({ available: true });
    } catch {
      return Promise.resolve({
        available: false,
        reason: `The optional package ${PACKAGE} is not installed.`,
        remedy: `npm install ${PACKAGE}`,
      });
    }
  }

  async voices(): Promise<readonly VoiceInfo[]> {
    return (await this.#shelf.all()).map(({ name, description, gender, measured }) => ({
      name,
      description,
      gender,
      ...(measured ? { measured: { f0: measured.f0, vocalTract: measured.vocal_tract } } : {}),
    }));
  }

  /**
   * Starts the synthesiser's process, so that the first sentence comes sooner. Does nothing if it runs.
   * @throws AppError `engine_unavailable`.
   */
  warmUp(): void {
    this.#running().warmUp();
  }

  async *synthesize(request: SpeechRequest, signal: AbortSignal): AsyncGenerator<SpeechPart, void> {
    checkText(request.text);
    checkNumbers(request);
    const main = request.language === undefined ? undefined : spokenLanguage(request.language);
    const detected = main?.code ?? detectLanguage(request.text);
    await using own = request.seed === undefined ? undefined : this.#newProcess(request.seed);
    const process = own ?? this.#running();
    // It gets ready while the voice is read and the text is cut.
    process.warmUp();
    const voice = await this.#shelf.find(request.voice);
    const sentences = cutSentences(request.text);

    const make = (index: number): Promise<SpeechPart> => {
      const text = sentences[index] as string;
      const language =
        main && sentenceLanguage(text, main.code) === main.code
          ? main
          : spokenLanguage(sentenceLanguage(text, detected));
      const part = makePart(
        { text, language, voice, request, isLast: index === sentences.length - 1 },
        process,
        signal,
      );
      // One that was asked for in advance may fail before anybody waits for it.
      part.catch(() => {});
      return part;
    };
    let next = make(0);
    this.#rehearse(voice, request);
    for (let index = 0; index < sentences.length; index++) {
      const part = await next;
      if (index + 1 < sentences.length) next = make(index + 1);
      yield part;
      if (signal.aborted) throw new AppError("cancelled", "The job was cancelled.", { cause: signal.reason });
    }
  }

  /**
   * Has the sound code compiled, and its filters designed, while the process is still starting; so the first sentence
   * need not wait for that too.
   */
  #rehearse(voice: Voice, { sampleRate, rate, pitch }: SpeechRequest): void {
    if (this.#rehearsed) return;
    this.#rehearsed = true;
    const { readRate } = prosodyOf(voice, "en", rate, pitch);
    const click = new Int16Array(REHEARSAL_SAMPLES).fill(1_000);
    finishSound(click, {
      readRate,
      sampleRate,
      timbre: voice.timbre,
      tail: TAIL_SECONDS,
      fadeOut: FADE_OUT_SECONDS.voice,
    });
  }

  /** Ends the synthesiser's process. A later request starts another. */
  async close(): Promise<void> {
    await this.#process?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #running(): EspeakProcess {
    this.#process ??= this.#newProcess();
    return this.#process;
  }

  /** A process of its own; one with a seed serves a single request, as its noise runs on from sentence to sentence. */
  #newProcess(seed?: number): EspeakProcess {
    let path: string;
    try {
      path = this.#resolve();
    } catch (error) {
      throw new AppError(
        "engine_unavailable",
        `Speech needs the optional package ${PACKAGE}, which is not installed. Run: npm install ${PACKAGE}`,
        { cause: error },
      );
    }
    return new EspeakProcess({
      moduleUrl: pathToFileURL(path).href,
      ...(this.#timeoutMs === undefined ? {} : { timeoutMs: this.#timeoutMs }),
      ...(seed === undefined ? {} : { seed }),
    });
  }
}
