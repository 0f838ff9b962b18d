import { randomUUID } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import { CHAT_HISTORY, CHAT_SESSIONS } from "../../limits/speech.ts";

/** A message as clients keep them. */
export type SessionMessage = { readonly role: "user" | "assistant"; readonly content: string };

/** Whom an interview is with, as far as its client has said. */
export type SessionInterview = {
  readonly org_type?: string | undefined;
  readonly company_name?: string | undefined;
  readonly job_name?: string | undefined;
};

/** A conversation that the server remembers for a client without a history of its own. */
export type Session = {
  readonly id: string;
  messages: readonly SessionMessage[];
  interview: SessionInterview;
  usedAt: number;
};

const COOKIE = "talkbox_chat";

/** Most characters of one conversation that are kept. */
const MOST_CHARACTERS = 200_000;

/**
 * The legacy mode of the interview document: conversations by a cookie that the server sets. An id that it did not set
 * begins a new one, so that no client gets into another's.
 */
export class ChatSessions {
  /** In the order of their last use. */
  readonly #sessions = new Map<string, Session>();
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** The caller's conversation, or a new one, whose cookie goes with the reply. */
  open(request: FastifyRequest, reply: FastifyReply): Session {
    this.#forgetOld();
    const known = this.#sessions.get(request.cookies[COOKIE] ?? "");
    const session: Session = known ?? { id: randomUUID(), messages: [], interview: {}, usedAt: 0 };
    this.#use(session);
    const secure = request.protocol === "https";
    const maxAge = CHAT_SESSIONS.idleMs / 1000;
    void reply.setCookie(COOKIE, session.id, { path: "/api", httpOnly: true, sameSite: "lax", secure, maxAge });
    return session;
  }

  /** Notes a turn at the end of a conversation. */
  add(session: Session, message: string, response: string, interview: SessionInterview): void {
    const turn = [
      { role: "user", content: message },
      { role: "assistant", content: response },
    ] as const;
    const messages = [...session.messages, ...turn].slice(-CHAT_HISTORY.used);
    let characters = messages.reduce((sum, { content }) => sum + content.length, 0);
    while (characters > MOST_CHARACTERS && messages.length > turn.length)
      characters -= messages.shift()?.content.length ?? 0;
    session.messages = messages;
    session.interview = interview;
    this.#use(session);
  }

  /** Forgets the caller's conversation, if there is one. */
  clear(request: FastifyRequest): void {
    const session = this.#sessions.get(request.cookies[COOKIE] ?? "");
    if (!session) return;
    session.messages = [];
    session.interview = {};
  }

  #use(session: Session): void {
    session.usedAt = this.#now();
    this.#sessions.delete(session.id);
    this.#sessions.set(session.id, session);
    for (const id of this.#sessions.keys()) {
      if (this.#sessions.size <= CHAT_SESSIONS.most) break;
      this.#sessions.delete(id);
    }
  }

  #forgetOld(): void {
    const oldest = this.#now() - CHAT_SESSIONS.idleMs;
    for (const [id, { usedAt }] of this.#sessions) {
      if (usedAt >= oldest) break;
      this.#sessions.delete(id);
    }
  }
}
