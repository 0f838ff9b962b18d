import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { nounAt } from "../../src/engines/chat/question-set/korean-words.ts";
import { fill, hasPlaceholder } from "../../src/engines/chat/question-set/placeholders.ts";
import { readQuestionLibrary } from "../../src/engines/chat/question-set/question-library.ts";
import { STAGES } from "../../src/engines/chat/question-set/question-schema.ts";

const root = join(import.meta.dirname, "../..");
const folder = join(root, "models/questions");
const library = await readQuestionLibrary(folder);
const jobs = library.sets.filter(({ job_name: job }) => job !== null);

/** The lists of the interview document, section 2. */
const DOCUMENTED = {
  일반기업: {
    companies:
      "삼성전자, SK하이닉스, 현대자동차, LG에너지솔루션, 삼성바이오로직스, 기아, LG전자, 포스코홀딩스, 네이버, 현대모비스",
    jobs: "개발엔지니어링, 마케팅영업, 고객서비스CS, 인사HR, 운영관리, 기획전략, 재무회계, 품질관리QA, 글로벌마케팅, 법무컴플라이언스, 해외영업",
  },
  병원: {
    companies:
      "서울아산병원, 삼성서울병원, 서울대병원, 세브란스병원, 분당서울대병원, 강남세브란스병원, 아주대병원, 서울성모병원, 인하대병원, 경희대병원",
    jobs: "간호사, 국제의료관광코디네이터",
  },
} as const;

/** Share of letter pairs above which two questions are the same one in other words; unrelated ones are below 0.3. */
const SAME = 0.5;

const MOST_SHARED = 3;

/** A text without blanks, punctuation and placeholders. */
function normalised(text: string): string {
  return text
    .normalize("NFC")
    .replaceAll(/\{[^}]*\}|[^\p{L}\p{N}]/gu, "")
    .toLowerCase();
}

function pairs(text: string): ReadonlySet<string> {
  const letters = normalised(text);
  return new Set(Array.from({ length: Math.max(0, letters.length - 1) }, (_, at) => letters.slice(at, at + 2)));
}

function likeness(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const shared = [...a].filter((pair) => b.has(pair)).length;
  return shared / (a.size + b.size - shared);
}

/** Whether a Korean word ends in a consonant, and whether that is ㄹ. Words of other letters: undefined. */
function ending(word: string): { consonant: boolean; rieul: boolean } | undefined {
  const final = /[가-힣]$/u.test(word) ? ((word.codePointAt(word.length - 1) ?? 0) - 0xac00) % 28 : undefined;
  return final === undefined ? undefined : { consonant: final !== 0, rieul: final === 8 };
}

/** Particles that may follow a word in a text whose pairs were filled in, by how the word ends. */
function expected(word: string, pair: string): string | undefined {
  const end = ending(word);
  const [afterConsonant = "", afterVowel = ""] = ({ "와/과": "과/와", "과/와": "과/와" }[pair] ?? pair).split("/");
  if (!end) return undefined;
  if (pair === "으로/로" && end.rieul) return afterVowel;
  return end.consonant ? afterConsonant : afterVowel;
}

