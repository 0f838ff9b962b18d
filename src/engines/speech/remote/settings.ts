/** From the environment's settings to those of each speech service on another host. */

import type { SpeechVariables } from "../../../speech-variables.ts";
import type { CosyVoiceSettings } from "../cosyvoice/cosyvoice-service.ts";
import type { ElevenLabsSettings } from "../elevenlabs/elevenlabs-service.ts";
import type { HttpSpeechSettings } from "../http/http-service.ts";
import type { OpenAiSpeechSettings } from "../openai-speech/openai-speech-service.ts";

const OPENAI_URL = "https://api.openai.com/v1";

export function elevenLabsSettings(v: SpeechVariables): ElevenLabsSettings {
  return {
    apiKey: v.ELEVENLABS_API_KEY,
    voiceId: v.ELEVENLABS_VOICE_ID,
    model: v.TALKBOX_ELEVENLABS_MODEL,
    url: v.TALKBOX_ELEVENLABS_URL,
  };
}

export function cosyVoiceSettings(v: SpeechVariables): CosyVoiceSettings {
  return {
    url: v.COSYVOICE_API_URL,
    send: v.TALKBOX_COSYVOICE_SEND,
    fields: v.TALKBOX_COSYVOICE_FIELDS,
    sampleRate: v.TALKBOX_COSYVOICE_SAMPLE_RATE,
    voices: v.TALKBOX_COSYVOICE_VOICES,
    promptWav: v.TALKBOX_COSYVOICE_PROMPT_WAV,
    promptText: v.TALKBOX_COSYVOICE_PROMPT_TEXT,
  };
}

/** A server of the operator's own is not sent the key for OpenAI. */
export function openAiSpeechSettings(v: SpeechVariables): OpenAiSpeechSettings {
  const own = v.TALKBOX_OPENAI_TTS_URL !== "";
  return {
    url: own ? v.TALKBOX_OPENAI_TTS_URL : OPENAI_URL,
    apiKey: own ? v.TALKBOX_OPENAI_TTS_KEY : v.OPENAI_API_KEY,
    isSet: own || v.OPENAI_API_KEY !== "",
    model: v.TALKBOX_OPENAI_TTS_MODEL,
    voices: v.TALKBOX_OPENAI_TTS_VOICES,
    fields: v.TALKBOX_OPENAI_TTS_FIELDS,
    sampleRate: v.TALKBOX_OPENAI_TTS_SAMPLE_RATE,
  };
}

export function httpSpeechSettings(v: SpeechVariables): HttpSpeechSettings {
  return {
    url: v.TALKBOX_HTTP_TTS_URL,
    method: v.TALKBOX_HTTP_TTS_METHOD,
    send: v.TALKBOX_HTTP_TTS_SEND,
    fields: v.TALKBOX_HTTP_TTS_FIELDS,
    headers: v.TALKBOX_HTTP_TTS_HEADERS,
    form: v.TALKBOX_HTTP_TTS_FORMAT,
    sampleRate: v.TALKBOX_HTTP_TTS_SAMPLE_RATE,
    voices: v.TALKBOX_HTTP_TTS_VOICES,
    answerField: v.TALKBOX_HTTP_TTS_ANSWER,
  };
}
