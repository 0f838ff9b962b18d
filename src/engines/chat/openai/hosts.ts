import type { LanguageModelVariables } from "../../../config.ts";
import { CHAT_TIMEOUTS } from "../../../limits/speech.ts";
import { OpenAiChatEngine } from "./openai-engine.ts";

/** The model that OpenAI is asked for, as the interview document has it. */
const OPENAI_MODEL = "gpt-4o-mini";

/** The deployment's own model, which is asked first: it has little time, since another can reply in its place. */
export function createLlmApiEngine({
  llmUrl,
  llmModel,
  llmKey,
  llmTimeoutMs,
}: LanguageModelVariables): OpenAiChatEngine {
  const missing = llmUrl === "" ? "No language model is set up." : "LLM_API_URL is set without a model.";
  return new OpenAiChatEngine({
    id: "llm-api",
    name: "LLM API",
    description: "The deployment's language model: any host that speaks OpenAI's chat completions, such as vLLM.",
    url: llmUrl,
    key: llmKey,
    model: llmModel,
    availability:
      llmUrl !== "" && llmModel !== ""
        ? { available: true }
        : { available: false, reason: missing, remedy: "Set LLM_API_URL and LLM_MODEL." },
    settings: { url: "LLM_API_URL", key: "LLM_API_KEY", model: "LLM_MODEL" },
    timeouts: {
      ...CHAT_TIMEOUTS,
      firstMs: llmTimeoutMs,
      nextMs: llmTimeoutMs,
      wholeMs: Math.max(CHAT_TIMEOUTS.wholeMs, llmTimeoutMs),
    },
    retries: 0,
  });
}

/** OpenAI, which replies where the deployment's own model does not. */
export function createOpenAiEngine({ openAiUrl, openAiKey }: LanguageModelVariables): OpenAiChatEngine {
  const set = openAiKey !== "";
  return new OpenAiChatEngine({
    id: "openai",
    name: "OpenAI",
    description: `OpenAI's ${OPENAI_MODEL}.`,
    url: openAiUrl,
    key: openAiKey,
    model: OPENAI_MODEL,
    availability: set
      ? { available: true }
      : { available: false, reason: "OpenAI has no key here.", remedy: "Set OPENAI_API_KEY." },
    settings: { url: "TALKBOX_OPENAI_CHAT_URL", key: "OPENAI_API_KEY", model: "the model's name" },
    timeouts: CHAT_TIMEOUTS,
    retries: 1,
  });
}
