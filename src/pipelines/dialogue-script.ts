import { AppError } from "../errors.ts";
import { MAX_SPEAKERS } from "../limits/inputs.ts";

/** What one speaker says before the next tag. */
export type Turn = {
  /** The number in the tag. */
  readonly speaker: number;
  /** Without tags, as the caller wrote it, trimmed. */
  readonly text: string;
};

/** A tag as people and models write it: `[SPEAKER0]`, `[Speaker 1]`, `[speaker_2]:`. */
const TAG = /\[\s*speaker[\s_-]*(\d{1,4})\s*\]\s*:?/giu;
/** What was meant as a tag and is none; it must not be read aloud. */
const BROKEN_TAG = /\[\s*speaker[^\]\n]{0,40}\]/iu;
const SPEAKABLE = /[\p{L}\p{N}]/u;

/**
 * Reads a dialogue. A tag begins a turn, wherever it stands; text without one belongs to the last speaker, and before
 * the first tag to speaker 0. Turns without a word are left out.
 * @throws AppError `invalid_input` for a tag without a number, too many speakers, or nothing to say
 */
export function parseDialogue(text: string): Turn[] {
  const turns: Turn[] = [];
  let speaker = 0;
  let from = 0;
  const end = (to: number): void => {
    const said = text.slice(from, to).trim();
    if (SPEAKABLE.test(said)) turns.push({ speaker, text: said });
  };
  for (const match of text.matchAll(TAG)) {
    end(match.index);
    speaker = Number(match[1]);
    from = match.index + match[0].length;
  }
  end(text.length);
  const broken = turns.map((turn) => BROKEN_TAG.exec(turn.text)?.[0]).find((tag) => tag !== undefined);
  if (broken !== undefined) {
    throw new AppError("invalid_input", `"${broken}" is no speaker's tag. Write [SPEAKER0], [SPEAKER1] and so on.`);
  }
  if (turns.length === 0) {
    throw new AppError(
      "invalid_input",
      "The dialogue has nothing to say. Write lines such as [SPEAKER0] Hello. [SPEAKER1] Hello to you.",
    );
  }
  const speakers = new Set(turns.map((turn) => turn.speaker)).size;
  if (speakers > MAX_SPEAKERS) {
    throw new AppError("invalid_input", `The dialogue has ${speakers} speakers; ${MAX_SPEAKERS} are allowed.`);
  }
  return turns;
}

/** A text without speakers' tags. */
export function withoutTags(text: string): string {
  return text
    .replace(TAG, " ")
    .replace(/[ \t]+/g, " ")
    .trim();
}
