/**
 * Words of Korean text without a dictionary: an eojeol (what stands between blanks) is a word with particles and endings,
 * which are taken off by their spelling and by whether they agree with the syllable before them.
 */

/** An eojeol, its place in the text, and the noun that it begins with, if it can be told. */
export type Eojeol = {
  readonly text: string;
  readonly at: number;
  /** Empty where the eojeol is a verb, or too short to tell. */
  readonly noun: string;
  /** What follows the noun. */
  readonly particle: string;
};

const AFTER_CONSONANT =
  "이라는 이라고 이라서 이라든지 이라면 이라 이나 이며 이고 이란 이자 이지만 이었습니다 이었고 이었는데 이었지만 이었던 이에요 이랑 은 을 이 과 과의 과는 으로 으로는 으로서 으로써 으로의 으로도";
const AFTER_VOWEL =
  "라는 라고 라서 라든지 라면 며 란 였습니다 였고 였는데 였지만 였던 예요 랑 는 를 가 와 와의 와는 로 로는 로서 로써 로의 로도";
const AFTER_ANY =
  "의 에 에서 에서는 에서도 에서의 에는 에도 에게 에게서 에게는 에게도 께 한테 까지 까지도 부터 보다 보다는 처럼 만 만의 만을 만이 만으로 만으로는 만으로도 만이라도 도 마다 조차 밖에 대로 뿐 뿐만 입니다 입니다만 인데 이신 들 들이 들을 들은 들과 들의 들에게 들도 들에 들께";

type Agreement = "consonant" | "vowel" | "any";

/** Particles, longest first. */
const PARTICLES: readonly (readonly [particle: string, after: Agreement])[] = (
  [
    ...AFTER_CONSONANT.split(" ").map((particle) => [particle, "consonant"] as const),
    ...AFTER_VOWEL.split(" ").map((particle) => [particle, "vowel"] as const),
    ...AFTER_ANY.split(" ").map((particle) => [particle, "any"] as const),
  ] as const
).toSorted(([a], [b]) => b.length - a.length);

/** Nouns whose last syllable looks like a particle. */
const WHOLE =
  /(?:결과|성과|효과|학과|교과|통과|초과|부과|회의|논의|합의|문의|강의|주의|제의|정의|동의|상의|창의|편의|예의|성의|호의|제도|속도|온도|정도|난이도|만족도|완성도|참여도|인지도|선호도|신뢰도|이해도|숙련도|기여도|빈도|강도|시도|지도|태도|각도|밀도|농도|습도|순도|해상도|진도|한도|의도|용도|구도|주도|보도|진로|경로|통로|도로|회로|활로|서로|새로|별로|스스로|바로|주로|실제로|불만|만만|높이|길이|깊이|많이|같이|어린이|노인|원인|확인|본인|개인|주인|타인|요인|할인|승인|대응책|휴가|전문가|작가|평가|증가|추가|단가|원가|물가|국가|허가|인가|참가|여가|교감|가이드|라인|온라인|디자인|체인|인라인|데이|에세이|고령)$/u;

/** Ends of eojeols that are verbs or adjectives, which quote badly. */
const VERBAL =
  /(?:습니다|습니까|니다|해요|어요|아요|세요|하고|하며|하면|하면서|하여|해서|했고|했으며|했는데|하는|하던|했던|하기|하게|하지|하지만|되고|되어|되는|되던|됐고|되었고|있는|있고|있어|없는|없이|같은|많은|좋은|위한|위해|통한|통해|대한|대해|관한|따른|따라|의한|인한|어서|아서|으면|으며|으니|니까|려고|도록|면서|지만|던|려면|거나|든지|듯이|게끔|자마자)$/u;

const HANGUL = /^[가-힣]+$/u;

