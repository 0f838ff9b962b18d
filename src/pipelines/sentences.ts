/** A mark that ends a sentence, with what closes after it, and the blank that shows it to be over. */
const SENTENCE_END = /(?:[.!?…]+|[。！？]+)["'”’»)\]」』]*\s+|\n+/u;

/** Shortest piece that is spoken by itself, in characters: a lone 네, would have the avatar stop after it. */
const SHORTEST = 8;

/**
 * Sentences of a text that is being written, each as soon as it is over. The pieces joined are the text.
 * @param tokens pieces of any length
 */
export async function* sentencesOf(tokens: AsyncIterable<string>): AsyncGenerator<string, void> {
  let held = "";
  for await (const token of tokens) {
    held += token;
    for (let end = sentenceEnd(held); end > 0; end = sentenceEnd(held)) {
      yield held.slice(0, end);
      held = held.slice(end);
    }
  }
  if (held.trim() !== "") yield held;
}

/** Where the first sentence of a text is over; 0 while none is. */
function sentenceEnd(text: string): number {
  let at = 0;
  for (let match = SENTENCE_END.exec(text); match; match = SENTENCE_END.exec(text.slice(at))) {
    const end = at + match.index + match[0].length;
    const sentence = text.slice(0, end);
    // 3.5, U.S. and such have no blank after their mark; a number with one counts the items of a list.
    if (sentence.trim().length >= SHORTEST && !/(?:^|\s)\d+\.\s+$/u.test(sentence)) return end;
    at = end;
  }
  return 0;
}
