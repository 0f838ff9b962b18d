const OPEN = "<think>";
const CLOSE = "</think>";

/**
 * Leaves out what a reasoning model thinks before it speaks (`<think>…</think>`), and the blanks before the first word,
 * from text that comes in pieces cut anywhere.
 */
export class VisibleText {
  #held = "";
  #thinking = false;
  #begun = false;

  /** What of the text so far may be shown now. */
  push(piece: string): string {
    this.#held += piece;
    let shown = "";
    for (;;) {
      const mark = this.#thinking ? CLOSE : OPEN;
      const at = this.#held.indexOf(mark);
      if (at >= 0) {
        if (!this.#thinking) shown += this.#held.slice(0, at);
        this.#held = this.#held.slice(at + mark.length);
        this.#thinking = !this.#thinking;
        continue;
      }
      const kept = beginningAtEnd(this.#held, mark);
      if (!this.#thinking) shown += this.#held.slice(0, this.#held.length - kept);
      this.#held = this.#held.slice(this.#held.length - kept);
      return this.#begin(shown);
    }
  }

  /** What was held back in case a mark would follow. */
  end(): string {
    const rest = this.#thinking ? "" : this.#held;
    this.#held = "";
    return this.#begin(rest);
  }

  #begin(text: string): string {
    const shown = this.#begun ? text : text.trimStart();
    this.#begun ||= shown !== "";
    return shown;
  }
}

/** How many characters at the end of a text are the beginning of a mark. */
function beginningAtEnd(text: string, mark: string): number {
  for (let length = Math.min(mark.length - 1, text.length); length > 0; length -= 1) {
    if (text.endsWith(mark.slice(0, length))) return length;
  }
  return 0;
}
