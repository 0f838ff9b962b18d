import type { IndexedSet } from "./question-library.ts";
import type { Question, Stage } from "./question-schema.ts";
import type { Transcript } from "./transcript.ts";

/** How well a question's stage suits the place of the next question, by how many were asked. */
const STAGE_WEIGHTS: readonly Readonly<Record<Stage, number>>[] = [
  { warmup: 1, core: 0.25, deep: 0.1, closing: 0 },
  { warmup: 0.6, core: 1, deep: 0.3, closing: 0 },
  { warmup: 0.25, core: 1, deep: 0.6, closing: 0 },
  { warmup: 0.2, core: 1, deep: 0.8, closing: 0 },
  { warmup: 0.1, core: 0.8, deep: 1, closing: 0 },
];

/** The same for the last question before the interview closes. */
const LAST_WEIGHTS: Readonly<Record<Stage, number>> = { warmup: 0.05, core: 0.1, deep: 0.1, closing: 1 };

/** What a question is worth that shares no word with the answer, against 1 for the one that shares most. */
const UNRELATED = 0.35;

/** A message of the candidate's before the last one counts as much as this against it, and a company's topic. */
const EARLIER = 0.25;
const TOPIC = 0.15;

/** What the next question is chosen by. */
export type Wanted = {
  readonly message: string;
  readonly earlier: readonly string[];
  readonly topics: readonly string[];
  /** Whether the interview closes after it. */
  readonly last: boolean;
};

/** A question, and whether the answer led to it. */
export type Choice = { readonly question: Question; readonly related: boolean };

/**
 * Questions that may come next, best first: those of the job, then those for any job. None that was asked, in whatever
 * words.
 */
export function rankQuestions(wanted: Wanted, transcript: Transcript, sources: readonly IndexedSet[]): Choice[] {
  const weights = wanted.last
    ? LAST_WEIGHTS
    : (STAGE_WEIGHTS[Math.min(transcript.asked.length, STAGE_WEIGHTS.length - 1)] as Record<Stage, number>);
  return sources.flatMap(({ index }) => {
    const found = index.find([
      { text: wanted.message, weight: 1 },
      ...wanted.earlier.slice(-2).map((text) => ({ text, weight: EARLIER })),
      { text: wanted.topics.join(" "), weight: TOPIC },
    ]);
    const best = found[0]?.score ?? 1;
    const scores = new Map(found.map(({ question, score }) => [question.id, score / best]));
    return index.questions
      .filter((question) => !transcript.asked.includes(question) && !/자기\s?소개/u.test(question.question))
      .map((question) => {
        const relation = scores.get(question.id) ?? 0;
        const related = wanted.message !== "" && question.keywords.some((word) => wanted.message.includes(word));
        return { question, related, worth: weights[question.stage] * (UNRELATED + relation) };
      })
      .filter(({ worth }) => worth > 0)
      .toSorted((a, b) => b.worth - a.worth)
      .map(({ question, related }) => ({ question, related }));
  });
}
