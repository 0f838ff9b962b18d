import type { ChatMessage } from "../chat-engine.ts";
import { PATIENCE_LINES, TURN_FREE_LINES } from "./lines.ts";
import type { FollowUp, Phrases, Question } from "./question-schema.ts";
import type { IndexedSet } from "./question-library.ts";

/** Where an interview is, read from what has been said: nothing is kept from one request to the next. */
export type Transcript = {
  /** What the interviewer has said, in order. */
  readonly said: readonly string[];
  /** Replies of the interviewer that moved the interview on. */
  readonly turns: number;
  /** The last of them, or the last of all. */
  readonly lastMove: string | undefined;
  /** Questions of the set that were asked, in order. */
  readonly asked: readonly Question[];
  /** The question of the set that the candidate's last answers belong to. */
  readonly current: Question | undefined;
  /** Follow-ups to it so far, and all of the interview as they were put. */
  readonly followUpsToCurrent: number;
  readonly followUps: readonly string[];
  /** Questions of the set since the last follow-up. */
  readonly sinceFollowUp: number;
  /** Times that a self-introduction was asked for. */
  readonly introductions: number;
  /** Whether the candidate was already asked to say more to the current question. */
  readonly patienceShown: boolean;
  readonly closingAsked: boolean;
  readonly ended: boolean;
};

/** Reads the messages before the candidate's last one. */
export function readTranscript(
  history: readonly ChatMessage[],
  sources: readonly IndexedSet[],
  phrases: Phrases,
): Transcript {
  const said = history.filter(({ role }) => role === "assistant").map(({ content }) => content.normalize("NFC"));
  const asked: Question[] = [];
  let current: Question | undefined;
  const followUps: string[] = [];
  let [followUpsToCurrent, sinceFollowUp, turns] = [0, 0, 0];
  let patienceShown = false;
  let lastMove: string | undefined;
  for (const message of said) {
    if (TURN_FREE_LINES.some((line) => message.includes(line))) continue;
    if (PATIENCE_LINES.some((line) => message.includes(line))) {
      patienceShown = true;
      continue;
    }
    turns += 1;
    lastMove = message;
    const question = findQuestion(message, sources);
    if (question) {
      if (!asked.includes(question)) asked.push(question);
      current = question;
      followUpsToCurrent = 0;
      sinceFollowUp += 1;
      patienceShown = false;
    } else if (isFollowUp(message, current, sources)) {
      followUpsToCurrent += 1;
      followUps.push(message);
      sinceFollowUp = 0;
      patienceShown = false;
    }
  }
  const says = (lines: readonly string[], message: string): boolean =>
    sources.some(({ index }) => lines.some((line) => index.says(message, line)));
  const closingAsked = said.some(
    (message) => says(phrases.closings, message) || /마지막으로.{0,30}(?:하고 싶|궁금|질문|말씀)/u.test(message),
  );
  return {
    said,
    turns,
    lastMove: lastMove ?? said.at(-1),
    asked,
    current,
    followUpsToCurrent,
    followUps,
    sinceFollowUp,
    introductions: said.filter((message) => /자기\s?소개/u.test(message)).length,
    patienceShown,
    closingAsked,
    ended: said.some((message) => says(phrases.farewells, message)),
  };
}

function findQuestion(message: string, sources: readonly IndexedSet[]): Question | undefined {
  for (const { index } of sources) {
    const question = index.askedIn(message);
    if (question) return question;
  }
  return undefined;
}

function isFollowUp(message: string, current: Question | undefined, sources: readonly IndexedSet[]): boolean {
  const asks = (followUp: FollowUp, { index }: IndexedSet): boolean => index.says(message, followUp.ask);
  return sources.some(
    (source) =>
      current?.follow_ups.some((followUp) => asks(followUp, source)) === true ||
      source.index.followUpIn(message) !== undefined,
  );
}
