/**
 * ElevenLabs' speech, by its HTTP API: one request a sentence, raw samples at 24 kHz, with the times of characters where
 * words are wanted. Limits are on requests at once, which the answers tell; a used-up quota comes as 401.
 */

import { z } from "zod";
import { SPEECH_SERVICE } from "../../../limits/speech.ts";
import { decodeBase64 } from "../../../net/base64.ts";
import { readAll, type ServiceAnswer, ServiceClient, type ServiceRequest } from "../../../net/service-client.ts";
import type { Availability, EngineInfo } from "../../engine.ts";
import {
  badKey,
  faultOfStatus,
  type KeyedName,
  quotaUsedUp,
  type Refusal,
  readRefusal,
  tooMany,
} from "../remote/answers.ts";
import { readSound, soundOf } from "../remote/read-sound.ts";
import {
  type RemoteEngineParts,
  type Sentence,
  ServiceFault,
  type ServiceLimits,
  type ServiceSound,
  type SpeechService,
} from "../remote/speech-service.ts";
import type { VoiceInfo } from "../speech-engine.ts";
import { alignmentSchema, wordsOf } from "./alignment.ts";
import { distinct, PREMADE, readVoicePage, type ServiceVoice } from "./voices.ts";

export const ELEVENLABS: KeyedName = {
  name: "ElevenLabs",
  setting: "TALKBOX_ELEVENLABS_URL",
  keySetting: "ELEVENLABS_API_KEY",
};

/** The voice that ELEVENLABS_VOICE_ID names. */
const CUSTOM = "Custom";
const SAMPLE_RATE = 24_000;
/** Paces that the service makes itself. */
const OWN_RATE = { least: 0.7, most: 1.2 } as const;
/** Requests at once on the smallest plan, until an answer tells how many there may be. */
const LEAST_AT_ONCE = 2;
/** Most pages of an account's voices that are read. */
const MOST_PAGES = 5;
/** The model that knows Kazakh, and the one that takes no language. */
const KAZAKH_MODEL = "eleven_v3";
const NO_LANGUAGE_CODE = "eleven_multilingual_v2";

const INFO: EngineInfo = {
  id: "elevenlabs",
  kind: "speech",
  description: "ElevenLabs over the network: natural voices, times of words; needs an account",
  embedded: false,
  license: "ElevenLabs' terms of service",
  languages:
    "ar bg cs da de el en es fi fil fr hi hr hu id it ja kk ko ms nl no pl pt ro ru sk sv ta tr uk vi zh".split(" "),
};

/** How the service is set up. */
export type ElevenLabsSettings = {
  readonly apiKey: string;
  /** Of the voice `Custom`; empty for the first premade one. */
  readonly voiceId: string;
  readonly model: string;
  /** Without a slash at the end. */
  readonly url: string;
};

const timedSchema = z.object({ audio_base64: z.string(), alignment: alignmentSchema.nullish() });

export class ElevenLabsService implements SpeechService {
  readonly info = INFO;
  readonly defaultVoice = CUSTOM;
  readonly honours = ["seed"] as const;
  readonly #settings: ElevenLabsSettings;
  readonly #binaries: RemoteEngineParts["binaries"];
  readonly #client: ServiceClient;
  readonly #limits: ServiceLimits;
  readonly #now: () => number;
  #atOnce = LEAST_AT_ONCE;
  #voices: { readonly until: number; readonly list: Promise<readonly ServiceVoice[]> } | undefined;

  constructor(settings: ElevenLabsSettings, { binaries, limits }: RemoteEngineParts, now: () => number = Date.now) {
    this.#settings = settings;
    this.#limits = { ...SPEECH_SERVICE, ...limits };
    this.#client = new ServiceClient(this.#limits);
    this.#binaries = binaries;
    this.#now = now;
  }

  get atOnce(): number {
    return this.#atOnce;
  }

