/**
 * Writes what follows from the code: `schemas/`, `docs/operations.md`, `docs/configuration.md`, `docs/errors.md`.
 * With `--check` it writes nothing and fails if a file is not as it would be written.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { outputSchema } from "../handler/job.ts";
import {
  organisationsSchema,
  phrasesSchema,
  questionSetSchema,
} from "../src/engines/chat/question-set/question-schema.ts";
import { manifestSchema } from "../src/library/models/pull/manifest.ts";
import { VARIABLES } from "../src/variables.ts";
import { AppError, ERROR_CODES } from "../src/errors.ts";
import { OPERATIONS } from "../src/operations/index.ts";
import type { Operation } from "../src/operations/operation.ts";
import { compatibilityPage } from "./compatibility.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const NOTE = "<!-- Written by tools/generate.ts. Change the code it comes from, then run `npm run fix`. -->";

type Schema = {
  type?: string | string[];
  description?: string;
  default?: unknown;
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  minimum?: number;
  maximum?: number;
};

/** Every generated file by path. */
function generate(): Map<string, string> {
  const files = new Map<string, string>();
  for (const operation of OPERATIONS.values()) {
    files.set(
      `schemas/${operation.name}.params.json`,
      jsonSchema(operation.params, `${operation.name} params`, "input"),
    );
    files.set(
      `schemas/${operation.name}.result.json`,
      jsonSchema(operation.result, `${operation.name} result`, "output"),
    );
  }
  const names = [...OPERATIONS.keys()] as [string, ...string[]];
  const job = z.strictObject({
    operation: z.enum(names),
    params: z.looseObject({}).optional(),
    output: outputSchema.optional(),
  });
  files.set("schemas/job.json", jsonSchema(job, "The `input` of a job", "input"));
  files.set("schemas/question-set.json", jsonSchema(questionSetSchema, "Interview questions of one job", "input"));
  files.set(
    "schemas/question-phrases.json",
    jsonSchema(phrasesSchema, "What an interviewer says besides them", "input"),
  );
  files.set("schemas/question-organisations.json", jsonSchema(organisationsSchema, "Who holds interviews", "input"));
  files.set("schemas/model-manifest.json", jsonSchema(manifestSchema, "What `talkbox models pull` downloads", "input"));
  files.set("docs/operations.md", operationsPage());
  files.set("docs/configuration.md", configurationPage());
  files.set("docs/errors.md", errorsPage());
  files.set("docs/compatibility.md", compatibilityPage(root, NOTE));
  return files;
}

function toSchema(schema: z.ZodType, io: "input" | "output"): Schema {
  return z.toJSONSchema(schema, { target: "draft-2020-12", io }) as Schema;
}

function jsonSchema(schema: z.ZodType, title: string, io: "input" | "output"): string {
  const { $schema, ...rest } = toSchema(schema, io) as Schema & { $schema: string };
  return `${JSON.stringify({ $schema, title, ...rest }, null, 2)}\n`;
}

function operationsPage(): string {
  const parts = [
    "# Operations",
    NOTE,
    'A job is `{ "input": { "operation", "params", "output" } }`; the inner object alone is accepted too. Every answer',
    "carries, besides the fields below, `artifacts` (the files it made), `receipt` (where the time went, and which engines",
    "did the work) and, where there is something to say, `warnings`. Unknown params are refused with the nearest known name.",
    "",
    "`output`:",
    "",
    fieldTable(toSchema(outputSchema, "input"), true),
    "",
    "One artifact: `kind`, `filename`, `mime`, `bytes`, `sha256`, `duration` (seconds), `url` or `base64` (or `base64_field`, the",
    "field of the answer that has it), `expires_at`, `persistent`; `url_expires_at` where a link ends before its file does.",
  ];
  for (const operation of OPERATIONS.values()) parts.push("", operationSection(operation));
  return `${parts.join("\n")}\n`;
}

