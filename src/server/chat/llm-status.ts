import type { EngineCatalog } from "../../engines/catalog.ts";
import type { ChatEngine } from "../../engines/chat/chat-engine.ts";
import { CHAT_HEALTH_KEPT_MS } from "../../limits/speech.ts";

/** The state of the language model, as document 001 has it. */
export type LlmStatus = {
  readonly status: "online" | "offline";
  readonly model: string | null;
  /** Who replies where it does not. */
  readonly fallback: string | null;
  /** Why it is offline, where it is set up. */
  readonly reason?: string;
};

/** Looks after the language model, once for all who ask within a moment. */
export class LlmHealth {
  readonly #engines: EngineCatalog;
  #looked: { readonly at: number; readonly status: Promise<LlmStatus> } | undefined;

  constructor(engines: EngineCatalog) {
    this.#engines = engines;
  }

  status(): Promise<LlmStatus> {
    const now = performance.now();
    if (!this.#looked || now - this.#looked.at > CHAT_HEALTH_KEPT_MS) {
      const looking = { at: now, status: this.#look() };
      this.#looked = looking;
      looking.status.catch(() => {
        if (this.#looked === looking) this.#looked = undefined;
      });
    }
    return this.#looked.status;
  }

  async #look(): Promise<LlmStatus> {
    const engines = await this.#engines.available("chat");
    const model = engines.find(({ info }) => !info.embedded);
    const fallback = engines.find((engine) => engine !== model)?.source ?? null;
    if (!model) return { status: "offline", model: null, fallback };
    return { ...(await state(model)), fallback };
  }
}

async function state(engine: ChatEngine): Promise<Omit<LlmStatus, "fallback">> {
  const health = await engine.health(new AbortController().signal);
  if (health.online) return { status: "online", model: engine.model };
  return { status: "offline", model: engine.model, reason: health.reason };
}
