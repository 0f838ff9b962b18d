import { z } from "zod";
import { ORG_TYPES } from "../../engines/chat/question-set/question-schema.ts";
import { AppError } from "../../errors.ts";
import { MAX_INTERVIEW_NAME, MAX_TEXT_CODE_POINTS } from "../../limits/inputs.ts";
import { CHAT_HISTORY } from "../../limits/speech.ts";
import { avatarFields, defined } from "../avatar/lipsync-fields.ts";
import { MESSAGES } from "../messages.ts";
import type { Session, SessionInterview } from "./sessions.ts";

/** A message of a client's history; what else it keeps with it is not looked at. */
const historyMessage = z.object({
  role: z.enum(["user", "assistant", "system"]),
  content: z.string().max(2 * MAX_TEXT_CODE_POINTS),
});

/** The fields of document 001's chat routes, and ours: `llm_engine`, `max_tokens`, `temperature`, `sid`. */
export const chatFields = {
  message: z.string(),
  history: z
    .array(historyMessage)
    .max(CHAT_HISTORY.most)
    .optional()
    .describe("What was said before, oldest first: the last 100 messages are used. Absent: what the server remembers."),
  org_type: z.enum(ORG_TYPES).optional(),
  company_name: z.string().max(MAX_INTERVIEW_NAME).optional(),
  job_name: z.string().max(MAX_INTERVIEW_NAME).optional(),
  llm_engine: z.string().max(200).optional(),
  max_tokens: z.int().min(1).max(4096).optional(),
  temperature: z.number().min(0).max(2).optional(),
  sid: z.string().max(200).optional().describe("A name of the caller's own, by which `/api/cancel` finds the job."),
};

export const chatOnlyFields = z.object(chatFields);
export const chatAndLipsyncFields = z.object({ ...chatFields, ...avatarFields });

export type ChatFields = z.output<z.ZodObject<typeof chatFields>>;

/** What is said of fields that are missing. */
export const CHAT_MISSING = { message: MESSAGES.chat.messageNeeded } as const;

/**
 * The params of the operation `chat` that fields stand for. Without a history of the client's, the session's is taken, and
 * what the client said of the interview before.
 * @throws AppError `invalid_input` for a message of blanks alone, `input_too_large`
 */
export function chatParams(fields: ChatFields, session: Session | undefined): Record<string, unknown> {
  const { sid: _sid, message, history, ...others } = fields;
  const fault = (code: "invalid_input" | "input_too_large", text: string): AppError =>
    new AppError(code, text, { violations: [{ path: "message", message: text }] });
  if (message.trim() === "") throw fault("invalid_input", MESSAGES.chat.messageNeeded);
  if (message.length > MAX_TEXT_CODE_POINTS && Array.from(message).length > MAX_TEXT_CODE_POINTS) {
    throw fault("input_too_large", MESSAGES.avatar.textTooLong(MAX_TEXT_CODE_POINTS));
  }
  const spoken = (history ?? []).filter(({ role }) => role !== "system");
  return defined({
    ...(session ? interviewOf(fields, session) : {}),
    ...defined(others),
    message,
    history: session ? session.messages : spoken.slice(-CHAT_HISTORY.used),
  });
}

/** Whom the interview is with: what the request says, else what an earlier one said. */
export function interviewOf(fields: ChatFields, session: Session): SessionInterview {
  const { org_type, company_name, job_name } = fields;
  return { ...session.interview, ...defined({ org_type, company_name, job_name }) };
}
