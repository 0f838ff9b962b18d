import assert from "node:assert/strict";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import { QuestionSetEngine } from "../../src/engines/chat/question-set/question-set-engine.ts";

const root = join(import.meta.dirname, "../..");
const folder = join(root, "models/questions");

/** Schemas of the files that are no question sets. */
const SCHEMAS: Readonly<Record<string, string>> = {
  "common.json": "question-phrases",
  "organisations.json": "question-organisations",
};

test("every file of questions is as its schema says", async () => {
  const ajv = new Ajv2020({ allErrors: true });
  for (const name of (await readdir(folder)).filter((each) => each.endsWith(".json"))) {
    const schema = `schemas/${SCHEMAS[name] ?? "question-set"}.json`;
    const value: unknown = JSON.parse(await readFile(join(folder, name), "utf8"));
    const valid = ajv.validate(JSON.parse(await readFile(join(root, schema), "utf8")) as object, value);
    assert.ok(valid, `${name}: ${ajv.errorsText()}`);
    const bad = { ...(value as object), unknown: true };
    assert.ok(!ajv.validate(JSON.parse(await readFile(join(root, schema), "utf8")) as object, bad), "faults are seen");
  }
});

/** An engine over a copy of the folder with one file changed. */
async function broken(name: string, change: (text: string) => string): Promise<QuestionSetEngine> {
  const copy = await mkdtemp(join(tmpdir(), "talkbox-questions-"));
  after(() => rm(copy, { recursive: true, force: true }));
  await cp(folder, copy, { recursive: true });
  await writeFile(join(copy, name), change(await readFile(join(copy, name), "utf8").catch(() => "")));
  return new QuestionSetEngine(copy);
}

test("a file that cannot be used is named with the place and the fault, and says what to do", async () => {
  const nurse = await readFile(join(folder, "nurse.json"), "utf8");
  const cases: readonly [name: string, change: (text: string) => string, reason: RegExp][] = [
    ["nurse.json", () => "{", /questions\/nurse\.json is no JSON/],
    ["nurse.json", (text) => text.replace('"warmup"', '"warm"'), /questions\/nurse\.json.*questions\.\d+\.stage/],
    ["nurse.json", (text) => text.replaceAll("|을/를}", "|을를}"), /follow_ups.*not known: \{word\|을를\}/],
    ["nurse.json", (text) => text.replace('"nurse-02"', '"nurse-01"'), /"nurse-01" is there twice/],
    ["nurse.json", (text) => text.replace('"id": "nurse"', '"id": "nurses"'), /questions\/nurse\.json/],
    ["common.json", () => "[]", /questions\/common\.json/],
    ["second.json", () => nurse.replaceAll('"nurse', '"second'), /for the same job as/],
    ["general.json", (text) => text.replaceAll(/"(?:org_type|job_name)": null/g, '"$1": "병원"'), /general\.json/],
  ];
  for (const [name, change, reason] of cases) {
    const state = await (await broken(name, change)).availability();
    assert.ok(!state.available && reason.test(state.reason), `${name}: ${JSON.stringify(state).slice(0, 300)}`);
    assert.ok(state.remedy.length > 0);
  }
  const missing = await new QuestionSetEngine(join(tmpdir(), "there-is-no-such-folder")).availability();
  assert.ok(!missing.available && /common\.json is not there/.test(missing.reason));
});
