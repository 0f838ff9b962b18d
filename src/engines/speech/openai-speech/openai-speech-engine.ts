import { RemoteSpeechEngine } from "../remote/remote-engine.ts";
import type { RemoteEngineParts } from "../remote/speech-service.ts";
import { OpenAiSpeechService, type OpenAiSpeechSettings } from "./openai-speech-service.ts";

const OPENAI_HOST = "api.openai.com";

/** Makes the engine `openai-speech`. Nothing is asked before it is used. */
export function createOpenAiSpeechEngine(settings: OpenAiSpeechSettings, parts: RemoteEngineParts): RemoteSpeechEngine {
  const isOpenAi = URL.parse(settings.url)?.hostname === OPENAI_HOST;
  const named = {
    name: isOpenAi ? "OpenAI" : "The OpenAI-compatible speech server",
    setting: "TALKBOX_OPENAI_TTS_URL",
    keySetting: isOpenAi ? "OPENAI_API_KEY" : "TALKBOX_OPENAI_TTS_KEY",
  };
  return new RemoteSpeechEngine(new OpenAiSpeechService(settings, named, parts), named, parts);
}
