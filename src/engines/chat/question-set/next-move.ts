import type { ChatMessage, Interview } from "../chat-engine.ts";
import { type Choice, rankQuestions } from "./choose-question.ts";
import { type AskedFollowUp, chooseFollowUp, type FollowUpScope } from "./follow-up.ts";
import type { IndexedSet, QuestionLibrary } from "./question-library.ts";
import { asksSomething, introducesItself, readRequest, type Request } from "./requests.ts";
import { readTranscript, type Transcript } from "./transcript.ts";

/** Replies after which an interview closes: with the closing and the farewell it has thirteen. */
export const CLOSE_AFTER = 11;

/** Most follow-ups of an interview; the other replies ask something new. */
const MOST_FOLLOW_UPS = 4;

/** What the interviewer does next. */
export type Move =
  | { readonly kind: "open"; readonly question: Choice | undefined }
  | { readonly kind: "introduce" }
  | { readonly kind: "ask"; readonly choice: Choice; readonly next: readonly Choice[] }
  | { readonly kind: "follow-up"; readonly followUp: AskedFollowUp; readonly next: readonly Choice[] }
  | { readonly kind: "patience" }
  | { readonly kind: "repeat" }
  | { readonly kind: "wait" }
  | { readonly kind: "close" }
  | { readonly kind: "farewell"; readonly asked: boolean }
  | { readonly kind: "ended" };

/** An interview at one moment: what was said, what the candidate says now, and what to do about it. */
export type Moment = {
  readonly interview: Interview;
  readonly transcript: Transcript;
  readonly message: string;
  readonly request: Request;
  readonly sources: readonly IndexedSet[];
  readonly scope: FollowUpScope;
  readonly move: Move;
};

/** Reads a conversation, whose last message is the candidate's, and decides what comes next. */
export function readMoment(messages: readonly ChatMessage[], interview: Interview, library: QuestionLibrary): Moment {
  const spoken = messages.filter(({ role }) => role !== "system");
  const message = (spoken.at(-1)?.content ?? "").normalize("NFC").trim();
  const own = library.setFor(interview);
  const sources = [...(own ? [own] : []), library.general];
  const transcript = readTranscript(spoken.slice(0, -1), sources, library.phrases);
  const request = readRequest(message);
  const names = [interview.company, interview.job].filter((name) => name !== null);
  const scope: FollowUpScope = { answer: message, transcript, sources, names };
  const earlier = spoken.slice(0, -1).filter(({ role }) => role === "user");
  const ranked = rankQuestions(
    {
      message: request === "answer" || request === "instruction" ? message : "",
      earlier: earlier.map(({ content }) => content.normalize("NFC")),
      topics: library.topicsOf(interview),
      last: transcript.turns >= CLOSE_AFTER - 1,
    },
    transcript,
    sources,
  );
  const move = decide(message, request, transcript, ranked, scope);
  return { interview, transcript, message, request, sources, scope, move };
}

function decide(
  message: string,
  request: Request,
  transcript: Transcript,
  ranked: readonly Choice[],
  scope: FollowUpScope,
): Move {
  if (transcript.ended) return { kind: "ended" };
  if (transcript.said.length > 0) {
    if (request === "repeat") return { kind: "repeat" };
    if (request === "wait") return { kind: "wait" };
  }
  if (transcript.closingAsked) return { kind: "farewell", asked: asksSomething(message) };
  if (transcript.turns === 0) return { kind: "open", question: introducesItself(message) ? ranked[0] : undefined };
  if (request === "end" || transcript.turns >= CLOSE_AFTER) return { kind: "close" };
  if (transcript.introductions === 0 && transcript.turns <= 2) return { kind: "introduce" };
  const begins = transcript.asked.length === 0;
  if (begins && request === "greeting" && transcript.introductions < 2) return { kind: "introduce" };
  if (request === "short" && !transcript.patienceShown) return { kind: "patience" };
  const followUp = request === "answer" ? nextFollowUp(transcript, scope) : undefined;
  if (followUp) return { kind: "follow-up", followUp, next: ranked };
  const [choice, ...next] = ranked;
  return choice ? { kind: "ask", choice, next } : { kind: "close" };
}

/** One follow-up to a question at most; one that nothing in the answer calls for only after two questions in a row. */
function nextFollowUp(transcript: Transcript, scope: FollowUpScope): AskedFollowUp | undefined {
  const { current, followUpsToCurrent, followUps, sinceFollowUp, turns } = transcript;
  if (!current || followUpsToCurrent > 0 || followUps.length >= MOST_FOLLOW_UPS || turns >= CLOSE_AFTER - 1) {
    return undefined;
  }
  const followUp = chooseFollowUp(current, scope);
  return followUp && (followUp.called || sinceFollowUp >= 2) ? followUp : undefined;
}
