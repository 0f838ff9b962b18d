/**
 * Proves the tests of the documents: drops each documented field in turn from what its route answers, and fails if no
 * test of the document turns red. Takes long; run it when answers or their tests change.
 *
 *     npx node tools/mutate-documents.ts [DOCUMENT [ROUTE [FIELD]]]
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { DOCUMENTED_ANSWERS, type DocumentedAnswer } from "../test/documents/documented-fields.ts";
import type { DroppedField } from "../test/documents/drop-field.ts";
import { behaviours } from "./compatibility.ts";

const root = join(fileURLToPath(import.meta.url), "../..");
const BEHAVIOURS = behaviours(root);

const [onlyDocument, onlyRoute, onlyField] = process.argv.slice(2);
const mutations = DOCUMENTED_ANSWERS.flatMap((answer) => answer.fields.map((field) => ({ answer, field }))).filter(
  ({ answer: { document, route }, field }) =>
    (onlyDocument ?? document) === document && (onlyRoute ?? route) === route && (onlyField ?? field) === field,
);
const documents = [...new Set(mutations.map(({ answer }) => answer.document))];

// What is red without a mutation would prove nothing.
for (const document of documents) {
  const red = await firstRed(document, ` §`);
  if (red !== undefined) throw new Error(`Nothing is dropped, and this is red already: ${red}`);
  console.log(`${document}: every test is green while nothing is dropped`);
}
const missed: string[] = [];
for (const { answer, field } of mutations) {
  const { document, route, event } = answer;
  const what = `${document} ${[route, ...Object.values(event ?? {})].join(" ")}: ${field}`;
  const red = await redWithout(answer, field);
  if (red === undefined) missed.push(what);
  console.log(`${what.padEnd(76)} ${red === undefined ? "NO TEST NOTICED" : `red: ${red}`}`);
}
console.log(
  `${mutations.length - missed.length} of ${mutations.length} documented fields turn a test red when dropped.`,
);
for (const what of missed) console.log(`  not ${what}`);
process.exitCode = missed.length === 0 ? 0 : 1;

/** The first test that is red without a field: those of its route are asked first, then all of the document. */
async function redWithout({ document, route, event }: DocumentedAnswer, field: string): Promise<string | undefined> {
  const drop: DroppedField = { route, field, ...(event ? { event } : {}) };
  const [, path = ""] = route.split(" ");
  const own = path.startsWith("/") ? await firstRed(document, ` §[^:]*${path}: `, drop) : undefined;
  return own ?? firstRed(document, " §", drop);
}

/** The first of a document's tests that fails, and why; undefined where all hold. The others are not waited for. */
async function firstRed(document: string, pattern: string, drop?: DroppedField): Promise<string | undefined> {
  const wanted = new RegExp(pattern);
  const own = BEHAVIOURS.filter((each) => each.document === document);
  const meant = own.filter(({ heading, behaviour }) => wanted.test(` §${heading}: ${behaviour}`));
  const files = new Set(meant.map(({ file }) => file));
  if (files.size === 0) return undefined;
  const args = [
    "--import",
    "./test/documents/drop-field.ts",
    "--test",
    "--test-concurrency=1",
    "--test-force-exit",
    "--test-reporter=tap",
    `--test-name-pattern=${document}${pattern}`,
    ...files,
  ];
  // Tests that are not let finish leave their folders behind.
  const scratch = mkdtempSync(join(tmpdir(), "talkbox-mutate-"));
  const env = { ...process.env, TMPDIR: scratch, TALKBOX_DROP_FIELD: drop ? JSON.stringify(drop) : "" };
  const child = spawn(process.execPath, args, {
    cwd: root,
    env,
    stdio: ["ignore", "pipe", "inherit"],
    // A group of its own, so that what the tests started ends with them.
    detached: true,
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  let red: string | undefined;
  let explained = false;
  for await (const line of createInterface({ input: child.stdout })) {
    const why = /^\s*(?:error: )?(.*)$/.exec(line)?.[1] ?? "";
    if (red === undefined) red = /^\s*not ok \d+ - (\d{3} §.*)$/.exec(line)?.[1];
    else if (explained || /^\s*error: /.test(line)) {
      explained = true;
      if (why === "|-") continue;
      red += ` (${why})`;
      break;
    }
  }
  if (red !== undefined && child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
  await ended;
  if (red === undefined && child.exitCode !== 0) throw new Error(`The tests of ${document} did not run to their end.`);
  rmSync(scratch, { recursive: true, force: true });
  return red;
}
