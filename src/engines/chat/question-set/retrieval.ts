import MiniSearch from "minisearch";
import { searchTerms } from "./korean-words.ts";
import { pattern } from "./placeholders.ts";
import type { FollowUp, Question } from "./question-schema.ts";

/** A question with how well it goes with what was said. */
export type Found = { readonly question: Question; readonly score: number };

/** Share of a question's pairs of letters that a message must have for the question to count as asked in it. */
const SAME_QUESTION = 0.75;

/** A job's questions, to be found by what a candidate says and by what an interviewer has said. */
export class QuestionIndex {
  readonly questions: readonly Question[];
  /** Nouns that belong to the job. */
  readonly vocabulary: ReadonlySet<string>;
  readonly #search: MiniSearch<{ id: string }>;
  readonly #patterns = new Map<string, RegExp>();
  readonly #pairs = new Map<string, ReadonlySet<string>>();

  constructor(questions: readonly Question[]) {
    this.questions = questions;
    this.vocabulary = new Set(
      questions.flatMap(({ keywords, follow_ups: followUps }) => [
        ...keywords,
        ...followUps.flatMap(({ when }) => when ?? []),
      ]),
    );
    this.#search = new MiniSearch({
      fields: ["keywords", "topic", "question"],
      tokenize: (text) => text.split(" "),
      processTerm: (term) => term,
      searchOptions: { boost: { keywords: 3, topic: 2 } },
    });
    this.#search.addAll(
      questions.map(({ id, keywords, topic, question }) => ({
        id,
        keywords: terms(keywords.join(" ")),
        topic: terms(topic),
        question: terms(question),
      })),
    );
  }

  /**
   * The questions that go with some texts, best first; those that share nothing with them are left out.
   * @param texts with their weights: what the candidate has just said counts more than what was said before
   */
  find(texts: readonly { readonly text: string; readonly weight: number }[]): Found[] {
    const scores = new Map<string, number>();
    for (const { text, weight } of texts) {
      const query = terms(text);
      if (query === "") continue;
      for (const { id, score } of this.#search.search(query)) {
        scores.set(String(id), (scores.get(String(id)) ?? 0) + score * weight);
      }
    }
    return this.questions
      .flatMap((question) => {
        const score = scores.get(question.id);
        return score === undefined ? [] : [{ question, score }];
      })
      .toSorted((a, b) => b.score - a.score);
  }

  /** The question that an interviewer's message asks, also where it was put in slightly other words. */
  askedIn(message: string): Question | undefined {
    const exact = this.questions.find(({ question }) => this.says(message, question));
    if (exact) return exact;
    const said = letterPairs(message);
    return this.questions.find(({ question }) => {
      let pairs = this.#pairs.get(question);
      if (!pairs) {
        pairs = letterPairs(question);
        this.#pairs.set(question, pairs);
      }
      return coverage(pairs, said) >= SAME_QUESTION;
    });
  }

  /** The question and the follow-up to it that an interviewer's message asks. */
  followUpIn(message: string): { readonly question: Question; readonly followUp: FollowUp } | undefined {
    for (const question of this.questions) {
      const followUp = question.follow_ups.find(({ ask }) => this.says(message, ask));
      if (followUp) return { question, followUp };
    }
    return undefined;
  }

  /** Whether a message has a line in it, whatever its placeholders were filled with. */
  says(message: string, line: string): boolean {
    let expression = this.#patterns.get(line);
    if (!expression) {
      expression = pattern(line);
      this.#patterns.set(line, expression);
    }
    return expression.test(message);
  }
}

/** Search terms as one text, which the index splits again. */
function terms(text: string): string {
  return searchTerms(text).join(" ");
}

function letterPairs(text: string): ReadonlySet<string> {
  const letters = text.replaceAll(/\{[^{}]*\}|[^\p{L}\p{N}]/gu, "");
  const pairs = new Set<string>();
  for (let at = 0; at + 2 <= letters.length; at += 1) pairs.add(letters.slice(at, at + 2));
  return pairs;
}

/** Share of the pairs of one text that are in another, 0…1. */
function coverage(pairs: ReadonlySet<string>, others: ReadonlySet<string>): number {
  let shared = 0;
  for (const pair of pairs) if (others.has(pair)) shared += 1;
  return pairs.size === 0 ? 0 : shared / pairs.size;
}
