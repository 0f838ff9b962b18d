import type { ErrorCode } from "../../errors.ts";
import type { ErrorForm } from "../error-form.ts";

/** The codes that OpenAI's own clients may look at. */
const CODES: Partial<Readonly<Record<ErrorCode, string>>> = {
  unauthorized: "invalid_api_key",
  queue_full: "rate_limit_exceeded",
};

/** What operations call the fields of this API. */
const FIELDS: Readonly<Record<string, string>> = { "params.text": "input", "params.voice": "voice" };

/** `{ error: { message, type, param, code } }`, as OpenAI's clients read it. */
export const openAiErrorForm: ErrorForm = ({ message, code, status, violations }) => {
  const path = violations?.[0]?.path ?? null;
  const type =
    status === 401
      ? "authentication_error"
      : status === 429
        ? "rate_limit_error"
        : status >= 500
          ? "server_error"
          : "invalid_request_error";
  return { error: { message, type, param: path === null ? null : (FIELDS[path] ?? path), code: CODES[code] ?? code } };
};
