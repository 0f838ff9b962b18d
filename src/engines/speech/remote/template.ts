/** Requests that an operator describes: fields with `{text}`, `{voice}` and so on in the place of what is to be said. */

import { type FormField, multipartBody } from "../../../net/multipart.ts";
import type { ServiceRequest } from "../../../net/service-client.ts";
import type { Availability } from "../../engine.ts";
import type { GenerationParam } from "../speech-engine.ts";
import type { Sentence } from "./speech-service.ts";

/** Ways to send fields. */
export const SEND_FORMS = ["json", "form"] as const;

export type SendForm = (typeof SEND_FORMS)[number];

/** Fields of a request; texts within, however deep, may hold placeholders. */
export type Fields = Readonly<Record<string, unknown>>;

type Value = string | number | undefined;

/** What stands for each placeholder; what is undefined leaves its field out. */
const VALUES: Readonly<Record<string, (sentence: Sentence) => Value>> = {
  text: ({ text }) => text,
  voice: ({ voice }) => voice,
  language: ({ language }) => language,
  rate: ({ rate }) => rate,
  seed: ({ seed }) => seed,
  temperature: ({ sampling }) => sampling.temperature,
  top_p: ({ sampling }) => sampling.topP,
  top_k: ({ sampling }) => sampling.topK,
  max_new_tokens: ({ sampling }) => sampling.maxNewTokens,
};

const PLACEHOLDER = /\{([a-z_]+)\}/g;
const GENERATION: readonly GenerationParam[] = ["seed", "temperature", "top_p", "top_k", "max_new_tokens"];

/** The placeholders in fields or a URL. */
export function placeholdersIn(template: unknown): ReadonlySet<string> {
  return new Set([...JSON.stringify(template).matchAll(PLACEHOLDER)].map((match) => match[1] as string));
}

/** The first placeholder that is not known, or undefined. @param others that are known besides */
export function unknownPlaceholder(template: unknown, others: readonly string[] = []): string | undefined {
  return [...placeholdersIn(template)].find((name) => !(name in VALUES) && !others.includes(name));
}

/** What an engine answers whose setting has a placeholder that is not known. */
export function wrongPlaceholder(setting: string, name: string): Availability {
  return {
    available: false,
    reason: `${setting} has the placeholder {${name}}, which is not known.`,
    remedy: `Known: ${Object.keys(VALUES)
      .map((known) => `{${known}}`)
      .join(", ")}.`,
  };
}

/** Params of generation that fields or a URL carry to a service. */
export function generationParams(template: unknown): readonly GenerationParam[] {
  const names = placeholdersIn(template);
  return GENERATION.filter((name) => names.has(name));
}

/** A URL for a sentence; what takes a placeholder's place is percent-encoded. */
export function filledUrl(url: string, sentence: Sentence): string {
  return url.replace(PLACEHOLDER, (whole, name: string) => {
    const value = VALUES[name];
    return value ? encodeURIComponent(String(value(sentence) ?? "")) : whole;
  });
}

/**
 * The fields for a sentence. A text that is nothing but a placeholder becomes its value with its type, and is left out
 * with its field where there is none.
 * @param others values of placeholders that are the service's own
 */
export function filled(
  fields: Fields,
  sentence: Sentence,
  others: Readonly<Record<string, string>> = {},
): Record<string, unknown> {
  const valueOf = (name: string): { readonly value: Value } | undefined => {
    const value = VALUES[name];
    if (value) return { value: value(sentence) };
    return name in others ? { value: others[name] } : undefined;
  };
  return fill(fields, valueOf) as Record<string, unknown>;
}

function fill(node: unknown, valueOf: (name: string) => { readonly value: Value } | undefined): unknown {
  if (typeof node === "string") {
    const alone = /^\{([a-z_]+)\}$/.exec(node)?.[1];
    const only = alone === undefined ? undefined : valueOf(alone);
    if (only) return only.value;
    return node.replace(PLACEHOLDER, (whole, name: string) => {
      const known = valueOf(name);
      return known ? String(known.value ?? "") : whole;
    });
  }
  if (Array.isArray(node)) return node.map((each) => fill(each, valueOf)).filter((each) => each !== undefined);
  if (typeof node !== "object" || node === null) return node;
  const entries = Object.entries(node).map(([name, each]) => [name, fill(each, valueOf)] as const);
  return Object.fromEntries(entries.filter(([, each]) => each !== undefined));
}

/** A POST of fields, as JSON or as a form; with files the form is one of several parts. */
export function postOf(
  fields: Readonly<Record<string, unknown>>,
  send: SendForm,
  headers: Readonly<Record<string, string>>,
  files: Readonly<Record<string, FormField>> = {},
): ServiceRequest {
  if (send === "json") {
    const own = { "content-type": "application/json", ...headers };
    return { method: "POST", headers: own, body: Buffer.from(JSON.stringify(fields)) };
  }
  const texts = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, asText(value)] as const));
  if (Object.keys(files).length === 0) {
    const own = { "content-type": "application/x-www-form-urlencoded", ...headers };
    return { method: "POST", headers: own, body: Buffer.from(new URLSearchParams(texts).toString()) };
  }
  const { body, contentType } = multipartBody({ ...texts, ...files });
  return { method: "POST", headers: { ...headers, "content-type": contentType }, body };
}

function asText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
