import type { OpenAI } from "openai";
import { AppError } from "../../../errors.ts";
import type { Availability, EngineInfo } from "../../engine.ts";
import type { ChatEngine, ChatHealth, ChatMessage, ChatOptions, Token } from "../chat-engine.ts";
import { type HostSettings, type OpenAiErrors, type OwnAbort, toChatError } from "./failure.ts";
import { VisibleText } from "./visible-text.ts";

/** How long a host may be silent, in milliseconds. */
export type ChatTimeouts = {
  /** Until the first token. */
  readonly firstMs: number;
  /** Between two tokens. */
  readonly nextMs: number;
  /** For all of a reply. */
  readonly wholeMs: number;
  /** For a look whether it answers. */
  readonly healthMs: number;
};

export type OpenAiChatOptions = {
  readonly id: string;
  /** What people call the host: `LLM API`, `OpenAI`. */
  readonly name: string;
  readonly description: string;
  /** The API's base or the full URL of its chat completions; empty where there is none. */
  readonly url: string;
  /** Empty where the host wants none. */
  readonly key: string;
  /** Empty: the first that the host lists. */
  readonly model: string;
  /** Whether it is set up; if not, why and what to do. */
  readonly availability: Availability;
  readonly settings: HostSettings;
  readonly timeouts: ChatTimeouts;
  /** Times that a request which failed before its first token is sent again. */
  readonly retries: number;
};

/** Any host that speaks OpenAI's chat completions: OpenAI, vLLM, llama.cpp, Ollama and others. */
export class OpenAiChatEngine implements ChatEngine {
  readonly info: EngineInfo;
  readonly model: string;
  readonly source: string;
  readonly #options: OpenAiChatOptions;
  #client: OpenAI | undefined;
  #errors: OpenAiErrors | undefined;

  constructor(options: OpenAiChatOptions) {
    this.#options = options;
    this.model = options.model;
    this.source = `${options.name} (${options.model})`;
    this.info = {
      id: options.id,
      kind: "chat",
      description: options.description,
      embedded: false,
      license: "the host's and the model's own",
      languages: ["*"],
    };
  }

  async availability(): Promise<Availability> {
    return this.#options.availability;
  }

  async health(signal: AbortSignal): Promise<ChatHealth> {
    const { availability, timeouts } = this.#options;
    if (!availability.available) return { online: false, reason: availability.reason };
    const timer = new Deadline(signal);
    timer.allow(timeouts.healthMs);
    try {
      const client = await this.#open();
      await client.models.list({ signal: timer.signal, maxRetries: 0 });
      return { online: true };
    } catch (error) {
      // Hosts that route nothing but chat completions answer 404 here, and are there all the same.
      if (this.#errors && error instanceof this.#errors.NotFoundError) return { online: true };
      return { online: false, reason: this.#error(error, timer.reason).message };
    } finally {
      timer.stop();
    }
  }

  async *reply(
    messages: readonly ChatMessage[],
    { maxTokens, temperature }: ChatOptions,
    signal: AbortSignal,
  ): AsyncGenerator<Token, void> {
    const { availability, timeouts, retries } = this.#options;
    if (!availability.available)
      throw new AppError("engine_unavailable", `${availability.reason} ${availability.remedy}`);
    const timer = new Deadline(signal, timeouts.wholeMs);
    const visible = new VisibleText();
    let shown = false;
    try {
      timer.allow(timeouts.firstMs);
      const client = await this.#open();
      const stream = await client.chat.completions.create(
        {
          model: this.model,
          messages: withoutThinking(messages, this.model).map(({ role, content }) => ({ role, content })),
          max_tokens: maxTokens,
          temperature,
          stream: true,
        },
        { signal: timer.signal, maxRetries: retries },
      );
      let finished = false;
      for await (const { choices } of stream) {
        const [choice] = choices;
        finished ||= typeof choice?.finish_reason === "string";
        const piece = visible.push(choice?.delta.content ?? "");
        // What a model thinks is a sign of life too; the first event, which only says who speaks, is none.
        if (saysSomething(choice?.delta)) timer.allow(timeouts.nextMs);
        if (piece === "") continue;
        shown = true;
        yield piece;
      }
      // The client ends its stream without a word when it is aborted.
      if (timer.reason !== undefined) throw new Error("aborted");
      const rest = visible.end();
      if (rest !== "") yield rest;
      if (!finished) throw new AppError("engine_failed", `The answer of ${this.#options.name} broke off. Try again.`);
      if (!shown && rest === "") {
        throw new AppError("engine_failed", `${this.#options.name} gave an empty answer. Try again.`);
      }
    } catch (error) {
      throw this.#error(error, timer.reason);
    } finally {
      timer.stop();
    }
  }

  #error(error: unknown, aborted: OwnAbort | undefined): AppError {
    const { name, settings } = this.#options;
    return toChatError(error, { name, model: this.model, settings, errors: this.#errors }, aborted);
  }

  /** The package is large: it is loaded when a host is asked, not when engines are listed. */
  async #open(): Promise<OpenAI> {
    const { url, key, timeouts } = this.#options;
    const sdk = await import("openai");
    this.#errors = sdk;
    this.#client ??= new sdk.OpenAI({
      ...baseOf(url),
      // The client wants one, and some hosts none.
      apiKey: key === "" ? "none" : key,
      // Else it would read the environment, and write to the console.
      organization: null,
      project: null,
      logLevel: "off",
      timeout: timeouts.wholeMs,
    });
    return this.#client;
  }
}

