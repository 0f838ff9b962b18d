import type { OpenAiChatOptions } from "../../src/engines/chat/openai/openai-engine.ts";

/** Options of an engine for a host on this machine, with time enough for a slow one. */
export function engineOptions(url: string, own: Partial<OpenAiChatOptions> = {}): OpenAiChatOptions {
  return {
    id: "llm-api",
    name: "LLM API",
    description: "A host of the tests.",
    url,
    key: "sk-secret-of-the-tests",
    model: "test-model",
    availability: { available: true },
    settings: { url: "LLM_API_URL", key: "LLM_API_KEY", model: "LLM_MODEL" },
    timeouts: { firstMs: 60_000, nextMs: 60_000, wholeMs: 120_000, healthMs: 60_000 },
    retries: 0,
    ...own,
  };
}
