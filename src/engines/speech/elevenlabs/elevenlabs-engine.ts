import { RemoteSpeechEngine } from "../remote/remote-engine.ts";
import type { RemoteEngineParts } from "../remote/speech-service.ts";
import { ELEVENLABS, ElevenLabsService, type ElevenLabsSettings } from "./elevenlabs-service.ts";

/** Makes the engine `elevenlabs`. Nothing is asked before it is used. */
export function createElevenLabsEngine(settings: ElevenLabsSettings, parts: RemoteEngineParts): RemoteSpeechEngine {
  return new RemoteSpeechEngine(new ElevenLabsService(settings, parts), ELEVENLABS, parts);
}