function operationSection(operation: Operation): string {
  const example = { input: { operation: operation.name, params: operation.example } };
  const params = toSchema(operation.params, "input");
  const parts = [`## ${operation.name}`, "", operation.summary, "", operation.description, ""];
  parts.push(...(Object.keys(params.properties ?? {}).length > 0 ? ["Params:", "", fieldTable(params, true), ""] : []));
  if (operation.limits.length > 0) parts.push(`Limits: ${operation.limits.join("; ")}.`, "");
  parts.push("Answer:", "", fieldTable(toSchema(operation.result, "output"), false), "");
  parts.push("Example:", "", "```json", JSON.stringify(example, null, 2), "```");
  return parts.join("\n");
}

function fieldTable(schema: Schema, input: boolean): string {
  const rows = [
    input ? "| field | type | default | what |" : "| field | type | what |",
    input ? "| - | - | - | - |" : "| - | - | - |",
  ];
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const required = schema.required?.includes(name) ?? false;
    const fallback =
      field.default === undefined ? (required ? "required" : "–") : `\`${JSON.stringify(field.default)}\``;
    const about = (field.description ?? "").replaceAll("|", "\\|");
    const cells = input ? [`\`${name}\``, typeName(field), fallback, about] : [`\`${name}\``, typeName(field), about];
    rows.push(`| ${cells.join(" | ")} |`);
  }
  return rows.join("\n");
}

function typeName(schema: Schema): string {
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.enum) return schema.enum.map((value) => `\`${JSON.stringify(value)}\``).join(", ");
  if (schema.anyOf) return schema.anyOf.map(typeName).join(" or ");
  const range = [
    schema.minimum === undefined || schema.minimum <= Number.MIN_SAFE_INTEGER ? "" : `≥ ${schema.minimum}`,
    schema.maximum === undefined || schema.maximum >= Number.MAX_SAFE_INTEGER ? "" : `≤ ${schema.maximum}`,
  ].filter((bound) => bound !== "");
  const base =
    schema.type === "array"
      ? `array of ${schema.items ? typeName(schema.items) : "anything"}`
      : String(schema.type ?? "any");
  return range.length > 0 ? `${base} ${range.join(", ")}` : base;
}

function configurationPage(): string {
  const rows = Object.entries(VARIABLES).map(([name, variable]) => {
    const schema = toSchema(variable.schema, "input");
    const type =
      schema.enum || schema.minimum !== undefined || schema.maximum !== undefined
        ? typeName(schema)
        : typeName(toSchema(variable.schema, "input"));
    const { fallback: unset } = variable;
    const shown = typeof unset === "string" ? unset : JSON.stringify(unset);
    const fallback = ["", "null", "[]", "{}"].includes(shown) ? "–" : `\`${shown}\``;
    return `| \`${name}\` | ${type} | ${fallback} | ${variable.about} |`;
  });
  return [
    "# Configuration",
    NOTE,
    "Settings are read from the environment once, at the start. Every bad one is named in one error, and nothing starts.",
    "",
    "| variable | values | default | what |",
    "| - | - | - | - |",
    ...rows,
    "",
  ].join("\n");
}

function errorsPage(): string {
  const rows = ERROR_CODES.map((code) => {
    const { status, retryable } = new AppError(code, "");
    return `| \`${code}\` | ${status} | ${retryable ? "yes" : "no"} |`;
  });
  return [
    "# Errors",
    NOTE,
    "An error has a stable code, a message that says what to do next, and for a bad input one violation per fault:",
    '`{ "code", "message", "retryable", "violations": [{ "path", "message" }] }`.',
    "",
    "| code | HTTP status | worth trying again |",
    "| - | - | - |",
    ...rows,
    "",
  ].join("\n");
}

const check = process.argv.includes("--check");
const files = generate();
const stale: string[] = [];
for (const name of readdirSync(join(root, "schemas"))) {
  const path = `schemas/${name}`;
  if (/\.(params|result)\.json$/.test(name) && !files.has(path)) {
    stale.push(path);
    if (!check) rmSync(join(root, path));
  }
}
for (const [path, text] of files) {
  const target = join(root, path);
  if (existsSync(target) && readFileSync(target, "utf8") === text) continue;
  stale.push(path);
  if (check) continue;
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, text);
}
if (check && stale.length > 0) {
  console.error(`Not as the code would write them: ${stale.join(", ")}. Run "npm run fix".`);
  process.exitCode = 1;
} else if (!check) {
  console.log(stale.length > 0 ? `Wrote ${stale.join(", ")}.` : "All generated files are current.");
}
