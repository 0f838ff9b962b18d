import type { Engine } from "../engine.ts";

/** One message of a conversation. */
export type ChatMessage = { readonly role: "system" | "user" | "assistant"; readonly content: string };

/** Who interviews whom, as far as the caller says it. */
export type Interview = {
  /** `일반기업` or `병원`. */
  readonly orgType: string;
  readonly company: string | null;
  readonly job: string | null;
};

/** How to reply. */
export type ChatOptions = {
  /** Longest reply of a language model, in its tokens. */
  readonly maxTokens: number;
  /** Randomness of a language model, 0…2. */
  readonly temperature: number;
  /** For engines that interview by themselves; a language model reads it in the system message. */
  readonly interview: Interview;
};

/** A piece of a reply; the pieces joined are the reply. Never empty. */
export type Token = string;

/** Whether the model behind an engine answers now. */
export type ChatHealth = { readonly online: true } | { readonly online: false; readonly reason: string };

/** Messages in, a reply out, piece by piece. */
export interface ChatEngine extends Engine {
  /** The model that replies; `question-set` for the embedded one. */
  readonly model: string;
  /** What answers name it by: `LLM API (model)`, `OpenAI (model)`, `Embedded (question-set)`. */
  readonly source: string;
  /** Looks whether the model answers; costs one short request, where there is anything to ask. */
  health(signal: AbortSignal): Promise<ChatHealth>;
  /**
   * Replies to the last message, which is the user's. Yields at least one token.
   * @throws AppError `engine_unavailable`, `queue_full` (the model's host takes no more requests), `timeout`,
   *   `engine_failed`, `cancelled`
   */
  reply(messages: readonly ChatMessage[], options: ChatOptions, signal: AbortSignal): AsyncIterable<Token>;
}
