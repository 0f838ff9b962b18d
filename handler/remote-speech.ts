import type { Config } from "../src/config.ts";
import type { EngineSource } from "../src/engines/catalog.ts";
import type { Log } from "../src/log.ts";
import type { Binaries } from "../src/media/binaries.ts";

/**
 * The speech engines on other hosts: those that `auto` prefers to the embedded one where they are set up, and those that
 * speak when they are asked for by name. A key for OpenAI alone, which chat has its use for too, is no order to have
 * everything spoken there.
 */
export function remoteSpeechSources(
  config: Config,
  log: Log,
  binaries: () => Promise<Binaries>,
): { readonly preferred: readonly EngineSource[]; readonly byName: readonly EngineSource[] } {
  const options = { log, binaries };
  const settings = () => import("../src/engines/speech/remote/settings.ts");
  const cosyvoice: EngineSource = {
    id: "cosyvoice",
    kind: "speech",
    load: async () => {
      const { createCosyVoiceEngine } = await import("../src/engines/speech/cosyvoice/cosyvoice-engine.ts");
      return createCosyVoiceEngine((await settings()).cosyVoiceSettings(config.speechServices()), options);
    },
  };
  const elevenlabs: EngineSource = {
    id: "elevenlabs",
    kind: "speech",
    load: async () => {
      const { createElevenLabsEngine } = await import("../src/engines/speech/elevenlabs/elevenlabs-engine.ts");
      return createElevenLabsEngine((await settings()).elevenLabsSettings(config.speechServices()), options);
    },
  };
  const http: EngineSource = {
    id: "http",
    kind: "speech",
    load: async () => {
      const { createHttpSpeechEngine } = await import("../src/engines/speech/http/http-engine.ts");
      return createHttpSpeechEngine((await settings()).httpSpeechSettings(config.speechServices()), options);
    },
  };
  const openai: EngineSource = {
    id: "openai-speech",
    kind: "speech",
    load: async () => {
      const { createOpenAiSpeechEngine } = await import("../src/engines/speech/openai-speech/openai-speech-engine.ts");
      return createOpenAiSpeechEngine((await settings()).openAiSpeechSettings(config.speechServices()), options);
    },
  };
  const v = config.speechServices();
  // Those that are not set up come last: so the first request for speech need not load them to find that out.
  const places: readonly (readonly [EngineSource, boolean])[] = [
    [cosyvoice, v.COSYVOICE_API_URL !== ""],
    [elevenlabs, v.ELEVENLABS_API_KEY !== ""],
    [openai, v.TALKBOX_OPENAI_TTS_URL !== ""],
    [http, v.TALKBOX_HTTP_TTS_URL !== ""],
  ];
  const where = (preferred: boolean): EngineSource[] =>
    places.filter(([, isPreferred]) => isPreferred === preferred).map(([source]) => source);
  return { preferred: where(true), byName: where(false) };
}