describe("question sets", () => {
  it("has the document's companies, hospitals and jobs, each job with a set of its own", () => {
    for (const [orgType, { companies, jobs: names }] of Object.entries(DOCUMENTED)) {
      const organisation = library.organisations[orgType as keyof typeof DOCUMENTED];
      assert.deepEqual(Object.keys(organisation.companies), companies.split(", "));
      assert.deepEqual(organisation.jobs, names.split(", "));
      for (const job of names.split(", ")) {
        assert.ok(
          jobs.some((set) => set.org_type === orgType && set.job_name === job),
          `${orgType} ${job}`,
        );
      }
      for (const [company, { topics }] of Object.entries(organisation.companies)) {
        assert.ok(topics.length >= 2, company);
        // Figures, years and ranks would be claims.
        for (const topic of topics) assert.doesNotMatch(topic, /\d|[%％]|1위|최초|최대/u, `${company}: ${topic}`);
      }
    }
    assert.equal(jobs.length, 13);
  });

  for (const set of library.sets) {
    describe(set.id, () => {
      it("has at least 20 questions, of every stage, in an order that ends with the closing ones", () => {
        assert.ok(set.questions.length >= 20);
        for (const stage of STAGES)
          assert.ok(
            set.questions.some((question) => question.stage === stage),
            stage,
          );
        const order = set.questions.map(({ stage }) => STAGES.indexOf(stage));
        assert.deepEqual(
          order,
          order.toSorted((a, b) => a - b),
        );
      });

      it("has at least two follow-ups to every question, one of which fits any answer", () => {
        for (const { id, follow_ups: followUps } of set.questions) {
          assert.ok(followUps.length >= 2, id);
          assert.ok(
            followUps.some(({ when, ask }) => when === undefined && !hasPlaceholder(ask, "word")),
            id,
          );
          assert.ok(
            followUps.some(({ when, ask }) => when !== undefined && hasPlaceholder(ask, "word")),
            `${id} quotes nothing`,
          );
        }
      });

      it("has keywords of its own for every question", () => {
        for (const { id, keywords } of set.questions) {
          assert.ok(keywords.length >= 4, id);
          assert.equal(new Set(keywords).size, keywords.length, `${id} has a keyword twice`);
        }
      });

      it("says each follow-up with whichever word calls for it, its particle agreeing", () => {
        for (const { id, follow_ups: followUps } of set.questions) {
          for (const { when = [], ask } of followUps) {
            const needed = [...ask.matchAll(/\{word(?:\|([^}]*))?\}/gu)].map(([, pair]) => pair);
            if (needed.length === 0) continue;
            assert.ok(when.length >= 2, `${id}: ${ask}`);
            for (const word of when) {
              // The engine finds the word in an answer and can quote it.
              const answer = `저는 ${word}${expected(word, "을/를") ?? "를"} 생각했습니다.`;
              assert.equal(nounAt(answer, answer.indexOf(word), word.length), word, `${id}: ${word}`);
              const said = fill(ask, { word });
              assert.doesNotMatch(said, /[{}]|undefined|\s{2}/u);
              for (const pair of needed) {
                const particle = pair === undefined ? "" : expected(word, pair);
                if (particle !== undefined)
                  assert.ok(said.includes(word + particle), `${id}: ${word} ${pair}: ${said}`);
              }
            }
          }
        }
      });

      it("asks nothing that the interviewer takes for another step of the interview", () => {
        for (const { id, question, follow_ups: followUps } of set.questions) {
          for (const text of [question, ...followUps.map(({ ask }) => ask)]) {
            assert.doesNotMatch(text, /자기\s?소개|마지막으로.{0,30}(?:하고 싶|궁금|질문|말씀)/u, id);
          }
        }
      });

      it("says no follow-up twice", () => {
        const asks = set.questions.flatMap(({ follow_ups: followUps }) => followUps.map(({ ask }) => normalised(ask)));
        assert.equal(new Set(asks).size, asks.length);
      });
    });
  }

  it("has every id once", () => {
    const ids = library.sets.flatMap(({ questions }) => questions.map(({ id }) => id));
    assert.equal(new Set(ids).size, ids.length);
  });

  it("tells a question in slightly other words for the same, and other questions apart", () => {
    const [first, second] = library.sets[0]?.questions ?? [];
    assert.ok(first && second);
    const reworded = `${first.question.replace(/[?.!]/gu, "")} 조금만 더요`;
    assert.ok(likeness(pairs(first.question), pairs(reworded)) > SAME);
    assert.ok(likeness(pairs(first.question), pairs(second.question)) < SAME);
  });

  it("shares at most three questions between any two jobs, and none within one, in whatever words", () => {
    const all = library.sets.map(({ id, questions }) => ({
      id,
      questions: questions.map(({ question }) => ({ question, pairs: pairs(question) })),
    }));
    for (const [index, a] of all.entries()) {
      for (const b of all.slice(index)) {
        const shared = a.questions.flatMap((one, at) =>
          b.questions
            .slice(a === b ? at + 1 : 0)
            .filter((other) => likeness(one.pairs, other.pairs) >= SAME)
            .map((other) => `${one.question} / ${other.question}`),
        );
        assert.ok(shared.length <= (a === b ? 0 : MOST_SHARED), `${a.id}, ${b.id}: ${shared.join("\n")}`);
      }
    }
  });
});

describe("phrases", () => {
  const {
    openings,
    acknowledgements,
    bridges,
    closings,
    farewells,
    self_introduction: introductions,
  } = library.phrases;

  it("greets with the company and the job, with either, and with neither", () => {
    const has = (company: boolean, job: boolean): boolean =>
      openings.some((line) => hasPlaceholder(line, "company") === company && hasPlaceholder(line, "job") === job);
    for (const company of [true, false]) for (const job of [true, false]) assert.ok(has(company, job));
  });

  it("has enough of each not to say one twice in an interview, and the words that an interview is read by", () => {
    assert.ok(acknowledgements.length >= 10);
    assert.ok(bridges.length >= 8);
    assert.ok(closings.length >= 3 && farewells.length >= 3 && introductions.length >= 3);
    for (const line of introductions) assert.match(line, /자기소개/u);
    for (const line of closings) assert.match(line, /마지막으로/u);
    for (const lines of [openings, acknowledgements, bridges, closings, farewells, introductions]) {
      assert.equal(new Set(lines.map(normalised)).size, lines.length);
    }
  });

  it("thanks without a judgement of what was said", () => {
    for (const line of acknowledgements) assert.doesNotMatch(line, /훌륭|대단|인상|멋지|완벽|아쉽|부족|틀리|잘하/u);
  });
});

describe("candidates' answers", () => {
  const scripts = join(root, "test/documents/001-interview/interviews");

  it("are there for every job: twelve, for a company of the job's field", () => {
    assert.deepEqual(readdirSync(scripts).toSorted(), jobs.map(({ id }) => `${id}.json`).toSorted());
    for (const { id, org_type: orgType } of jobs) {
      const { company_name: company, answers } = JSON.parse(readFileSync(join(scripts, `${id}.json`), "utf8")) as {
        company_name: string;
        answers: string[];
      };
      assert.ok(orgType && company in library.organisations[orgType].companies, company);
      assert.equal(answers.length, 12, id);
      assert.equal(new Set(answers).size, 12, id);
    }
  });
});
