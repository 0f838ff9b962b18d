import { z } from "zod";

/** Settings of the speech services on other hosts. Part of the table in `variables.ts`. */

const httpUrl = z.url({ protocol: /^https?$/ }).transform((url) => url.replace(/\/+$/, ""));
const hertz = z.coerce.number().int().min(8_000).max(48_000);

/** Names with commas between. */
const names = z.string().transform((text) =>
  text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== ""),
);

const jsonObject = z.string().transform((text, context): Readonly<Record<string, unknown>> => {
  try {
    const value = JSON.parse(text) as unknown;
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Said below.
  }
  context.addIssue({ code: "custom", message: 'must be a JSON object, such as {"text":"{text}"}' });
  return z.NEVER;
});

/** A header's value that could end it would begin another. */
const headers = jsonObject.pipe(z.record(z.string().regex(/^[\w-]+$/), z.string().regex(/^[\x20-\x7e]*$/)));

export const SPEECH_VARIABLES = {
  ELEVENLABS_API_KEY: {
    schema: z.string().min(1),
    fallback: "",
    about: "Key of an ElevenLabs account; with it the speech engine `elevenlabs` is there, and is preferred to espeak.",
    secret: true,
  },
  ELEVENLABS_VOICE_ID: {
    schema: z.string().regex(/^[A-Za-z0-9]+$/),
    fallback: "",
    about: "Id of the ElevenLabs voice that `Custom` stands for. Empty: Rachel.",
  },
  TALKBOX_ELEVENLABS_MODEL: {
    schema: z.string().min(1),
    fallback: "eleven_multilingual_v2",
    about: "ElevenLabs' model; `eleven_flash_v2_5` answers sooner and costs half. Kazakh is always `eleven_v3`.",
  },
  TALKBOX_ELEVENLABS_URL: {
    schema: httpUrl,
    fallback: "https://api.elevenlabs.io",
    about: "ElevenLabs' host: another one for data that must stay in a region.",
  },
  COSYVOICE_API_URL: {
    schema: httpUrl,
    fallback: "",
    about:
      "A CosyVoice server; with it the speech engine `cosyvoice` is there, and is preferred to all others. Without a path (`http://127.0.0.1:50000`) it is the project's own FastAPI server, with one (`http://host:5000/api/tts`) it is called as it is.",
  },
  TALKBOX_COSYVOICE_SEND: {
    schema: z.enum(["form", "json"]),
    fallback: "form",
    about: "How CosyVoice is sent its fields.",
  },
  TALKBOX_COSYVOICE_FIELDS: {
    schema: jsonObject,
    fallback: null,
    about:
      'CosyVoice\'s fields as a JSON object with {text}, {voice}, {language}, {rate}, {seed} or {prompt_text} in them, for servers that call them otherwise. Empty: the project\'s own, {"tts_text":"{text}","spk_id":"{voice}"}.',
  },
  TALKBOX_COSYVOICE_SAMPLE_RATE: {
    schema: hertz,
    fallback: 24_000,
    about: "Hz of CosyVoice's sound, which does not say it: 24000 for versions 2 and 3, 22050 for 300M.",
  },
  TALKBOX_COSYVOICE_VOICES: {
    schema: names,
    fallback: [],
    about: "Speakers of the CosyVoice server, with commas between; `Custom` is the first. Empty: those of 300M-SFT.",
  },
  TALKBOX_COSYVOICE_PROMPT_WAV: {
    schema: z.string().min(1),
    fallback: "",
    about:
      "A recording of up to 30 s that CosyVoice is to speak like, in place of a speaker. Versions 2 and 3 need one.",
  },
  TALKBOX_COSYVOICE_PROMPT_TEXT: {
    schema: z.string().min(1),
    fallback: "",
    about:
      "What is said in that recording; version 3 wants an instruction and `<|endofprompt|>` before it. Empty: CosyVoice takes the voice alone.",
  },
  OPENAI_API_KEY: {
    schema: z.string().min(1),
    fallback: "",
    about:
      "Key of an OpenAI account, for chat where there is no other model, and for the speech engine `openai-speech`, which speaks when it is asked for by name.",
    secret: true,
  },
  TALKBOX_OPENAI_TTS_URL: {
    schema: httpUrl,
    fallback: "",
    about:
      "A server with OpenAI's `/audio/speech` (`http://127.0.0.1:8880/v1`), which is then preferred to espeak. Empty: OpenAI.",
  },
  TALKBOX_OPENAI_TTS_KEY: {
    schema: z.string().min(1),
    fallback: "",
    about: "Key for that server, which is not sent OPENAI_API_KEY.",
    secret: true,
  },
  TALKBOX_OPENAI_TTS_MODEL: {
    schema: z.string().min(1),
    fallback: "gpt-4o-mini-tts",
    about: "Model of the engine `openai-speech`.",
  },
  TALKBOX_OPENAI_TTS_VOICES: {
    schema: names,
    fallback: [],
    about: "Voices of that server, with commas between, the default first. Empty: OpenAI's.",
  },
  TALKBOX_OPENAI_TTS_FIELDS: {
    schema: jsonObject,
    fallback: null,
    about:
      'Fields beyond OpenAI\'s that the server takes, as a JSON object: {"seed":"{seed}","temperature":"{temperature}","lang_code":"{language}"}.',
  },
  TALKBOX_OPENAI_TTS_SAMPLE_RATE: { schema: hertz, fallback: 24_000, about: "Hz of its raw samples." },
  TALKBOX_HTTP_TTS_URL: {
    schema: z.string().regex(/^https?:\/\/\S+$/),
    fallback: "",
    about:
      "Any speech service, for the engine `http`, which is then preferred to espeak. May hold {text}, {voice}, {language}, {rate}.",
  },
  TALKBOX_HTTP_TTS_METHOD: { schema: z.enum(["POST", "GET"]), fallback: "POST", about: "How it is called." },
  TALKBOX_HTTP_TTS_SEND: {
    schema: z.enum(["json", "form"]),
    fallback: "json",
    about: "How it is sent its fields with POST.",
  },
  TALKBOX_HTTP_TTS_FIELDS: {
    schema: jsonObject,
    fallback: { text: "{text}", language: "{language}" },
    about:
      'Its fields as a JSON object, with {text}, {voice}, {language}, {rate}, {seed}, {temperature}, {top_p}, {top_k} or {max_new_tokens} in them. Empty: {"text":"{text}","language":"{language}"}.',
  },
  TALKBOX_HTTP_TTS_HEADERS: {
    schema: headers,
    fallback: {},
    about: 'Headers that it is sent, as a JSON object: {"authorization":"Bearer …"}.',
    secret: true,
  },
  TALKBOX_HTTP_TTS_FORMAT: {
    schema: z.enum(["auto", "wav", "mp3", "pcm"]),
    fallback: "auto",
    about: "Form of its sound. `auto` knows WAV, MP3, Ogg and FLAC by themselves; raw 16-bit samples are `pcm`.",
  },
  TALKBOX_HTTP_TTS_SAMPLE_RATE: { schema: hertz, fallback: 24_000, about: "Hz of its raw samples." },
  TALKBOX_HTTP_TTS_VOICES: {
    schema: names,
    fallback: [],
    about: "Its voices, with commas between; `Custom` is the first.",
  },
  TALKBOX_HTTP_TTS_ANSWER: {
    schema: z.string().regex(/^[\w-]+(\.[\w-]+)*$/),
    fallback: "",
    about:
      "The field of its JSON answer that holds the sound as base64 (`audio.data`). Empty: the answer is the sound.",
  },
} as const;

/** Their values, an unset one being its fallback. */
export type SpeechVariables = { readonly [Name in keyof Table]: z.output<Table[Name]["schema"]> | Unset<Table[Name]> };

type Table = typeof SPEECH_VARIABLES;
type Unset<V extends { readonly fallback: unknown }> = null extends V["fallback"] ? null : never;
