/**
 * What `docs/compatibility.md` is made of: the documents' behaviours, each with the tests that hold it. A test of a
 * documented behaviour is named `NNN §heading: behaviour` and lies in `test/documents/`.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { MESSAGES } from "../src/server/messages.ts";
import { DOCUMENTED_ANSWERS } from "../test/documents/documented-fields.ts";

/** The documents, by number. */
export const DOCUMENTS: Readonly<Record<string, string>> = {
  "000": "Lipsync avatar API (립싱크 아바타 API)",
  "001": "Interview avatar system (실시간 면접 아바타 시스템)",
  "002": "Chunk streaming API (API архитектура)",
  "003": "Higgs Audio v2 REST API",
  "004": "AICoverGen worker",
};

/** One tested behaviour. */
export type Behaviour = {
  readonly document: string;
  readonly heading: string;
  readonly behaviour: string;
  /** Path of the test file from the root. */
  readonly file: string;
};

/** Names of tests as they stand in the text; what a template puts in is shown as `…`. */
const TEST_NAME = /\b(?:it|test)\(\s*(["`])(\d{3}) §([^:]+): ((?:(?!\1)[\s\S])+)\1/g;

/** Every behaviour that a test of the tree holds, in the documents' order. */
export function behaviours(root: string): Behaviour[] {
  const folder = join(root, "test/documents");
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".test.ts"))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .toSorted();
  return files.flatMap((file) =>
    [...readFileSync(join(root, file), "utf8").matchAll(TEST_NAME)].map(
      ([, , document = "", heading = "", behaviour = ""]) => ({
        document,
        heading: plain(heading),
        behaviour: plain(behaviour),
        file,
      }),
    ),
  );
}

/** The page. @param note the line that says where it comes from */
export function compatibilityPage(root: string, note: string): string {
  const all = behaviours(root);
  const documentedFields = DOCUMENTED_ANSWERS.reduce((sum, { fields }) => sum + fields.length, 0);
  const lines = [
    "# Compatibility",
    "",
    note,
    "",
    "What `talkbox serve` keeps of five documented systems. Each line is a behaviour that a document promises, and the test",
    "that holds it.",
    "",
    `Each of the ${documentedFields} documented fields of answers, events and errors, dropped from what its route sends, turns`,
    "a test red: `npx node tools/mutate-documents.ts` tries them in turn. The documents' own example clients run as they stand,",
    "against local servers that speak ElevenLabs' and OpenAI's protocols.",
  ];
  for (const [document, title] of Object.entries(DOCUMENTS)) {
    const rows = all.filter((row) => row.document === document);
    lines.push("", `## ${document}: ${title}`);
    for (const heading of new Set(rows.map((row) => row.heading))) {
      lines.push("", `### ${heading}`, "", "| behaviour | test |", "| - | - |");
      for (const { behaviour, file } of rows.filter((row) => row.heading === heading)) {
        lines.push(`| ${behaviour.replaceAll("|", "\\|")} | [${file.slice("test/documents/".length)}](../${file}) |`);
      }
    }
  }
  lines.push("", "## Messages", "", "What the routes say to people, in each document's language.");
  for (const [api, messages] of Object.entries(MESSAGES)) {
    lines.push("", `### ${api}`, "", "| message | text |", "| - | - |");
    for (const [name, text] of Object.entries(messages)) lines.push(`| ${name} | ${shown(text)} |`);
  }
  return `${lines.join("\n")}\n`;
}

/** A message as it stands in the table; what is put into it is shown as `…`. */
function shown(text: unknown): string {
  if (typeof text !== "function") return String(text);
  try {
    return String(Reflect.apply(text, undefined, ["…", ["…"]]));
  } catch {
    // One that rounds what it is given.
    return plain(/`([\s\S]*)`/.exec(String(text))?.[1] ?? "");
  }
}

function plain(text: string): string {
  return text
    .replace(/\$\{[^}]*\}/g, "…")
    .replace(/\\(.)/g, "$1")
    .replace(/\s+/g, " ")
    .trim();
}
