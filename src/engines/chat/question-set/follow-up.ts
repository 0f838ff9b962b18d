import { nounAt, tellingNouns } from "./korean-words.ts";
import { fill, hasPlaceholder } from "./placeholders.ts";
import type { IndexedSet } from "./question-library.ts";
import type { FollowUp, Question } from "./question-schema.ts";
import type { Transcript } from "./transcript.ts";

/** A follow-up as it is put, and whether the answer called for it by a word. */
export type AskedFollowUp = { readonly text: string; readonly word: string | undefined; readonly called: boolean };

/** What follow-ups are chosen by. */
export type FollowUpScope = {
  readonly answer: string;
  readonly transcript: Transcript;
  readonly sources: readonly IndexedSet[];
  /** Words that are not worth quoting: the company's and the job's names. */
  readonly names: readonly string[];
};

/** The best follow-up to an answer: one that a word of the answer calls for, else one that fits any answer. */
export function chooseFollowUp(question: Question, scope: FollowUpScope): AskedFollowUp | undefined {
  const { transcript, sources } = scope;
  const wasAsked = ({ ask }: FollowUp): boolean =>
    transcript.said.some((message) => sources.some(({ index }) => index.says(message, ask)));
  const fresh = question.follow_ups.filter((followUp) => !wasAsked(followUp));
  for (const followUp of fresh) {
    const places = callsOf(followUp, scope.answer);
    if (places.length === 0) continue;
    const words = places.map(({ at, length }) => fitToQuote(nounAt(scope.answer, at, length), scope));
    const word = words.find((each) => each !== undefined);
    if (word === undefined && hasPlaceholder(followUp.ask, "word")) continue;
    return { text: put(followUp, word), word, called: true };
  }
  const [word] = quotable(scope);
  const general = fresh.filter(({ when }) => when === undefined);
  const fitting =
    general.find(({ ask }) => word !== undefined && hasPlaceholder(ask, "word")) ??
    general.find(({ ask }) => !hasPlaceholder(ask, "word"));
  return fitting && { text: put(fitting, word), word, called: false };
}

/** Nouns of an answer that may be quoted, the most telling first. */
export function quotable({ answer, sources, transcript, names }: FollowUpScope): string[] {
  const vocabulary = sources[0]?.index.vocabulary ?? new Set<string>();
  return tellingNouns(answer, vocabulary).filter(
    (noun) => fitToQuote(noun, { answer, sources, transcript, names }) !== undefined,
  );
}

function fitToQuote(word: string | undefined, { transcript, names }: FollowUpScope): string | undefined {
  if (word === undefined || names.some((name) => name === word || word.startsWith(name))) return undefined;
  return transcript.followUps.some((message) => message.includes(word)) ? undefined : word;
}

/** Where an answer has the words that a follow-up waits for; one of a syllable only where it begins a word. */
function callsOf({ when }: FollowUp, answer: string): { at: number; length: number }[] {
  return (when ?? []).flatMap((item) => {
    const wanted = item.normalize("NFC");
    const places: { at: number; length: number }[] = [];
    for (let at = answer.indexOf(wanted); at >= 0; at = answer.indexOf(wanted, at + 1)) {
      const begins = at === 0 || !/[\p{L}\p{N}]/u.test(answer[at - 1] ?? "");
      if (begins || wanted.length >= 2) places.push({ at, length: wanted.length });
    }
    return places;
  });
}

function put({ ask }: FollowUp, word: string | undefined): string {
  return fill(ask, word === undefined ? {} : { word });
}
