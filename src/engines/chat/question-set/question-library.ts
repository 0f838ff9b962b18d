import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { z } from "zod";
import { AppError } from "../../../errors.ts";
import type { Interview } from "../chat-engine.ts";
import {
  type Organisations,
  organisationsSchema,
  type OrgType,
  type Phrases,
  phrasesSchema,
  type QuestionSet,
  questionSetSchema,
} from "./question-schema.ts";
import { QuestionIndex } from "./retrieval.ts";

/** Files of the folder that are no question sets. */
const PHRASES_FILE = "common.json";
const ORGANISATIONS_FILE = "organisations.json";

/** The questions of a job, with the index over them. */
export type IndexedSet = { readonly set: QuestionSet; readonly index: QuestionIndex };

/** All that the embedded interviewer knows, read once. */
export class QuestionLibrary {
  readonly phrases: Phrases;
  readonly organisations: Organisations;
  readonly sets: readonly QuestionSet[];
  readonly #indexed = new Map<string, IndexedSet>();

  constructor(parts: { phrases: Phrases; organisations: Organisations; sets: readonly QuestionSet[] }) {
    this.phrases = parts.phrases;
    this.organisations = parts.organisations;
    this.sets = parts.sets;
  }

  /** The questions of the interview's job; undefined for a job that has none. */
  setFor({ orgType, job }: Interview): IndexedSet | undefined {
    const set = this.sets.find((each) => each.org_type === orgType && each.job_name === job);
    return set && this.#index(set);
  }

  /** The questions for jobs that have none of their own. */
  get general(): IndexedSet {
    const set = this.sets.find((each) => each.job_name === null) as QuestionSet;
    return this.#index(set);
  }

  /** What is commonly known of a company's work; nothing of one that is not listed. */
  topicsOf({ orgType, company }: Interview): readonly string[] {
    const { companies } = this.organisations[orgType as OrgType] ?? { companies: {} };
    return company !== null && Object.hasOwn(companies, company) ? (companies[company]?.topics ?? []) : [];
  }

  #index(set: QuestionSet): IndexedSet {
    let indexed = this.#indexed.get(set.id);
    if (!indexed) {
      indexed = { set, index: new QuestionIndex(set.questions) };
      this.#indexed.set(set.id, indexed);
    }
    return indexed;
  }
}

const libraries = new Map<string, Promise<QuestionLibrary>>();

/** The questions of a folder, read once a process; a failure is not remembered. @throws AppError as the reading does */
export function questionLibrary(folder: string): Promise<QuestionLibrary> {
  const known = libraries.get(folder);
  if (known) return known;
  const reading = readQuestionLibrary(folder);
  libraries.set(folder, reading);
  reading.catch(() => libraries.delete(folder));
  return reading;
}

/**
 * Reads every file of a folder of questions.
 * @throws AppError `engine_unavailable` naming the file, the place in it and what is wrong there
 */
export async function readQuestionLibrary(folder: string): Promise<QuestionLibrary> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith(".json")).toSorted();
  for (const needed of [PHRASES_FILE, ORGANISATIONS_FILE]) {
    if (!names.includes(needed)) throw unusable(needed, "is not there");
  }
  const read = async <T>(name: string, schema: z.ZodType<T>): Promise<T> => {
    const text = await readFile(join(folder, name), "utf8");
    return parseFile(name, text.normalize("NFC"), schema);
  };
  const [phrases, organisations] = await Promise.all([
    read(PHRASES_FILE, phrasesSchema),
    read(ORGANISATIONS_FILE, organisationsSchema),
  ]);
  const setNames = names.filter((name) => name !== PHRASES_FILE && name !== ORGANISATIONS_FILE);
  const sets = await Promise.all(
    setNames.map(async (name) => {
      const set = await read(name, questionSetSchema);
      if (`${set.id}.json` !== name) throw unusable(name, `has the id "${set.id}", which is not its name`);
      return set;
    }),
  );
  checkJobs(sets);
  return new QuestionLibrary({ phrases, organisations, sets });
}

function parseFile<T>(name: string, text: string, schema: z.ZodType<T>): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw unusable(name, `is no JSON: ${(cause as Error).message}`, cause);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => `${path.map(String).join(".") || "it"}: ${message}`);
  const more = faults.length > 5 ? ` and ${faults.length - 5} more` : "";
  throw unusable(name, `is not as it should be. ${faults.slice(0, 5).join("; ")}${more}`);
}

/** One set for each job, and one for all the others. */
function checkJobs(sets: readonly QuestionSet[]): void {
  const seen = new Map<string, string>();
  for (const { id, org_type: orgType, job_name: job } of sets) {
    const key = `${orgType ?? "*"}/${job ?? "*"}`;
    const other = seen.get(key);
    if (other !== undefined) throw unusable(`${id}.json`, `is for the same job as ${other}.json`);
    seen.set(key, id);
  }
  if (!seen.has("*/*")) throw unusable("general.json", "is not there: a set whose org_type and job_name are null");
}

function unusable(name: string, what: string, cause?: unknown): AppError {
  return new AppError("engine_unavailable", `The interview questions cannot be used: questions/${name} ${what}.`, {
    cause,
  });
}
