import type { FastifyInstance, FastifyRequest } from "fastify";
import type { z } from "zod";
import { AppError, type Violation } from "../errors.ts";
import type { Log } from "../log.ts";
import { type DocumentLanguage, fieldMessages } from "./field-messages.ts";
import { acceptJson, type JsonBody } from "./json-body.ts";

export type LegacyBodyOptions = {
  /** Language of the complaints; default that of the document at hand, Korean. */
  readonly language?: DocumentLanguage;
  readonly log: Log;
  /** What is said when a required field is missing, by its name. */
  readonly missing?: Readonly<Record<string, string>>;
};

/** Lets the routes of `app` take JSON and, where the document has them, forms. */
export function acceptLegacyBodies(app: FastifyInstance, { forms = false }: { readonly forms?: boolean } = {}): void {
  acceptJson(app);
  if (!forms) return;
  app.addContentTypeParser(
    "application/x-www-form-urlencoded",
    { parseAs: "string" },
    async (_request: FastifyRequest, text: string) => ({
      bytes: Buffer.from(text),
      value: Object.fromEntries(new URLSearchParams(text)),
    }),
  );
}

/**
 * Reads the body of a documented route as `JSON` or a form: an empty text, and null, are the same as an absent field;
 * fields that the document does not know are left out, which the log tells.
 * @throws AppError `invalid_input` with a violation for each fault
 */
export function readLegacyBody<S extends z.ZodObject>(
  request: FastifyRequest,
  schema: S,
  options: LegacyBodyOptions,
): z.output<S> {
  return readLegacyFields((request.body as JsonBody | undefined)?.value ?? {}, schema, {
    ...options,
    log: options.log.child({ route: request.routeOptions.url }),
  });
}

/** As `readLegacyBody`, of fields that came some other way. */
export function readLegacyFields<S extends z.ZodObject>(
  fields: unknown,
  schema: S,
  { language = "ko", log, missing = {} }: LegacyBodyOptions,
): z.output<S> {
  if (typeof fields !== "object" || fields === null || Array.isArray(fields)) {
    throw new AppError("invalid_input", NOT_AN_OBJECT[language], {
      violations: [{ path: "", message: NOT_AN_OBJECT[language] }],
    });
  }
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== "" && value !== null));
  const unknown = Object.keys(given).filter((name) => !Object.hasOwn(schema.shape, name));
  if (unknown.length > 0) {
    log.warn({ fields: unknown.slice(0, 20).map((name) => name.slice(0, 40)) }, "unknown fields ignored");
  }
  const known = Object.fromEntries(Object.entries(given).filter(([name]) => Object.hasOwn(schema.shape, name)));
  const parsed = schema.safeParse(known, { error: fieldMessages(language) });
  if (parsed.success) return parsed.data;
  const violations: Violation[] = parsed.error.issues.map(({ path, message }) => {
    const name = path.map(String).join(".");
    const absent = path.length === 1 && !Object.hasOwn(known, name);
    return { path: name, message: (absent && missing[name]) || message };
  });
  const [first] = violations;
  const only = first && missing[first.path] === first.message ? first.message : undefined;
  const list = violations.map(({ path, message }) => (missing[path] === message ? message : `${path}: ${message}`));
  throw new AppError("invalid_input", only ?? list.join("; "), { violations });
}

const NOT_AN_OBJECT: Readonly<Record<DocumentLanguage, string>> = {
  en: "The body must be a JSON object.",
  ko: "요청 본문은 JSON 객체여야 합니다",
  ru: "Тело запроса должно быть объектом JSON",
};
