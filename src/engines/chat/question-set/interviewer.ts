import {
  ANSWER_LATER_LINE,
  ENDED_LINE,
  GREETING_LINE,
  INSTRUCTION_LINE,
  LATER_LINES,
  PATIENCE_LINES,
  PLAIN_CLOSING,
  PLAIN_OPENINGS,
  REPEAT_LINES,
  THANKS_LINE,
  UNSURE_LINES,
  WAIT_LINES,
} from "./lines.ts";
import type { Choice } from "./choose-question.ts";
import { quotable } from "./follow-up.ts";
import type { Moment } from "./next-move.ts";
import { fill, hasPlaceholder } from "./placeholders.ts";
import type { Phrases } from "./question-schema.ts";

/** Words for what nobody named. */
const UNNAMED = { 일반기업: "저희 회사", 병원: "저희 병원" } as const;
const UNNAMED_JOB = "지원하신";

/** Puts what the interviewer does next into words. The same moment gives the same words. */
export function sayMove(moment: Moment, phrases: Phrases): string {
  return new Interviewer(moment, phrases).say();
}

class Interviewer {
  readonly #moment: Moment;
  readonly #phrases: Phrases;

  constructor(moment: Moment, phrases: Phrases) {
    this.#moment = moment;
    this.#phrases = phrases;
  }

  say(): string {
    const { move, transcript, message } = this.#moment;
    switch (move.kind) {
      case "open": {
        const opening = this.#opening();
        if (move.question) return join(opening, this.#acknowledgement(false), this.#question(move.question));
        return join(opening, this.#pick(this.#phrases.self_introduction));
      }
      case "introduce":
        return join(this.#reaction(), this.#pick(this.#phrases.self_introduction));
      case "ask": {
        const bridge = this.#bridge(move.choice);
        // A bridge may stand alone; thanks and a bridge before every question would sound like a form.
        const plain = bridge !== "" && this.#moment.request === "answer" && transcript.turns % 2 === 0;
        return join(plain ? "" : this.#reaction(move.choice), bridge, this.#question(move.choice));
      }
      case "follow-up": {
        const { text, word } = move.followUp;
        // One that quotes the answer says by itself that it was heard.
        const heard = word !== undefined && text.includes(word);
        return heard ? text : join(this.#acknowledgement(false), text);
      }
      case "patience":
        return this.#pick(PATIENCE_LINES);
      case "repeat":
        return join(this.#pick(REPEAT_LINES), lastQuestion(transcript.lastMove ?? ""));
      case "wait":
        return this.#pick(WAIT_LINES);
      case "close":
        return join(this.#reaction(), this.#pick(this.#phrases.closings) || PLAIN_CLOSING);
      case "farewell": {
        const asked = move.asked && !/없/u.test(message.slice(0, 30));
        return join(asked ? ANSWER_LATER_LINE : THANKS_LINE, this.#pick(this.#phrases.farewells));
      }
      case "ended":
        return ENDED_LINE;
    }
  }

  /** A greeting that names as much of the company and the job as is known. */
  #opening(): string {
    const { company, job } = this.#moment.interview;
    const named = (line: string): number =>
      (hasPlaceholder(line, "company") ? (company === null ? -2 : 1) : 0) +
      (hasPlaceholder(line, "job") ? (job === null ? -2 : 1) : 0);
    const most = Math.max(0, ...this.#phrases.openings.map(named));
    const fitting = this.#phrases.openings.filter((line) => named(line) === most);
    return this.#pick(fitting.length > 0 ? fitting : PLAIN_OPENINGS);
  }

  /** What is said to the candidate's message before anything else. */
  #reaction(choice?: Choice): string {
    const { request } = this.#moment;
    switch (request) {
      case "unsure":
        return this.#pick(UNSURE_LINES);
      case "question":
        return this.#pick(LATER_LINES);
      case "greeting":
        return GREETING_LINE;
      case "instruction":
        return INSTRUCTION_LINE;
      case "answer":
        return this.#acknowledgement(true, choice);
      default:
        return "네, 알겠습니다.";
    }
  }

  /** @param quoting whether a word of the answer may be quoted */
  #acknowledgement(quoting: boolean, choice?: Choice): string {
    const { scope } = this.#moment;
    const question = choice?.question.question ?? "";
    const word = quoting ? quotable(scope).find((noun) => !question.includes(noun)) : undefined;
    const lines = this.#phrases.acknowledgements;
    const quotes = lines.filter((line) => hasPlaceholder(line, "word"));
    // Every answer echoed would sound like a machine: every third is.
    const echo = word !== undefined && quotes.length > 0 && this.#moment.transcript.turns % 3 === 0;
    const fitting = echo ? quotes : lines.filter((line) => !hasPlaceholder(line, "word"));
    return this.#pick(fitting, word);
  }

  /** Leads over to another topic, where the answer did not lead there by itself. */
  #bridge(choice: Choice): string {
    const { transcript, request } = this.#moment;
    const related = choice.related && choice.question.stage !== "closing";
    const called = related || request === "unsure" || request === "question" || transcript.asked.length === 0;
    return called || leadsOver(choice.question.question) ? "" : this.#pick(this.#phrases.bridges);
  }

  #question({ question }: Choice): string {
    return this.#fill(question.question);
  }

  /** One of some lines that was not said yet, or the one said longest ago; which is first depends on the interview. */
  #pick(lines: readonly string[], word?: string): string {
    const { transcript, interview, sources } = this.#moment;
    const start = lines.length === 0 ? 0 : hash(`${interview.company}/${interview.job}`) % lines.length;
    const rotated = [...lines.slice(start), ...lines.slice(0, start)];
    const lastSaid = (line: string): number =>
      transcript.said.findLastIndex((message) => sources[0]?.index.says(message, line) === true);
    const [line = ""] = rotated.toSorted((a, b) => lastSaid(a) - lastSaid(b));
    return this.#fill(line, word);
  }

  #fill(line: string, word?: string): string {
    const { orgType, company, job } = this.#moment.interview;
    return fill(line, {
      company: company ?? UNNAMED[orgType as keyof typeof UNNAMED] ?? UNNAMED.일반기업,
      job: job ?? UNNAMED_JOB,
      ...(word === undefined ? {} : { word }),
    });
  }
}

/** Whether a question begins with a short sentence that sets the scene. */
function leadsOver(question: string): boolean {
  const [first = "", ...rest] = question.split(/(?<=[.!?])\s+/u);
  return rest.length >= 2 && first.length <= 26;
}

/** The question at the end of a reply, without what led to it. */
function lastQuestion(reply: string): string {
  const sentences = reply.split(/(?<=[.!?])\s+/u);
  const last = sentences.findLastIndex((sentence) => sentence.endsWith("?"));
  const from = last < 0 ? Math.max(0, sentences.length - 1) : last;
  return sentences.slice(from).join(" ");
}

function join(...parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join(" ");
}

/** A number from a text (FNV-1a). */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const character of text) {
    value ^= character.codePointAt(0) ?? 0;
    value = Math.imul(value, 0x01000193) >>> 0;
  }
  return value;
}
