import { speechEngineSuite } from "../../conformance/speech-engine.suite.ts";
import { remoteEngine } from "./engines.ts";
import { cosyVoice, elevenLabs, KEY, openAi } from "./services.ts";

const SAMPLE = { text: "Hello there, dear friend. How are you today?", language: "en" };

const eleven = await elevenLabs();
speechEngineSuite(
  "elevenlabs",
  remoteEngine("elevenlabs", { ELEVENLABS_API_KEY: KEY, TALKBOX_ELEVENLABS_URL: eleven.url }),
  { ...SAMPLE, voice: "Rachel" },
);

const cosy = await cosyVoice();
speechEngineSuite("cosyvoice", remoteEngine("cosyvoice", { COSYVOICE_API_URL: cosy.url }), {
  ...SAMPLE,
  voice: "英文女",
});

const open = await openAi();
speechEngineSuite(
  "openai-speech",
  remoteEngine("openai-speech", {
    TALKBOX_OPENAI_TTS_URL: `${open.url}/v1`,
    TALKBOX_OPENAI_TTS_KEY: KEY,
    TALKBOX_OPENAI_TTS_VOICES: "alloy,nova",
  }),
  { ...SAMPLE, voice: "nova" },
);

const other = await cosyVoice(22_050);
speechEngineSuite(
  "http",
  remoteEngine("http", {
    TALKBOX_HTTP_TTS_URL: `${other.url}/inference_sft`,
    TALKBOX_HTTP_TTS_SEND: "form",
    TALKBOX_HTTP_TTS_FIELDS: '{"tts_text":"{text}","spk_id":"{voice}"}',
    TALKBOX_HTTP_TTS_VOICES: "英文男",
    TALKBOX_HTTP_TTS_FORMAT: "pcm",
    TALKBOX_HTTP_TTS_SAMPLE_RATE: "22050",
  }),
  { ...SAMPLE, voice: "英文男" },
);
