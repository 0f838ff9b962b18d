/**
 * Holds an interview by the embedded interviewer for every job with answers in `test/documents/001-interview/interviews`
 * (`<question set>.json`: `{ "company_name", "answers" }`) and writes what was said to `docs/interviews/`. Names of sets
 * limit it to those. With `--check` it writes nothing and fails if a transcript is not as it would be written.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ChatMessage, Interview } from "../src/engines/chat/chat-engine.ts";
import { createQuestionSetEngine } from "../src/engines/chat/question-set/question-set-engine.ts";

const root = join(import.meta.dirname, "..");
const scripts = join(root, "test/documents/001-interview/interviews");

/** What a candidate says first, before any answer. */
const BEGIN = "면접을 시작합니다.";

/** An interview's candidate, as the file of a set has them. */
export type Script = { readonly company_name: string; readonly answers: readonly string[] };

/** An interview that was held: whom it was with, and what was said, the candidate's first message before all. */
export type Held = { readonly slug: string; readonly interview: Interview; readonly messages: readonly ChatMessage[] };

/** The sets that there are answers for. */
export function scriptedSets(): string[] {
  if (!existsSync(scripts)) return [];
  return readdirSync(scripts)
    .filter((name) => name.endsWith(".json"))
    .map((name) => name.slice(0, -".json".length))
    .toSorted();
}

/** Holds the interview of a set: each answer is said to whatever the interviewer asks. */
export async function holdInterview(slug: string): Promise<Held> {
  const script = JSON.parse(readFileSync(join(scripts, `${slug}.json`), "utf8")) as Script;
  const engine = createQuestionSetEngine({ modelsDir: join(root, "models") });
  const set = (await engine.library()).sets.find(({ id }) => id === slug);
  if (!set) throw new Error(`models/questions has no set "${slug}".`);
  const interview: Interview = {
    orgType: set.org_type ?? "일반기업",
    company: script.company_name || null,
    job: set.job_name,
  };
  const messages: ChatMessage[] = [];
  for (const content of [BEGIN, ...script.answers]) {
    messages.push({ role: "user", content });
    const options = { maxTokens: 200, temperature: 0.7, interview };
    let reply = "";
    for await (const token of engine.reply(messages, options, new AbortController().signal)) reply += token;
    messages.push({ role: "assistant", content: reply });
  }
  return { slug, interview, messages };
}

/** An interview as a page. */
export function transcript({ interview, messages }: Held): string {
  const title = [interview.company ?? "", interview.job ?? "직무 없음"].filter((name) => name !== "").join(" · ");
  const lines = messages.map(({ role, content }) => `**${role === "user" ? "지원자" : "면접관"}** ${content}`);
  const note = "<!-- Written by tools/interviews.ts from the question sets and the candidate's answers. -->";
  return `# ${title}\n\n${note}\n\n${lines.join("\n\n")}\n`;
}

/** Where the page of a set is. */
export function transcriptPath(slug: string): string {
  return join(root, "docs/interviews", `${slug}.md`);
}

if (import.meta.main) {
  const names = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
  const check = process.argv.includes("--check");
  const stale: string[] = [];
  for (const slug of scriptedSets().filter((each) => names.length === 0 || names.includes(each))) {
    const text = transcript(await holdInterview(slug));
    const path = transcriptPath(slug);
    if (existsSync(path) && readFileSync(path, "utf8") === text) continue;
    stale.push(slug);
    if (check) continue;
    mkdirSync(join(root, "docs/interviews"), { recursive: true });
    writeFileSync(path, text);
  }
  if (check && stale.length > 0) {
    console.error(`Transcripts that are not as they would be held: ${stale.join(", ")}. Run tools/interviews.ts.`);
    process.exitCode = 1;
  } else if (!check) console.log(stale.length > 0 ? `Wrote ${stale.join(", ")}.` : "All transcripts are current.");
}