/**
 * The base that the client wants, from a base or from the full URL of the chat completions; a host alone gets `/v1`. A
 * query, as some hosts have for their version, goes with every request.
 */
export function baseOf(url: string): { baseURL: string; defaultQuery?: Record<string, string> } {
  const { origin, pathname, searchParams } = new URL(url);
  const path = pathname.replace(/\/+$/, "").replace(/\/chat\/completions$/, "");
  const query = Object.fromEntries(searchParams);
  return {
    baseURL: origin + (path === "" ? "/v1" : path),
    ...(Object.keys(query).length > 0 ? { defaultQuery: query } : {}),
  };
}

/** Whether a piece of a reply has text, said or thought. */
function saysSomething(delta: object | undefined): boolean {
  const { content, reasoning_content: thought, reasoning } = (delta ?? {}) as Record<string, unknown>;
  return [content, thought, reasoning].some((text) => typeof text === "string" && text !== "");
}

/** Qwen 3 thinks before it speaks unless it is told not to, and would spend the tokens of a short reply on that. */
function withoutThinking(messages: readonly ChatMessage[], model: string): readonly ChatMessage[] {
  if (!/qwen-?3/i.test(model)) return messages;
  return messages.map((message) =>
    message.role === "system" ? { ...message, content: `${message.content}\n/no_think` } : message,
  );
}

/** Aborts when the caller does, or when a time is over that is set anew with each sign of life. */
class Deadline {
  readonly #abort = new AbortController();
  readonly #caller: AbortSignal;
  readonly #onAbort = (): void => this.#end("cancelled");
  readonly #whole: NodeJS.Timeout | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Why it was aborted. */
  reason: OwnAbort | undefined;

  constructor(caller: AbortSignal, wholeMs?: number) {
    this.#caller = caller;
    if (wholeMs !== undefined) this.#whole = setTimeout(() => this.#end("timeout"), wholeMs);
    if (caller.aborted) this.#onAbort();
    else caller.addEventListener("abort", this.#onAbort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  allow(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#end("timeout"), ms);
  }

  stop(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#whole);
    this.#caller.removeEventListener("abort", this.#onAbort);
    // Ends what is still open of a stream that was left.
    this.#abort.abort();
  }

  #end(reason: OwnAbort): void {
    this.reason ??= reason;
    this.#abort.abort();
  }
}
