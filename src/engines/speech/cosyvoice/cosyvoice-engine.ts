import { RemoteSpeechEngine } from "../remote/remote-engine.ts";
import type { RemoteEngineParts } from "../remote/speech-service.ts";
import { COSYVOICE, CosyVoiceService, type CosyVoiceSettings } from "./cosyvoice-service.ts";

/** Makes the engine `cosyvoice`. Nothing is asked before it is used. */
export function createCosyVoiceEngine(settings: CosyVoiceSettings, parts: RemoteEngineParts): RemoteSpeechEngine {
  return new RemoteSpeechEngine(new CosyVoiceService(settings, parts), COSYVOICE, parts);
}
