import { AppError, isAbort } from "../../../../errors.ts";
import type { Log } from "../../../../log.ts";
import type { SpeechPart } from "../../../speech/speech-engine.ts";
import type { MouthSource } from "../coarticulation.ts";
import { HeardMouth } from "./heard-mouth.ts";
import { MouthModel } from "./mouth-model.ts";

/** Reads mouths from sound for as many films as there are, with one network. */
export class Ears implements AsyncDisposable {
  readonly #model: MouthModel;
  readonly #log: Log;
  #trouble: string | undefined;

  constructor(modelsDir: string, log: Log, model = new MouthModel(modelsDir)) {
    this.#model = model;
    this.#log = log;
  }

  /** Why the network cannot be used, with what to do about it; `undefined` as long as nothing is wrong. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** A listener for the parts of one film. */
  listen(): Listener {
    return new Listener(this.#model, (error) => this.#fail(error));
  }

  /** Ends the network's thread. */
  close(): Promise<void> {
    return this.#model.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #fail(error: unknown): void {
    const cause = error instanceof AppError ? error.cause : undefined;
    const reason = [error, cause].map((each) => (each instanceof Error ? each.message : "")).filter(Boolean);
    if (error instanceof AppError && error.code === "engine_unavailable") {
      if (this.#trouble === error.message) return;
      this.#trouble = error.message;
    }
    this.#log.warn({ reason }, "mouths of recordings are read from formants only: the mouth network cannot be used");
  }
}

/** Hears the parts of one film, in their order. */
export class Listener {
  readonly #model: MouthModel;
  readonly #fail: (error: unknown) => void;
  #stream: HeardMouth | undefined;
  #deaf = false;

  constructor(model: MouthModel, fail: (error: unknown) => void) {
    this.#model = model;
    this.#fail = fail;
  }

  /**
   * The mouth of a part whose phonemes are not known. `undefined` for one whose phonemes are, and where the network
   * cannot be used, which is logged.
   * @throws AppError `cancelled`
   */
  async hear(part: SpeechPart, signal: AbortSignal): Promise<MouthSource | undefined> {
    if (part.phonemes !== undefined && part.phonemes.length > 0) {
      this.#stream = undefined;
      return undefined;
    }
    if (this.#deaf) return undefined;
    const { samples, sampleRate } = part.audio;
    try {
      if (!this.#stream?.takes(sampleRate)) this.#stream = new HeardMouth(this.#model);
      return await this.#stream.push(samples, sampleRate, signal);
    } catch (error) {
      if (isAbort(error)) throw error;
      this.#deaf = true;
      this.#fail(error);
      return undefined;
    }
  }
}
