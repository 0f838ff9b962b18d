/**
 * CosyVoice by the HTTP server of its own project (`runtime/python/fastapi/server.py`), or a wrapper with fields of its
 * own. The server answers raw 16-bit samples, says neither their rate nor a content type, and has no list of voices.
 */

import { readFile } from "node:fs/promises";
import { SPEECH_SERVICE } from "../../../limits/speech.ts";
import type { FormField } from "../../../net/multipart.ts";
import { ServiceClient } from "../../../net/service-client.ts";
import type { Availability, EngineInfo } from "../../engine.ts";
import { faultOfStatus, type KeyedName, readRefusal } from "../remote/answers.ts";
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
  placeholdersIn,
  postOf,
  type SendForm,
  unknownPlaceholder,
  wrongPlaceholder,
} from "../remote/template.ts";
import type { GenerationParam, VoiceInfo } from "../speech-engine.ts";

export const COSYVOICE: KeyedName = {
  name: "CosyVoice",
  setting: "COSYVOICE_API_URL",
  keySetting: "COSYVOICE_API_URL",
};

const CUSTOM = "Custom";
/** Speakers of the project's model with fixed voices (CosyVoice-300M-SFT). */
const SPEAKERS: readonly VoiceInfo[] = [
  { name: "韩语女", description: "A Korean woman", gender: "female" },
  { name: "英文女", description: "A woman, English", gender: "female" },
  { name: "英文男", description: "A man, English", gender: "male" },
  { name: "中文女", description: "A woman, Mandarin", gender: "female" },
  { name: "中文男", description: "A man, Mandarin", gender: "male" },
  { name: "粤语女", description: "A woman, Cantonese", gender: "female" },
  { name: "日语男", description: "A man, Japanese", gender: "male" },
];
/** Who of them speaks as `Custom`, by language. */
const SPEAKER_OF: Readonly<Record<string, string>> = { ko: "韩语女", en: "英文女", ja: "日语男", zh: "中文女" };

/** What the project's server calls its fields. */
const OFFICIAL_FIELDS = {
  "/inference_sft": { tts_text: "{text}", spk_id: "{voice}" },
  "/inference_zero_shot": { tts_text: "{text}", prompt_text: "{prompt_text}" },
  "/inference_cross_lingual": { tts_text: "{text}" },
} as const satisfies Record<string, Fields>;

const INFO: EngineInfo = {
  id: "cosyvoice",
  kind: "speech",
  description: "CosyVoice on a server of yours: natural voices, by speaker or from a recording",
  embedded: false,
  license: "Apache-2.0 (CosyVoice), on a server of the operator's",
  languages: ["*"],
};

/** How the service is set up. */
export type CosyVoiceSettings = {
  /** With a path it is taken as it is, without one the project's own routes are added. Empty: not set up. */
  readonly url: string;
  readonly send: SendForm;
  /** Null for the project's own. */
  readonly fields: Fields | null;
  /** Hz of raw samples. */
  readonly sampleRate: number;
  /** Speakers' names, the default first; empty for the project's own. */
  readonly voices: readonly string[];
  /** File of a recording to speak like; empty for speakers by name. */
  readonly promptWav: string;
  /** What is said in it. */
  readonly promptText: string;
};

export class CosyVoiceService implements SpeechService {
  readonly info = INFO;
  readonly defaultVoice = CUSTOM;
  readonly honours: readonly GenerationParam[];
  readonly atOnce = SPEECH_SERVICE.atOnce;
  readonly #settings: CosyVoiceSettings;
  readonly #binaries: RemoteEngineParts["binaries"];
  readonly #client: ServiceClient;
  readonly #target: { readonly url: string; readonly fields: Fields; readonly speakers: boolean };

  constructor(settings: CosyVoiceSettings, { binaries, limits }: RemoteEngineParts) {
    this.#settings = settings;
    this.#client = new ServiceClient({ ...SPEECH_SERVICE, ...limits });
    this.#binaries = binaries;
    this.#target = targetOf(settings);
    this.honours = generationParams(this.#target.fields);
  }

  availability(): Availability {
    const { url, fields } = this.#settings;
    if (url === "") {
      return {
        available: false,
        reason: "COSYVOICE_API_URL is not set.",
        remedy: "Set it to where a CosyVoice server listens, such as http://127.0.0.1:50000.",
      };
    }
    const unknown = fields === null ? undefined : unknownPlaceholder(fields, ["prompt_text"]);
    return unknown === undefined ? { available: true } : wrongPlaceholder("TALKBOX_COSYVOICE_FIELDS", unknown);
  }

  async voices(): Promise<readonly VoiceInfo[]> {
    const { voices } = this.#settings;
    const custom: VoiceInfo = { name: CUSTOM, description: "The server's default voice", gender: "neutral" };
    if (voices.length > 0) {
      return [
        custom,
        ...voices.map((name) => ({ name, description: "A CosyVoice speaker", gender: "neutral" as const })),
      ];
    }
    return this.#target.speakers ? [custom, ...SPEAKERS] : [custom];
  }

  ownRate(rate: number): number {
    return placeholdersIn(this.#target.fields).has("rate") ? rate : 1;
  }

  async speak(sentence: Sentence, signal: AbortSignal): Promise<ServiceSound> {
    const { send, sampleRate, promptText } = this.#settings;
    const { url, fields } = this.#target;
    const voice = sentence.voice === CUSTOM ? this.#customVoice(sentence.language) : sentence.voice;
    const values = filled(fields, { ...sentence, voice }, { prompt_text: promptText });
    const answer = await this.#client.request(url, postOf(values, send, {}, await this.#files()), signal);
    if (answer.status !== 200) throw faultOfStatus(answer, await readRefusal(answer, []), COSYVOICE);
    const expected = {
      name: COSYVOICE.name,
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

  #customVoice(language: string): string {
    const [first] = this.#settings.voices;
    if (first !== undefined) return first;
    return this.#target.speakers ? (SPEAKER_OF[language] ?? (SPEAKERS[0] as VoiceInfo).name) : CUSTOM;
  }

  async #files(): Promise<Record<string, FormField>> {
    const { promptWav } = this.#settings;
    if (promptWav === "") return {};
    try {
      return { prompt_wav: { filename: "prompt.wav", type: "audio/wav", bytes: await readFile(promptWav) } };
    } catch (cause) {
      const reason = "The recording that TALKBOX_COSYVOICE_PROMPT_WAV names cannot be read.";
      throw new ServiceFault("engine_unavailable", `${reason} Check the path.`, { cause });
    }
  }
}

/** Where sentences are sent, and with which fields. */
function targetOf({ url, fields, promptWav, promptText }: CosyVoiceSettings) {
  const whole = URL.parse(url);
  const isBase = whole !== null && (whole.pathname === "/" || whole.pathname === "");
  const route =
    promptWav === "" ? "/inference_sft" : promptText === "" ? "/inference_cross_lingual" : "/inference_zero_shot";
  return {
    url: isBase ? url.replace(/\/+$/, "") + route : url,
    fields: fields ?? OFFICIAL_FIELDS[route],
    speakers: isBase && fields === null && route === "/inference_sft",
  };
}