  availability(): Availability {
    if (this.#settings.apiKey !== "") return { available: true };
    return {
      available: false,
      reason: "ELEVENLABS_API_KEY is not set.",
      remedy:
        "Set it to a key of an ElevenLabs account, and ELEVENLABS_VOICE_ID to the voice that `Custom` stands for.",
    };
  }

  /** The premade voices, and the account's own where the service tells them. */
  async voices(): Promise<readonly VoiceInfo[]> {
    return (await this.#allVoices()).map(({ name, description, gender }) => ({ name, description, gender }));
  }

  ownRate(rate: number): number {
    return Math.min(OWN_RATE.most, Math.max(OWN_RATE.least, rate));
  }

  async speak(sentence: Sentence, signal: AbortSignal): Promise<ServiceSound> {
    const { url, model: chosen } = this.#settings;
    const voice = (await this.#allVoices()).find(({ name }) => name === sentence.voice);
    const model = sentence.language === "kk" ? KAZAKH_MODEL : chosen;
    const form = sentence.words ? "with-timestamps" : "stream";
    const path = `/v1/text-to-speech/${encodeURIComponent(voice?.id ?? "")}/${form}?output_format=pcm_${SAMPLE_RATE}`;
    const answer = await this.#client.request(url + path, this.#post(sentence, model), signal);
    this.#learnLimit(answer);
    if (answer.status !== 200) throw faultOf(answer, await readRefusal(answer, [this.#settings.apiKey]), sentence);
    const expected = {
      name: ELEVENLABS.name,
      form: "pcm",
      pcmRate: SAMPLE_RATE,
      decodedRate: SAMPLE_RATE,
      binaries: this.#binaries,
    } as const;
    if (!sentence.words) return readSound(answer, expected, signal);
    const { audio, alignment } = await readTimed(answer, signal);
    const words = alignment && wordsOf(alignment);
    return { ...(await soundOf(audio, "", expected, signal)), ...(words ? { words } : {}) };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#client[Symbol.asyncDispose]();
  }

  #post({ text, previous, next, language, rate, seed }: Sentence, model: string): ServiceRequest {
    const context =
      model === KAZAKH_MODEL ? {} : { previous_text: previous || undefined, next_text: next || undefined };
    const body = JSON.stringify({
      text,
      model_id: model,
      ...(model === NO_LANGUAGE_CODE ? {} : { language_code: language }),
      ...context,
      ...(rate === 1 ? {} : { voice_settings: { speed: rate } }),
      ...(seed === undefined ? {} : { seed }),
    });
    return {
      method: "POST",
      headers: { ...this.#headers(), "content-type": "application/json" },
      body: Buffer.from(body),
    };
  }

  #headers(): Record<string, string> {
    return { "xi-api-key": this.#settings.apiKey, accept: "*/*" };
  }

  /** Answers say how many requests the plan allows at once. */
  #learnLimit(answer: ServiceAnswer): void {
    const most = Number(answer.header("maximum-concurrent-requests"));
    if (Number.isInteger(most) && most > 0) this.#atOnce = Math.min(most, 4 * SPEECH_SERVICE.atOnce);
  }

  async #allVoices(): Promise<readonly ServiceVoice[]> {
    const { voiceId } = this.#settings;
    const premade = PREMADE[0] as ServiceVoice;
    const custom: ServiceVoice = {
      name: CUSTOM,
      id: voiceId || premade.id,
      description: voiceId === "" ? `The default voice, ${premade.name}` : "The voice that ELEVENLABS_VOICE_ID names",
      gender: voiceId === "" ? premade.gender : "neutral",
    };
    if (this.#settings.apiKey === "") return [custom, ...PREMADE];
    if (!this.#voices || this.#now() >= this.#voices.until) {
      const list = this.#accountVoices();
      this.#voices = { until: this.#now() + this.#limits.voicesKeptMs, list };
      // An account that does not tell its voices is asked again before long; the premade ones speak meanwhile.
      list.catch(() => {
        this.#voices = { until: this.#now() + this.#limits.restMs, list: Promise.resolve([]) };
      });
    }
    const own = await this.#voices.list.catch((): ServiceVoice[] => []);
    return distinct([custom, ...PREMADE, ...own]);
  }

  async #accountVoices(): Promise<ServiceVoice[]> {
    const signal = AbortSignal.timeout(this.#limits.voicesMs);
    const all: ServiceVoice[] = [];
    let token: string | undefined;
    for (let page = 0; page < MOST_PAGES; page++) {
      const query = `page_size=100${token === undefined ? "" : `&next_page_token=${encodeURIComponent(token)}`}`;
      const request = { method: "GET", headers: this.#headers() } as const;
      const answer = await this.#client.request(`${this.#settings.url}/v2/voices?${query}`, request, signal);
      const body = await readAll(answer.body);
      if (answer.status !== 200) throw new ServiceFault("engine_failed", `ElevenLabs answered ${answer.status}.`);
      const { voices, next } = readVoicePage(JSON.parse(body.toString("utf8")));
      all.push(...voices);
      if (next === undefined) break;
      token = next;
    }
    return all;
  }
}

/** Sound with times, which come as one JSON. */
async function readTimed(answer: ServiceAnswer, signal: AbortSignal) {
  const bytes = await readAll(answer.body);
  let timed: z.infer<typeof timedSchema>;
  try {
    timed = timedSchema.parse(JSON.parse(bytes.toString("utf8")));
  } catch (cause) {
    throw new ServiceFault("engine_failed", "ElevenLabs answered something else than sound with times.", { cause });
  }
  if (timed.audio_base64 === "") {
    throw new ServiceFault("engine_failed", "ElevenLabs answered no sound.", { again: true });
  }
  const options = { maxBytes: SPEECH_SERVICE.maxBytes, code: "invalid_audio", signal } as const;
  const audio = Buffer.from(await decodeBase64(timed.audio_base64, options));
  return { audio, alignment: timed.alignment };
}

/** The service's own codes, which say more than its statuses. */
function faultOf(answer: ServiceAnswer, refusal: Refusal, { voice }: Sentence): ServiceFault {
  const detail = (refusal.json as { detail?: { status?: unknown; code?: unknown } } | null | undefined)?.detail;
  const { name } = ELEVENLABS;
  const said = refusal.words === "" ? "" : ` It says: ${refusal.words}`;
  switch (detail?.status ?? detail?.code) {
    case "quota_exceeded":
      return quotaUsedUp(name, said);
    case "invalid_api_key":
    case "missing_permissions":
      return badKey(ELEVENLABS, said);
    case "too_many_concurrent_requests":
    case "system_busy":
      return tooMany(answer, name, said);
    case "voice_not_found":
      return new ServiceFault("invalid_input", `ElevenLabs does not know the voice "${voice}" any more.${said}`);
    case "max_character_limit_exceeded":
      return new ServiceFault("input_too_large", `A sentence is too long for ElevenLabs.${said}`);
    default:
      return faultOfStatus(answer, refusal, ELEVENLABS);
  }
}
