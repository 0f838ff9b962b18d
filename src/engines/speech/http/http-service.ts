/** Speech by any HTTP service: a URL, a template of its fields, and sound in the answer or in a field of its JSON. */

import { SPEECH_SERVICE } from "../../../limits/speech.ts";
import { decodeBase64 } from "../../../net/base64.ts";
import { readAll, type ServiceAnswer, ServiceClient } from "../../../net/service-client.ts";
import type { Availability, EngineInfo } from "../../engine.ts";
import { faultOfStatus, type KeyedName, readRefusal } from "../remote/answers.ts";
import { readSound, type SoundExpectation, type SoundForm, soundOf } from "../remote/read-sound.ts";
import {
  type RemoteEngineParts,
  type Sentence,
  ServiceFault,
  type ServiceSound,
  type SpeechService,
} from "../remote/speech-service.ts";
import {
  type Fields,
  filled,
  filledUrl,
  generationParams,
  placeholdersIn,
  postOf,
  type SendForm,
  unknownPlaceholder,
  wrongPlaceholder,
} from "../remote/template.ts";
import type { GenerationParam, VoiceInfo } from "../speech-engine.ts";

export const HTTP_SPEECH: KeyedName = {
  name: "The speech service",
  setting: "TALKBOX_HTTP_TTS_URL",
  keySetting: "TALKBOX_HTTP_TTS_HEADERS",
};

const CUSTOM = "Custom";
/** Hz that compressed sound is decoded at. */
const DECODED_RATE = 24_000;

const INFO: EngineInfo = {
  id: "http",
  kind: "speech",
  description: "Any speech service over HTTP, by a template of its fields",
  embedded: false,
  license: "That of the service",
  languages: ["*"],
};

/** How the service is set up. */
export type HttpSpeechSettings = {
  /** May hold placeholders. Empty: not set up. */
  readonly url: string;
  readonly method: "GET" | "POST";
  readonly send: SendForm;
  readonly fields: Fields;
  /** Sent with each request; they may carry a key. */
  readonly headers: Readonly<Record<string, string>>;
  readonly form: SoundForm;
  /** Hz of raw samples. */
  readonly sampleRate: number;
  /** Names, the default first; empty for a service with one voice. */
  readonly voices: readonly string[];
  /** Where a JSON answer holds the sound as base64: names of fields with dots between; empty for sound as it is. */
  readonly answerField: string;
};

export class HttpSpeechService implements SpeechService {
  readonly info = INFO;
  readonly defaultVoice = CUSTOM;
  readonly honours: readonly GenerationParam[];
  readonly atOnce = SPEECH_SERVICE.atOnce;
  readonly #settings: HttpSpeechSettings;
  readonly #template: readonly unknown[];
  readonly #expected: SoundExpectation;
  readonly #client: ServiceClient;

  constructor(settings: HttpSpeechSettings, { binaries, limits }: RemoteEngineParts) {
    this.#settings = settings;
    this.#client = new ServiceClient({ ...SPEECH_SERVICE, ...limits });
    this.#template = [settings.url, settings.method === "GET" ? {} : settings.fields];
    this.honours = generationParams(this.#template);
    const { form, sampleRate: pcmRate } = settings;
    this.#expected = { name: HTTP_SPEECH.name, form, pcmRate, decodedRate: DECODED_RATE, binaries };
  }

  availability(): Availability {
    if (this.#settings.url === "") {
      return {
        available: false,
        reason: "TALKBOX_HTTP_TTS_URL is not set.",
        remedy: "Set it to a service that answers sound, and TALKBOX_HTTP_TTS_FIELDS to what it wants to be sent.",
      };
    }
    const unknown = unknownPlaceholder(this.#template);
    if (unknown !== undefined) return wrongPlaceholder("TALKBOX_HTTP_TTS_URL or _FIELDS", unknown);
    if (placeholdersIn(this.#template).has("text")) return { available: true };
    return {
      available: false,
      reason: "Neither TALKBOX_HTTP_TTS_URL nor TALKBOX_HTTP_TTS_FIELDS holds {text}.",
      remedy: "Put it where the service wants the text.",
    };
  }

  async voices(): Promise<readonly VoiceInfo[]> {
    const custom: VoiceInfo = { name: CUSTOM, description: "The service's default voice", gender: "neutral" };
    const named = this.#settings.voices.map(
      (name): VoiceInfo => ({ name, description: "A voice of the speech service", gender: "neutral" }),
    );
    return [custom, ...named];
  }

  ownRate(rate: number): number {
    return placeholdersIn(this.#template).has("rate") ? rate : 1;
  }

  async speak(given: Sentence, signal: AbortSignal): Promise<ServiceSound> {
    const { url, method, send, fields, headers, voices, answerField } = this.#settings;
    const sentence = given.voice === CUSTOM ? { ...given, voice: voices[0] ?? "" } : given;
    const request = method === "GET" ? ({ method, headers } as const) : postOf(filled(fields, sentence), send, headers);
    const answer = await this.#client.request(filledUrl(url, sentence), request, signal);
    if (answer.status !== 200) throw faultOfStatus(answer, await readRefusal(answer, secretsIn(headers)), HTTP_SPEECH);
    return answerField === ""
      ? readSound(answer, this.#expected, signal)
      : soundOf(await this.#fieldOf(answer, signal), "", this.#expected, signal);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#client[Symbol.asyncDispose]();
  }

  /** The sound in a field of a JSON answer. */
  async #fieldOf(answer: ServiceAnswer, signal: AbortSignal): Promise<Buffer> {
    const bytes = await readAll(answer.body);
    const names = this.#settings.answerField.split(".");
    try {
      const json = JSON.parse(bytes.toString("utf8")) as unknown;
      const found = names.reduce<unknown>((node, name) => (node as Record<string, unknown> | null)?.[name], json);
      if (typeof found !== "string") throw new Error(`the field is ${typeof found}`);
      const options = { maxBytes: SPEECH_SERVICE.maxBytes, code: "invalid_audio", signal } as const;
      return Buffer.from(await decodeBase64(found, options));
    } catch (cause) {
      if (signal.aborted) throw cause;
      const message = "The speech service's answer has no sound in the field that TALKBOX_HTTP_TTS_ANSWER names.";
      throw new ServiceFault("engine_failed", message, { cause });
    }
  }
}

/** Values of headers, whole and without the word before a key. */
function secretsIn(headers: Readonly<Record<string, string>>): string[] {
  return Object.values(headers).flatMap((value) => [value, value.split(" ").at(-1) ?? ""]);
}
