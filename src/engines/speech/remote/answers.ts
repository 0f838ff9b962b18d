/** What a service's answer means when it is not sound. */

import type { ServiceAnswer } from "../../../net/service-client.ts";
import { readAll } from "../../../net/service-client.ts";
import type { ServiceName } from "./ask.ts";
import { ServiceFault } from "./speech-service.ts";

/** Most characters of a service's own words that an error repeats. */
const LONGEST_QUOTE = 200;
/** Most bytes of an error's body that are looked at. */
const MOST_BYTES = 64 * 1024;

/** The body of a refusal: as JSON where it is that, and as words for people. */
export type Refusal = { readonly json: unknown; readonly words: string };

/** Reads why a service refused; nothing of it is believed to be safe to show. */
export async function readRefusal(answer: ServiceAnswer, secrets: readonly string[]): Promise<Refusal> {
  const bytes = await readAll(answer.body).catch(() => Buffer.alloc(0));
  const text = bytes.subarray(0, MOST_BYTES).toString("utf8");
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // Words, then, or a page.
  }
  const said = json === undefined && /^\s*</.test(text) ? "" : (messageIn(json) ?? text);
  return { json, words: quote(said, secrets) };
}

/** A service's words fit to be shown: one line, not long, without the key that it was given. */
function quote(words: string, secrets: readonly string[]): string {
  let clean = words.replace(/[\p{Cc}\p{Cf}\s]+/gu, " ").trim();
  for (const secret of secrets) if (secret !== "") clean = clean.replaceAll(secret, "…");
  const characters = Array.from(clean);
  return characters.length > LONGEST_QUOTE ? `${characters.slice(0, LONGEST_QUOTE).join("")}…` : clean;
}

/** `detail`, `error` or `message` of the usual forms: a text, `{ message }`, or FastAPI's list of `{ loc, msg }`. */
function messageIn(json: unknown): string | undefined {
  if (typeof json === "string") return json;
  if (Array.isArray(json)) return json.map(messageIn).filter(Boolean).join("; ") || undefined;
  if (typeof json !== "object" || json === null) return undefined;
  const fields = json as Record<string, unknown>;
  if (typeof fields["msg"] === "string") {
    const loc = Array.isArray(fields["loc"]) ? `${fields["loc"].join(".")}: ` : "";
    return `${loc}${fields["msg"]}`;
  }
  for (const name of ["message", "detail", "error"]) {
    const found = messageIn(fields[name]);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What a service is called in errors, with the setting that holds its key. */
export type KeyedName = ServiceName & { readonly keySetting: string };

/** The meaning of a status where the service's body says nothing particular. */
export function faultOfStatus(
  answer: ServiceAnswer,
  { words }: Refusal,
  { name, setting, keySetting }: KeyedName,
): ServiceFault {
  const { status } = answer;
  const said = words === "" ? "" : ` It says: ${words}`;
  if (status === 401 || status === 403) return badKey({ name, keySetting }, said);
  if (status === 402) return quotaUsedUp(name, said);
  if (status === 429) return tooMany(answer, name, said);
  if (status === 404 || status === 405 || (status >= 300 && status < 400)) {
    const reason = `${name} has no such route (status ${status}).${said}`;
    return new ServiceFault("engine_unavailable", `${reason} Check ${setting}.`);
  }
  if (status === 408 || status >= 500) {
    return new ServiceFault("engine_failed", `${name} failed with status ${status}.${said} Try again later.`, {
      again: true,
      retryAfterMs: retryAfterMs(answer),
    });
  }
  return new ServiceFault("engine_failed", `${name} refused the request with status ${status}.${said}`);
}

export function badKey({ name, keySetting }: Pick<KeyedName, "name" | "keySetting">, said: string): ServiceFault {
  const rest = { reason: `${name} does not accept the key.`, remedy: `Set ${keySetting} to a valid one.` };
  return new ServiceFault("engine_unavailable", `${rest.reason} ${rest.remedy}${said}`, { rest });
}

/** Trying again does not help: the account is out of credit. */
export function quotaUsedUp(name: string, said: string): ServiceFault {
  const rest = {
    reason: `The quota at ${name} is used up.`,
    remedy: "Raise it there, wait for its renewal, or use another engine.",
  };
  return new ServiceFault("engine_unavailable", `${rest.reason} ${rest.remedy}${said}`, { rest });
}

/** Too many requests at once, or in a short time: soon it will do. */
export function tooMany(answer: ServiceAnswer, name: string, said: string): ServiceFault {
  return new ServiceFault("queue_full", `${name} takes no more requests at the moment.${said} Try again shortly.`, {
    again: true,
    retryAfterMs: retryAfterMs(answer),
  });
}

/** Milliseconds that the service asks to wait; 0 where it asks nothing. */
function retryAfterMs(answer: ServiceAnswer): number {
  const exact = Number(answer.header("retry-after-ms"));
  if (exact > 0) return exact;
  const given = answer.header("retry-after")?.trim() ?? "";
  if (/^\d{1,6}$/.test(given)) return Number(given) * 1000;
  const at = Date.parse(given);
  return Number.isFinite(at) ? Math.max(0, at - Date.now()) : 0;
}
