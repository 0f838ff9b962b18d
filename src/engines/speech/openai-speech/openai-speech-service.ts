/**
 * Speech by OpenAI's form, `POST /v1/audio/speech`: OpenAI itself, and the many servers that speak it (Kokoro-FastAPI,
 * vLLM with Higgs Audio, Speaches and others). Raw samples at 24 kHz are asked for; a server that answers another form
 * is understood too.
 */

import { SPEECH_SERVICE } from "../../../limits/speech.ts";
import { ServiceClient } from "../../../net/service-client.ts";
import type { Availability, EngineInfo } from "../../engine.ts";
import { badKey, faultOfStatus, type KeyedName, quotaUsedUp, type Refusal, readRefusal } from "../remote/answers.ts";
import { readSound } from "../remote/read-sound.ts";
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
  generationParams,
  postOf,
  unknownPlaceholder,
  wrongPlaceholder,
} from "../remote/template.ts";
import type { ServiceAnswer } from "../../../net/service-client.ts";
import type { GenerationParam, VoiceInfo } from "../speech-engine.ts";

/** OpenAI's own voices. */
const OPENAI_VOICES: readonly VoiceInfo[] = [
  { name: "alloy", description: "OpenAI's alloy: even and clear", gender: "neutral" },
  { name: "ash", description: "OpenAI's ash: a firm man", gender: "male" },
  { name: "ballad", description: "OpenAI's ballad: a gentle man", gender: "male" },
  { name: "coral", description: "OpenAI's coral: a warm woman", gender: "female" },
  { name: "echo", description: "OpenAI's echo: a calm man", gender: "male" },
  { name: "fable", description: "OpenAI's fable: a storyteller", gender: "neutral" },
  { name: "nova", description: "OpenAI's nova: a lively woman", gender: "female" },
  { name: "onyx", description: "OpenAI's onyx: a deep man", gender: "male" },
  { name: "sage", description: "OpenAI's sage: a composed woman", gender: "female" },
  { name: "shimmer", description: "OpenAI's shimmer: a bright woman", gender: "female" },
  { name: "verse", description: "OpenAI's verse: an expressive man", gender: "male" },
];

/** The model that takes no notice of `speed`. */
const PACELESS = /^gpt-4o/;

const INFO: EngineInfo = {
  id: "openai-speech",
  kind: "speech",
  description: "Any server with OpenAI's /v1/audio/speech: OpenAI, Kokoro-FastAPI, vLLM and others",
  embedded: false,
  license: "That of the service",
  languages: ["*"],
};

/** How the service is set up. */
export type OpenAiSpeechSettings = {
  /** Ends in `/v1` as a rule, without a slash after it. */
  readonly url: string;
  /** Empty for a server that wants none. */
  readonly apiKey: string;
  /** Whether there is enough to go by: a key, or a URL of the operator's own. */
  readonly isSet: boolean;
  readonly model: string;
  /** Names, the default first; empty for OpenAI's. */
  readonly voices: readonly string[];
  /** Fields beyond OpenAI's. */
  readonly fields: Fields | null;
  /** Hz of raw samples. */
  readonly sampleRate: number;
};

export class OpenAiSpeechService implements SpeechService {
  readonly info = INFO;
  readonly honours: readonly GenerationParam[];
  readonly atOnce = SPEECH_SERVICE.atOnce;
  readonly #settings: OpenAiSpeechSettings;
  readonly #named: KeyedName;
  readonly #binaries: RemoteEngineParts["binaries"];
  readonly #client: ServiceClient;
  readonly #voices: readonly VoiceInfo[];

  constructor(settings: OpenAiSpeechSettings, named: KeyedName, { binaries, limits }: RemoteEngineParts) {
    this.#settings = settings;
    this.#client = new ServiceClient({ ...SPEECH_SERVICE, ...limits });
    this.#named = named;
    this.#binaries = binaries;
    this.honours = generationParams(settings.fields ?? {});
    const described = settings.voices.map(
      (name) => OPENAI_VOICES.find((voice) => voice.name === name) ?? voiceOf(name, named.name),
    );
    this.#voices = described.length > 0 ? described : OPENAI_VOICES;
  }

  get defaultVoice(): string {
    return (this.#voices[0] as VoiceInfo).name;
  }

  availability(): Availability {
    const { isSet, fields } = this.#settings;
    if (!isSet) {
      return {
        available: false,
        reason: "Neither OPENAI_API_KEY nor TALKBOX_OPENAI_TTS_URL is set.",
        remedy: "Set the key, or the URL of a server with /v1/audio/speech, such as http://127.0.0.1:8880/v1.",
      };
    }
    const unknown = fields === null ? undefined : unknownPlaceholder(fields);
    return unknown === undefined ? { available: true } : wrongPlaceholder("TALKBOX_OPENAI_TTS_FIELDS", unknown);
  }

  async voices(): Promise<readonly VoiceInfo[]> {
    return this.#voices;
  }

  ownRate(rate: number): number {
    return PACELESS.test(this.#settings.model) ? 1 : rate;
  }

  async speak(sentence: Sentence, signal: AbortSignal): Promise<ServiceSound> {
    const { url, apiKey, model, fields, sampleRate } = this.#settings;
    const body = {
      model,
      input: sentence.text,
      voice: sentence.voice,
      response_format: "pcm",
      ...(sentence.rate === 1 ? {} : { speed: sentence.rate }),
      ...filled(fields ?? {}, sentence),
    };
    const headers = apiKey === "" ? {} : { authorization: `Bearer ${apiKey}` };
    const answer = await this.#client.request(`${url}/audio/speech`, postOf(body, "json", headers), signal);
    if (answer.status !== 200) throw this.#faultOf(answer, await readRefusal(answer, [apiKey]), sentence);
    const expected = {
      name: this.#named.name,
      form: "pcm",
      pcmRate: sampleRate,
      decodedRate: sampleRate,
      binaries: this.#binaries,
    } as const;
    return readSound(answer, expected, signal);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#client[Symbol.asyncDispose]();
  }

  /** A used-up quota comes as 429, as too many requests do. */
  #faultOf(answer: ServiceAnswer, refusal: Refusal, { voice }: Sentence): ServiceFault {
    const error = (refusal.json as { error?: { code?: unknown; type?: unknown; param?: unknown } } | null | undefined)
      ?.error;
    const said = refusal.words === "" ? "" : ` It says: ${refusal.words}`;
    if (error?.code === "insufficient_quota" || error?.type === "insufficient_quota") {
      return quotaUsedUp(this.#named.name, said);
    }
    if (error?.code === "invalid_api_key") return badKey(this.#named, said);
    if (error?.code === "model_not_found") {
      const message = `${this.#named.name} does not have the model. Set TALKBOX_OPENAI_TTS_MODEL to one that it has.${said}`;
      return new ServiceFault("engine_unavailable", message);
    }
    if (answer.status === 400 && error?.param === "voice") {
      return new ServiceFault("invalid_input", `${this.#named.name} does not know the voice "${voice}".${said}`);
    }
    return faultOfStatus(answer, refusal, this.#named);
  }
}

function voiceOf(name: string, service: string): VoiceInfo {
  return { name, description: `A voice of ${service}`, gender: "neutral" };
}
