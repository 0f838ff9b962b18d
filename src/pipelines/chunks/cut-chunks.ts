import { cutAtSentenceEnds } from "../../engines/speech/espeak/sentences.ts";

/** Words of a chunk that a caller may ask for. */
export const CHUNK_WORDS = { min: 5, max: 30, default: 15 } as const;

/** What it costs to end a chunk at a place, against one chunk more, which costs 1. */
const COST = { sentence: 0, clause: 1.3, joint: 1.7, word: 2.4, shortWord: 3 } as const;
/** What a chunk costs that is not filled, at most, and one of a word or two. */
const UNFILLED = 0.5;
const TINY = { words: 2, cost: 0.6 } as const;

const CLAUSE_END = /[,;:，、；：—–][\p{Pe}\p{Pf}"'»”’]*$/u;
const DASH = /^[—–-]$/u;
/** Words that open a clause: a chunk may end before them. */
const OPENING: ReadonlySet<string> = new Set(
  (
    "and but or so because which who that when while if where although " +
    "и а но или что чтобы потому поэтому который которая которое которые когда если где хотя пока как " +
    "және бірақ немесе сондықтан өйткені егер ал " +
    "그리고 하지만 그러나 그래서 또는 그런데 따라서"
  ).split(" "),
);
/** Endings of Korean verbs and of Kazakh ones that close a clause. */
const CLOSING = /(?:[가-힣](?:고|며|면|지만|는데|니까|면서|아서|어서|해서|려고)|(?:ып|іп|са|се|ғанда|генде))$/u;
/** A word that leans on the next one: a preposition, an article, a sign. */
const LEANING = /^[\p{Script=Latin}\p{Script=Cyrillic}]{1,2}$|^[№$€₸₽#]$/u;

/**
 * A text in chunks of at most `most` words, which end where sentences do wherever that is possible, else where clauses
 * do. Words are what blanks part; the chunks joined by blanks are the text, whatever blanks it had.
 */
export function cutChunks(text: string, most: number): readonly string[] {
  const words = text.split(/\s+/u).filter((word) => word !== "");
  if (words.length === 0) return [];
  const ends = endCosts(text, words);
  // The cheapest way to cut the first n words, and where the last of its chunks begins.
  const cheapest = new Float64Array(words.length + 1).fill(Number.POSITIVE_INFINITY);
  const begins = new Int32Array(words.length + 1);
  cheapest[0] = 0;
  for (let end = 1; end <= words.length; end++) {
    for (let begin = Math.max(0, end - most); begin < end; begin++) {
      const count = end - begin;
      const unfilled = UNFILLED * ((most - count) / most) ** 2 + (count <= TINY.words ? TINY.cost : 0);
      const cost = (cheapest[begin] as number) + 1 + unfilled + (ends[end - 1] as number);
      if (cost < (cheapest[end] as number)) {
        cheapest[end] = cost;
        begins[end] = begin;
      }
    }
  }
  const chunks: string[] = [];
  for (let end = words.length; end > 0; end = begins[end] as number) {
    chunks.push(words.slice(begins[end], end).join(" "));
  }
  return chunks.reverse();
}

/** What it costs to end a chunk after each word. */
function endCosts(text: string, words: readonly string[]): readonly number[] {
  const last = new Set<number>();
  let count = 0;
  for (const sentence of cutAtSentenceEnds(text)) {
    count += sentence.split(/\s+/u).filter((word) => word !== "").length;
    // A mark that stands in the middle of a word ends none.
    if (/\s$/u.test(sentence)) last.add(count - 1);
  }
  return words.map((word, index) => {
    const next = words[index + 1];
    if (next === undefined || last.has(index)) return COST.sentence;
    if (CLAUSE_END.test(word)) return COST.clause;
    if (DASH.test(next) || DASH.test(word)) return DASH.test(next) ? COST.shortWord : COST.clause;
    if (OPENING.has(bare(next)) || CLOSING.test(word)) return COST.joint;
    return LEANING.test(word) ? COST.shortWord : COST.word;
  });
}

function bare(word: string): string {
  return word.toLowerCase().replace(/[^\p{L}]/gu, "");
}
