/** Cutting a text into sentences that are spoken one by one. Nothing is lost: the parts joined are the text. */

/** Longest sentence, in units (below): about 16 s of speech. */
const LONGEST = 240;
/** Longest first sentence, so that the first sound comes soon: about 6 s. */
const LONGEST_FIRST = 90;
/** A clause shorter than this is not worth a part of its own. */
const SHORTEST_CLAUSE = 20;

/** Marks that end a sentence, those that close after them, and the space that follows. */
const TERMINATOR = /(?:[.!?…]+|[。！？]+)[\p{Pe}\p{Pf}"'»”’]*(?:\s+|$|(?<=[。！？][\p{Pe}\p{Pf}"'»”’]*))|\n\s*/gu;
const CLAUSE_MARK = /[,;:，、；：](?!\d)[\p{Pe}\p{Pf}"'»”’]*\s*|\s[–—-]\s+|—\s*/gu;

/** Words that a full stop follows without ending a sentence, in lower case, without the stop. */
const ABBREVIATIONS: ReadonlySet<string> = new Set(
  (
    "mr mrs ms dr prof sr jr st vs etc e.g i.e u.s u.k a.m p.m no fig vol approx inc ltd co dept est " +
    "т.е т.д т.п т.к т.н и.о н.э г гг в вв ул д кв стр руб коп тыс млн млрд им проф акад доц см ср др пр обл р-н рис " +
    "т.б т.с.с ж жж ғ ғғ б.з мыс қ көш мың"
  ).split(" "),
);
/** Of those, the ones that often end a sentence too: they do where a capital follows. */
const OFTEN_LAST: ReadonlySet<string> = new Set([
  "etc",
  "т.д",
  "т.п",
  "т.б",
  "т.с.с",
  "гг",
  "руб",
  "коп",
  "inc",
  "ltd",
  "a.m",
  "p.m",
  "др",
]);

const SPEAKABLE = /[\p{L}\p{N}]/u;
const WIDE = /[\p{Script=Hangul}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u;
/** Never the first of a part: it belongs to the character before it. */
const EXTENDING = /^[\p{M}\u200d\ufe0e\ufe0f\p{EMod}]/u;

/**
 * A text as sentences, each with the space that follows it. A sentence that is too long is cut at clause marks, then at
 * blanks, then anywhere between two characters; the first one is cut sooner than the others. What cannot be spoken by
 * itself stays with its neighbour.
 */
export function cutSentences(text: string): readonly string[] {
  const parts: string[] = [];
  for (const sentence of joinUnspeakable(cutAtSentenceEnds(text))) {
    let rest = sentence;
    while (rest !== "") {
      const part = head(rest, parts.length === 0 ? LONGEST_FIRST : LONGEST);
      parts.push(part);
      rest = rest.slice(part.length);
    }
  }
  return joinUnspeakable(parts);
}

/** A text cut where its sentences end, each with the space that follows it: joined they are the text. */
export function cutAtSentenceEnds(text: string): string[] {
  const sentences: string[] = [];
  let start = 0;
  for (const match of text.matchAll(TERMINATOR)) {
    const end = match.index + match[0].length;
    if (end === start || !isEnd(text, start, match.index, match[0])) continue;
    sentences.push(text.slice(start, end));
    start = end;
  }
  if (start < text.length) sentences.push(text.slice(start));
  return sentences;
}

/** Whether the mark at `at` ends the sentence that began at `start`. */
function isEnd(text: string, start: number, at: number, mark: string): boolean {
  const next = text.slice(at + mark.length, at + mark.length + 2);
  const before = text.slice(start, at);
  // «Привет!» — сказал он. And a line broken in the middle of a sentence.
  if (/^\p{Ll}/u.test(next)) return false;
  if (!mark.startsWith("\n") && /^[–—-]\s?$/u.test(next)) return false;
  if (!/^\.(?!\.)/u.test(mark)) return true;
  const word = /[^\s\p{Ps}\p{Pi}"'«“‘]*$/u.exec(before)?.[0] ?? "";
  // А. С. Пушкин, U. S.; "1." at the start of a line.
  if (/^\p{Lu}$|^\p{Lu}\.\p{Lu}$/u.test(word)) return next === "";
  if (/^\s*\d{1,3}$/u.test(before)) return false;
  const lower = word.toLowerCase();
  if (!ABBREVIATIONS.has(lower)) return true;
  return next === "" || (OFTEN_LAST.has(lower) && /^\p{Lu}/u.test(next));
}

/** Gives what has no letters or digits to the part before it, or to the one after it if it comes first. */
function joinUnspeakable(parts: readonly string[]): string[] {
  const joined: string[] = [];
  for (const part of parts) {
    const last = joined.length - 1;
    if (last >= 0 && (!SPEAKABLE.test(part) || !SPEAKABLE.test(joined[last] as string))) joined[last] += part;
    else joined.push(part);
  }
  return joined;
}

/** How much of a part's length a text takes up: letters, with syllables and ideographs counting double. */
function units(text: string): number {
  let sum = 0;
  for (const character of text) sum += WIDE.test(character) ? 2 : 1;
  return sum;
}

/** First piece of `text` that is no longer than `limit` units. */
function head(text: string, limit: number): string {
  if (units(text) <= limit) return text;
  const longest = prefix(text, limit);
  const shortest = prefix(text, SHORTEST_CLAUSE).length;
  let cut = 0;
  for (const match of longest.matchAll(CLAUSE_MARK)) {
    const end = match.index + match[0].length;
    if (end >= shortest && end < longest.length) cut = end;
  }
  // The first part may run on to its own end rather than be cut without a pause.
  if (cut === 0 && limit < LONGEST) return head(text, LONGEST);
  if (cut === 0) cut = longest.search(/\S*$/u);
  if (cut <= 0) cut = longest.length;
  return text.slice(0, cut);
}

/** The most whole characters of `text` that take up no more than `limit` units. */
function prefix(text: string, limit: number): string {
  let sum = 0;
  let end = 0;
  let fitting = 0;
  for (const character of text) {
    sum += WIDE.test(character) ? 2 : 1;
    if (!EXTENDING.test(character)) fitting = end;
    if (sum > limit) return text.slice(0, fitting === 0 ? end : fitting);
    end += character.length;
  }
  return text;
}
