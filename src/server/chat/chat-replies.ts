import type { FastifyReply, FastifyRequest } from "fastify";
import type { JobResult } from "../../../handler/index.ts";
import type { JobEvent } from "../../events.ts";
import type { ChatFields } from "./chat-fields.ts";
import type { ChatSessions, Session } from "./sessions.ts";

/** The conversation of a request without a history of its own. */
export function sessionOf(
  fields: Pick<ChatFields, "history">,
  sessions: ChatSessions,
  request: FastifyRequest,
  reply: FastifyReply,
): Session | undefined {
  return fields.history === undefined ? sessions.open(request, reply) : undefined;
}

/** A job's tokens as the document has them. */
export function tokenEvent(event: JobEvent): object | undefined {
  return event.type === "token" ? { type: "token", content: event.content } : undefined;
}

/** What answers say of a reply. */
export function answerOf(result: JobResult): { readonly response: string } & Record<string, unknown> {
  return {
    response: String(result["response"]),
    llm_source: result["llm_source"],
    llm_params: result["llm_params"],
    ...(result.warnings ? { warnings: result.warnings } : {}),
  };
}
