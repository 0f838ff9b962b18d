/** The four kinds of services, as their own servers answer. */

import type { ServerResponse } from "node:http";
import { encodeWav } from "../../../src/media/wav.ts";
import { json, pcmOf, type Received, samplesOf, sendPieces, type TestService, testService } from "./service.ts";

export const KEY = "sk-very-secret-0123456789";

const VOICE_IDS = ["21m00Tcm4TlvDq8ikWAM", "EXAVITQu4vr4xnSDxMaL", "ErXwobaYiN019PkySvjV", "AZnzlk1XvdvUeBnXmlld"];
export const OWN_VOICE_ID = "ownVoice0000000000001";

/** ElevenLabs: `api.elevenlabs.io` as its API reference describes it. @param most requests that the plan allows at once */
export function elevenLabs({ most = 5 } = {}): Promise<TestService> {
  const limit = { "maximum-concurrent-requests": String(most) };
  const service = testService(
    async (request, response, fault) => {
      const [, id = "", form = ""] =
        /^\/v1\/text-to-speech\/([^/]+)\/(stream|with-timestamps)$/.exec(request.path) ?? [];
      if (request.method !== "POST" || form === "") return json(response, 404, { detail: "Not Found" });
      if (request.headers["xi-api-key"] !== KEY) {
        return json(response, 401, { detail: { status: "invalid_api_key", message: "Invalid API key" } });
      }
      if (![...VOICE_IDS, OWN_VOICE_ID].includes(id)) {
        const message = `A voice with voice_id ${id} was not found.`;
        return json(response, 400, { detail: { status: "voice_not_found", message } });
      }
      const body = JSON.parse(request.body.toString("utf8")) as ElevenLabsBody;
      const rate = Number(/^pcm_(\d+)$/.exec(request.query.get("output_format") ?? "")?.[1]);
      const samples = samplesOf(body.text, rate, body.voice_settings?.speed ?? 1);
      if (form === "stream") {
        response.writeHead(200, { "content-type": "audio/pcm", ...limit });
        return sendPieces(response, pcmOf(samples), fault);
      }
      const answer = timed(body.text, pcmOf(samples), samples.length / rate);
      if (fault === "empty") return json(response, 200, { ...answer, audio_base64: "" }, limit);
      if (fault === "hush") {
        return json(response, 200, { ...answer, audio_base64: Buffer.alloc(96_000).toString("base64") }, limit);
      }
      response.writeHead(200, { "content-type": "application/json", ...limit });
      return sendPieces(response, Buffer.from(JSON.stringify(answer)), fault);
    },
    (request, response) => {
      if (request.path !== "/v2/voices") return false;
      if (request.headers["xi-api-key"] !== KEY) json(response, 401, { detail: { status: "invalid_api_key" } });
      else if (request.query.get("next_page_token") === "two") {
        json(response, 200, { voices: [{ voice_id: OWN_VOICE_ID, name: "민지" }], has_more: false });
      } else {
        const voices = [{ voice_id: VOICE_IDS[0], name: "Rachel", labels: { gender: "female" } }];
        json(response, 200, { voices, has_more: true, next_page_token: "two" });
      }
      return true;
    },
  );
  return service;
}

type ElevenLabsBody = { text: string; voice_settings?: { speed?: number } };

function timed(text: string, audio: Buffer, seconds: number) {
  const characters = Array.from(text);
  const step = seconds / characters.length;
  return {
    audio_base64: audio.toString("base64"),
    alignment: {
      characters,
      character_start_times_seconds: characters.map((_, n) => n * step),
      character_end_times_seconds: characters.map((_, n) => (n + 1) * step),
    },
    normalized_alignment: null,
  };
}

export const SPEAKERS = ["中文女", "中文男", "日语男", "粤语女", "英文女", "英文男", "韩语女"];

/** CosyVoice's own FastAPI server: raw samples without a content type, 422 with a list, a bare 500 for its own errors. */
export function cosyVoice(sampleRate = 24_000): Promise<TestService> {
  return testService(async (request, response, fault) => {
    const fields = await formOf(request);
    const wanted: Readonly<Record<string, readonly string[]>> = {
      "/inference_sft": ["tts_text", "spk_id"],
      "/inference_zero_shot": ["tts_text", "prompt_text", "prompt_wav"],
      "/inference_cross_lingual": ["tts_text", "prompt_wav"],
    };
    const names = wanted[request.path];
    if (!names) return json(response, 404, { detail: "Not Found" });
    const missing = names.filter((name) => !fields.has(name));
    if (missing.length > 0) {
      const detail = missing.map((name) => ({ type: "missing", loc: ["body", name], msg: "Field required" }));
      return json(response, 422, { detail });
    }
    const speaker = fields.get("spk_id");
    if (speaker !== null && !SPEAKERS.includes(speaker as string)) return json(response, 500, "Internal Server Error");
    response.writeHead(200);
    return sendPieces(response, pcmOf(samplesOf(fields.get("tts_text") as string, sampleRate)), fault);
  });
}

/** The fields of a form, as any server reads them. */
export function formOf({ headers, body }: Received): Promise<FormData> {
  return new Response(new Uint8Array(body), { headers: { "content-type": headers["content-type"] ?? "" } }).formData();
}

/** OpenAI's speech. @param container answers WAV instead of the raw samples that were asked for, as some servers do */
export function openAi({ key = KEY, container = false } = {}): Promise<TestService> {
  return testService((request, response, fault) => {
    if (request.path !== "/v1/audio/speech") return json(response, 404, { error: { message: "Not found" } });
    if (key !== "" && request.headers.authorization !== `Bearer ${key}`) {
      const message = `Incorrect API key provided: ${String(request.headers.authorization)}.`;
      return json(response, 401, { error: { message, type: "invalid_request_error", code: "invalid_api_key" } });
    }
    const body = JSON.parse(request.body.toString("utf8")) as Record<string, unknown>;
    if (!["alloy", "nova", "onyx", "af_sky"].includes(String(body["voice"]))) {
      return json(response, 400, { error: { message: "Unknown voice", param: "voice", code: null } });
    }
    const samples = samplesOf(String(body["input"]), 24_000, Number(body["speed"] ?? 1));
    if (container) return wav(response, samples);
    response.writeHead(200, { "content-type": "audio/pcm" });
    return sendPieces(response, pcmOf(samples), fault);
  });
}

function wav(response: ServerResponse, samples: Float32Array): void {
  const bytes = Buffer.from(encodeWav({ sampleRate: 24_000, channels: [samples] }));
  // The sizes of a stream whose length nobody knew.
  bytes.writeUInt32LE(0xffff_ffff, 4);
  bytes.writeUInt32LE(0xffff_ffff, 40);
  response.writeHead(200, { "content-type": "audio/wav" }).end(bytes);
}