/** The eojeols of a text in order. */
export function eojeols(text: string): Eojeol[] {
  const found: Eojeol[] = [];
  for (const match of text.matchAll(/[\p{L}\p{N}][\p{L}\p{N}&+#%./-]*/gu)) {
    const word = match[0].replace(/[./-]+$/u, "");
    found.push({ text: word, at: match.index, ...split(word) });
  }
  return found;
}

/** Takes the particle off an eojeol. A noun keeps at least two characters, since shorter ones cannot be told from verbs. */
function split(word: string): { noun: string; particle: string } {
  if (!WHOLE.test(word)) {
    for (const [particle, after] of PARTICLES) {
      const noun = word.slice(0, -particle.length);
      if (!word.endsWith(particle) || Array.from(noun).length < 2 || !agrees(noun, after)) continue;
      return isNominal(noun) ? { noun, particle } : { noun: "", particle: "" };
    }
  }
  return { noun: Array.from(word).length >= 2 && isNominal(word) ? word : "", particle: "" };
}

function agrees(noun: string, after: Agreement): boolean {
  if (after === "any") return true;
  const final = finalOf(noun);
  // Digits and Latin letters take either form by how they are read out.
  if (final === undefined) return true;
  return after === "vowel" ? final === 0 || final === RIEUL : final !== 0;
}

const RIEUL = 8;
const SSANG_SIOT = 20;

/** Number of the consonant that ends the last syllable; 0 for none; undefined where it is no Hangul. */
function finalOf(word: string): number | undefined {
  const syllable = (word.codePointAt(word.length - 1) ?? 0) - 0xac00;
  return syllable >= 0 && syllable < 11_172 ? syllable % 28 : undefined;
}

function isNominal(word: string): boolean {
  return !VERBAL.test(word) && finalOf(word) !== SSANG_SIOT && !/^[0-9.,]+$/.test(word);
}

/** Nouns too general to be quoted, and words that only look like nouns. */
const GENERAL: ReadonlySet<string> = new Set(
  (
    "경험 생각 부분 정도 저희 우리 자신 사람 사람들 이유 상황 내용 방법 모습 역할 문제 마음 말씀 질문 답변 도움 노력 시간 결과 " +
    "사실 과정 때문 하나 무엇 여러 모두 자기소개 지원 면접 회사 병원 직무 기회 관심 능력 필요 가지 이것 그것 저것 당시 지금 " +
    "이번 그때 처음 마지막 다음 이후 이전 오늘 내일 어제 매일 매번 항상 먼저 우선 특히 그리고 그래서 하지만 그런 이런 저런 어떤 " +
    "모든 다른 많이 같이 함께 다시 바로 아주 매우 정말 가장 조금 계속 직접 본인 스스로 서로 이상 이하 동안 사이 앞으로 " +
    "자체 관련 대부분 나머지 경우 의미 이야기 얘기 느낌 기억 얼마 누구 어디 언제 부족 가능 중요 최선 최대한 덕분 바탕 " +
    "중심 기반 사용 활용 진행 수행 담당 시작 완료 생활 학교 대학 대학교 학년 전공 졸업 저는 제가 귀사 귀원 입사 합격 감사 " +
    "그중 그날 이날 몇몇 각각 각자 전체 일부 나중 순간 평소 실제 오히려 만약 아마 아직 이미 벌써 점차 결국 드디어 방금 " +
    "무조건 충분 다양 여기 거기 저기 만큼 모르 있었 없었 였습 이었 습니다 입니다 합니다 했습니다"
  ).split(" "),
);

/** Counts and amounts: 세명, 십이년. Other nouns end in the same syllables (직원, 설명, 강점). */
const COUNTED =
  /^(?:수(?:년|개월)$|(?:[일이삼사오육칠팔구십백천만억몇두세네한]+|수[십백천만]+|다섯|여섯|일곱|여덟|아홉|열)(?:년|개월|명|번|점|원|살|시간|가지)$)/u;

/** Whether a noun says something by itself. */
export function isTelling(noun: string): boolean {
  return (
    !GENERAL.has(noun) &&
    !/^\d/.test(noun) &&
    Array.from(noun).length <= 12 &&
    !/(?:하기|되기|보기|시키기|하면)$/u.test(noun) &&
    !COUNTED.test(noun)
  );
}

/** Endings that make a verb of a noun: 개선했습니다, 협업하면서, 정리된. */
const MAKES_VERB = /^(?:하|했|한|할|함|해|합|되|됐|된|될|돼|받|시키|시켰|드리|드렸|같|처럼|들)/u;

/**
 * The noun that stands at a place of a text and holds what is there: `협업` for 협업하면서, `팀장님` for the `팀장` in
 * 팀장님께. Undefined where a verb stands there (어려웠던, 살펴보고), where the noun is another one, as in most compounds
 * that go on (`데이터베이스` is no `데이터`), or too general.
 * @param length of what was found at `at`
 */
export function nounAt(text: string, at: number, length: number): string | undefined {
  return findNoun(text, at, length, isTelling);
}

/** @param says whether a noun says enough by itself; the last one of a phrase need not (`응답 시간`) */
function findNoun(text: string, at: number, length: number, says: (noun: string) => boolean): string | undefined {
  const eojeol = eojeols(text).find((each) => each.at <= at && at < each.at + each.text.length);
  if (!eojeol) return undefined;
  const from = at - eojeol.at;
  const rest = eojeol.text.slice(from + length);
  const upTo = eojeol.text.slice(0, from + length);
  if (/\s/u.test(text.slice(at, at + length))) {
    const phrase = text.slice(eojeol.at, at + length);
    const tail = /\S+$/u.exec(phrase)?.[0].length ?? 1;
    const last = findNoun(text, at + length - tail, tail, () => true);
    return last === undefined ? undefined : phrase.replace(/\S+$/u, last);
  }
  // What it is not: 비용보다는, 가격이 아니라.
  if (rest.startsWith("보다") || /^\s+아니/u.test(text.slice(eojeol.at + eojeol.text.length))) return undefined;
  if (upTo.endsWith("보고") && !isReport(text.slice(0, eojeol.at), upTo, rest)) return undefined;
  if (rest === "" || isParticle(upTo, rest) || MAKES_VERB.test(rest)) {
    return says(upTo) && isNominal(upTo) && Array.from(upTo).length >= 2 ? upTo : undefined;
  }
  const { noun, particle } = eojeol;
  const compound =
    KEEPS_MEANING.test(noun.slice(upTo.length)) && particle !== "" && HANGUL.test(noun) && !MAKES_VERB.test(rest);
  return compound && says(noun) ? noun : undefined;
}

/** Syllables that go on a noun and leave it what it is: 팀장님, 고객사, 고객층, 불량률. */
const KEEPS_MEANING = /^(?:님|분|사|팀|층|률|율|비|값|표|량)$/u;

/** Whether 보고 is a report (팀장님께 보고, 중간보고를, 보고하고) and not a form of 보다 (자료를 보고, 해 보고, 살펴보고). */
function isReport(before: string, upTo: string, rest: string): boolean {
  if (upTo !== "보고") return /(?:결과|업무|중간|사전|상황|사후|구두)보고$/u.test(upTo);
  return rest === ""
    ? /(?:께|에게|한테|에|즉시|바로|먼저|우선|결과|상황)\s+$/u.test(before)
    : !/^(?:싶|나|서|는|도|만)/u.test(rest);
}

function isParticle(noun: string, rest: string): boolean {
  return PARTICLES.some(([particle, after]) => particle === rest && agrees(noun, after));
}

/** Particles that show a noun to be what is spoken about. */
const OBJECT = new Set(["을", "를", "들을"]);
const SUBJECT = new Set(["이", "가", "은", "는", "들이", "들은"]);

/**
 * Nouns of an answer that may be quoted, the most telling first.
 * @param known words that belong to the job; they go before others
 */
export function tellingNouns(answer: string, known: ReadonlySet<string>): string[] {
  const words = eojeols(answer);
  const scores = new Map<string, number>();
  for (const [place, { noun, particle }] of words.entries()) {
    if (noun === "" || !isTelling(noun) || words[place + 1]?.text.startsWith("아니")) continue;
    const object = OBJECT.has(particle);
    // Without a particle a noun cannot be told from an adverb; with a subject's it may be an adjective still.
    const familiar = known.has(noun);
    if (!object && !(familiar && SUBJECT.has(particle))) continue;
    const length = Array.from(noun).length;
    const score = (object ? 3 : 2) + (familiar ? 3 : 0) + (length >= 3 ? 1 : 0);
    scores.set(noun, (scores.get(noun) ?? 0) + score);
  }
  return [...scores].toSorted(([, a], [, b]) => b - a).map(([noun]) => noun);
}

/** Words of the language that say nothing about a subject, for the index. */
const FUNCTION_WORDS =
  /^(?:저는|제가|저의|나는|그리고|그래서|하지만|그런데|그러나|또한|네|예|아니요|어떻게|무엇|어떤|있|없|것|수|등|때)$/u;

/**
 * What a text is found by: its words without particles and endings, and every two syllables of the longer ones, so that
 * a noun is found within a compound.
 */
export function searchTerms(text: string): string[] {
  const terms: string[] = [];
  for (const { text: word, noun } of eojeols(text.normalize("NFC"))) {
    if (FUNCTION_WORDS.test(word)) continue;
    const base = (noun === "" ? word : noun)
      .toLowerCase()
      .replace(/(?:하|했|한|할|함|해|합|되|됐|된|될|시키|시켰)[가-힣]*$/u, "");
    if (base.length < 2) continue;
    terms.push(base);
    if (base.length > 2 && HANGUL.test(base)) {
      for (let at = 0; at + 2 <= base.length; at += 1) terms.push(base.slice(at, at + 2));
    }
  }
  return terms;
}
