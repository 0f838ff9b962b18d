import assert from "node:assert/strict";
import { test } from "node:test";
import { particle } from "../../src/engines/chat/question-set/particles.ts";
import { fill, pattern, unknownPlaceholders } from "../../src/engines/chat/question-set/placeholders.ts";

/** Words with their forms of 을/를, 은/는, 이/가, 와/과 and 으로/로, as Koreans write them. */
const FORMS: readonly (readonly [word: string, ...forms: string[]])[] = [
  // Hangul: vowel, consonant, and ㄹ, after which 로 stands.
  ["회사", "를", "는", "가", "와", "로"],
  ["병원", "을", "은", "이", "과", "으로"],
  ["서울", "을", "은", "이", "과", "로"],
  ["삼성전자", "를", "는", "가", "와", "로"],
  ["기획전략", "을", "은", "이", "과", "으로"],
  ["세브란스병원", "을", "은", "이", "과", "으로"],
  ["간호사", "를", "는", "가", "와", "로"],
  ["개발", "을", "은", "이", "과", "로"],
  ["닭", "을", "은", "이", "과", "으로"],
  ["값", "을", "은", "이", "과", "으로"],
  // Letters spelled out: 에이치알, 씨에스, 큐에이, 엘, 엠, 엔.
  ["HR", "을", "은", "이", "과", "로"],
  ["고객서비스CS", "를", "는", "가", "와", "로"],
  ["품질관리QA", "를", "는", "가", "와", "로"],
  ["SQL", "을", "은", "이", "과", "로"],
  ["CRM", "을", "은", "이", "과", "으로"],
  ["KPI", "를", "는", "가", "와", "로"],
  ["LAN", "을", "은", "이", "과", "으로"],
  ["C", "를", "는", "가", "와", "로"],
  ["R", "을", "은", "이", "과", "로"],
  ["3D", "를", "는", "가", "와", "로"],
  // English words as they are pronounced.
  ["Python", "을", "은", "이", "과", "으로"],
  ["Java", "를", "는", "가", "와", "로"],
  ["Excel", "을", "은", "이", "과", "로"],
  ["Google", "을", "은", "이", "과", "로"],
  ["Git", "을", "은", "이", "과", "으로"],
  ["Slack", "을", "은", "이", "과", "으로"],
  ["Docker", "를", "는", "가", "와", "로"],
  ["Spring", "을", "은", "이", "과", "으로"],
  ["React", "를", "는", "가", "와", "로"],
  ["MySQL", "을", "은", "이", "과", "로"],
  ["web", "을", "은", "이", "과", "으로"],
  ["C++", "를", "는", "가", "와", "로"],
  ["C#", "을", "은", "이", "과", "으로"],
  // Numbers: 영 일 이 삼 사 오 육 칠 팔 구, 십 백 천 만 억 조.
  ["0", "을", "은", "이", "과", "으로"],
  ["1", "을", "은", "이", "과", "로"],
  ["2", "를", "는", "가", "와", "로"],
  ["3", "을", "은", "이", "과", "으로"],
  ["6", "을", "은", "이", "과", "으로"],
  ["7", "을", "은", "이", "과", "로"],
  ["8", "을", "은", "이", "과", "로"],
  ["9", "를", "는", "가", "와", "로"],
  ["10", "을", "은", "이", "과", "으로"],
  ["2024", "를", "는", "가", "와", "로"],
  ["1000000000000", "를", "는", "가", "와", "로"],
  ["30%", "를", "는", "가", "와", "로"],
  // What stands after a word in brackets or quotes is not read out.
  ["인공지능(AI)", "을", "은", "이", "과", "으로"],
  ["‘혁신’", "을", "은", "이", "과", "으로"],
  ["기아 (Kia)", "를", "는", "가", "와", "로"],
];

test("a particle agrees with the word before it, whatever it is written in", () => {
  const pairs = ["을/를", "은/는", "이/가", "와/과", "으로/로"];
  for (const [word, ...forms] of FORMS) {
    assert.deepEqual(
      pairs.map((pair) => particle(word, pair)),
      forms,
      word,
    );
    assert.deepEqual(
      pairs.map((pair) => particle(word.normalize("NFD"), pair)),
      forms,
      `${word}, decomposed`,
    );
  }
});

test("a particle that does not exist is refused", () => {
  assert.throws(() => particle("회사", "을/은"), RangeError);
});

test("lines are filled in with words and their particles", () => {
  const line = "방금 {word|을/를} 말씀하셨는데, {company|은/는} {job} 직무에서 {word|이/가} 중요합니다.";
  assert.equal(
    fill(line, { word: "협업", company: "기아", job: "인사HR" }),
    "방금 협업을 말씀하셨는데, 기아는 인사HR 직무에서 협업이 중요합니다.",
  );
});

test("a line is found again whatever it was filled with, and no other is", () => {
  const line = "{word|을/를} 만들 때 제일 어려웠던 점은 무엇인가요?";
  assert.ok(pattern(line).test(`네, 알겠습니다. ${fill(line, { word: "로봇" })}`));
  assert.ok(!pattern(line).test("로봇을 만들 때 제일 즐거웠던 점은 무엇인가요?"));
  assert.ok(pattern("C++ (또는 {word})은?").test("C++ (또는 Rust)은?"), "signs of expressions stand for themselves");
});

test("placeholders that are not known are named", () => {
  assert.deepEqual(unknownPlaceholders("{word|을/를} {company} {job|와/과}", ["word", "company", "job"]), []);
  assert.deepEqual(unknownPlaceholders("{name} {word|을를}", ["word"]), ["{name}", "{word|을를}"]);
  assert.equal(unknownPlaceholders("{word", ["word"]).length, 1);
});
