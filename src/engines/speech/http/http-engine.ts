import { RemoteSpeechEngine } from "../remote/remote-engine.ts";
import type { RemoteEngineParts } from "../remote/speech-service.ts";
import { HTTP_SPEECH, HttpSpeechService, type HttpSpeechSettings } from "./http-service.ts";

/** Makes the engine `http`. Nothing is asked before it is used. */
export function createHttpSpeechEngine(settings: HttpSpeechSettings, parts: RemoteEngineParts): RemoteSpeechEngine {
  return new RemoteSpeechEngine(new HttpSpeechService(settings, parts), HTTP_SPEECH, parts);
}
