import { z } from "zod";
import type { TimedWord } from "../speech-engine.ts";

/** Characters and when each is heard, in seconds; the characters joined are the text. */
export const alignmentSchema = z.object({
  characters: z.array(z.string()),
  character_start_times_seconds: z.array(z.number()),
  character_end_times_seconds: z.array(z.number()),
});

export type Alignment = z.infer<typeof alignmentSchema>;

/** What is heard of a word; other marks at its ends do not belong to it. */
const HEARD = /[\p{L}\p{N}\p{M}\p{S}%&@#]/u;

/** Words of a text from the times of its characters; undefined where the three lists do not fit each other. */
export function wordsOf({
  characters,
  character_start_times_seconds: starts,
  character_end_times_seconds: ends,
}: Alignment): TimedWord[] | undefined {
  if (starts.length !== characters.length || ends.length !== characters.length) return undefined;
  const words: TimedWord[] = [];
  let first: number | undefined;
  let last = 0;
  let earliest = 0;
  const close = (): void => {
    if (first === undefined) return;
    const start = Math.max(earliest, starts[first] as number);
    words.push({ text: characters.slice(first, last + 1).join(""), start, end: Math.max(start, ends[last] as number) });
    earliest = start;
    first = undefined;
  };
  for (const [index, character] of characters.entries()) {
    if (/^\s*$/u.test(character)) close();
    else if (HEARD.test(character)) {
      first ??= index;
      last = index;
    }
  }
  close();
  return words;
}
