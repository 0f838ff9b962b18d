import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { createQuestionSetEngine } from "../../../src/engines/chat/question-set/question-set-engine.ts";
import { type Held, holdInterview, scriptedSets, transcript, transcriptPath } from "../../../tools/interviews.ts";

const library = await createQuestionSetEngine({ modelsDir: join(import.meta.dirname, "../../../models") }).library();
const held: Held[] = [];
for (const slug of scriptedSets()) held.push(await holdInterview(slug));

const repliesOf = ({ messages }: Held): string[] =>
  messages.filter(({ role }) => role === "assistant").map(({ content }) => content);
const sentencesOf = (text: string): string[] => text.split(/(?<=[.!?])\s+/u);

/** A particle of a pair by how a Korean word ends; undefined where it does not end in Hangul. */
function agreeing(word: string, pair: string): string | undefined {
  if (!/[가-힣]$/u.test(word)) return undefined;
  const final = ((word.codePointAt(word.length - 1) ?? 0) - 0xac00) % 28;
  const forms: Readonly<Record<string, readonly [consonant: string, vowel: string]>> = {
    "을/를": ["을", "를"],
    "은/는": ["은", "는"],
    "이/가": ["이", "가"],
    "와/과": ["과", "와"],
    "과/와": ["과", "와"],
    "으로/로": final === 8 ? ["로", "로"] : ["으로", "로"],
  };
  return forms[pair]?.[final === 0 ? 1 : 0];
}

describe("001 chat: interviews by the embedded interviewer", () => {
  it("001 §2 job_name: an interview of twelve answers is written down for every job, and is held so again", () => {
    const jobs = library.sets.filter(({ job_name: job }) => job !== null).map(({ id }) => id);
    assert.deepEqual(scriptedSets(), jobs.toSorted());
    for (const interview of held) {
      assert.equal(interview.messages.length, 26, `${interview.slug}: the begin, twelve answers and their replies`);
      const written = readFileSync(transcriptPath(interview.slug), "utf8");
      assert.equal(transcript(interview), written, `${interview.slug}: run tools/interviews.ts and read it`);
    }
  });

  it("001 §2 job_name: no question and no follow-up is asked twice in an interview", () => {
    for (const interview of held) {
      const asked = repliesOf(interview).flatMap((reply) => sentencesOf(reply).filter((each) => each.endsWith("?")));
      assert.ok(asked.length >= 8, `${interview.slug} asks`);
      assert.deepEqual(
        asked.filter((question, place) => asked.indexOf(question) < place),
        [],
        interview.slug,
      );
      const long = repliesOf(interview)
        .flatMap(sentencesOf)
        .filter((sentence) => sentence.length > 20);
      assert.equal(new Set(long).size, long.length, `${interview.slug} says nothing long twice`);
    }
  });

  it("001 §2 job_name: an interview opens with a greeting and a self-introduction, and closes with last words and thanks", () => {
    for (const interview of held) {
      const replies = repliesOf(interview);
      const [first = ""] = replies;
      assert.match(first, /^(?:안녕하세요|반갑습니다)/, interview.slug);
      assert.match(first, /자기소개/, interview.slug);
      for (const reply of replies.slice(1, 11)) assert.doesNotMatch(reply, /환영합니다|마지막으로/, interview.slug);
      assert.match(replies[11] ?? "", /마지막으로/, interview.slug);
      assert.match(replies[12] ?? "", /감사|고맙/, interview.slug);
      assert.match(replies[12] ?? "", /마치|마무리|여기까지|수고/, interview.slug);
    }
  });

  it("001 §2 job_name: follow-ups quote a word of the answer, with the particle that agrees", () => {
    for (const { slug, interview, messages } of held) {
      const index = library.setFor(interview)?.index;
      let quoted = 0;
      for (const [place, { role, content }] of messages.entries()) {
        const answer = messages[place - 1]?.content ?? "";
        const followUp = role === "assistant" ? index?.followUpIn(content)?.followUp : undefined;
        const [, before = "", pair, after = ""] = /^(.*?)\{word(?:\|([^}]+))?\}(.*)$/su.exec(followUp?.ask ?? "") ?? [];
        if (!followUp || (before === "" && after === "")) continue;
        const escape = (text: string): string =>
          text.replaceAll(/\{[^}]*\}/gu, "").replaceAll(/[.*+?^${}()|[\]\\]/gu, String.raw`\$&`);
        const [, said = ""] =
          new RegExp(`${escape(before)}(.{1,40}?)${escape(after.slice(0, 8))}`, "u").exec(content) ?? [];
        // What stands there is the word and its particle; the word is the longest beginning that the answer has.
        const words = Array.from({ length: said.length }, (_, cut) => said.slice(0, said.length - cut));
        const word = words.find((each) => answer.includes(each) && (pair === undefined || said !== each));
        assert.ok(word, `${slug}: "${said}" of "${content}" is not in "${answer}"`);
        const particle = pair === undefined ? undefined : agreeing(word, pair);
        if (particle !== undefined) assert.equal(said.slice(word.length), particle, `${slug}: ${content}`);
        quoted += 1;
      }
      assert.ok(quoted >= 2, `${slug}: ${quoted} follow-ups quote a word`);
    }
  });

  it("001 §2 job_name: nothing is left open in what is said, and no text is meant for machines", () => {
    for (const interview of held) {
      for (const reply of repliesOf(interview)) {
        assert.doesNotMatch(reply, /[{}|<>*#_]|undefined|null|\s{2}|\s[.?!,]/u, `${interview.slug}: ${reply}`);
        assert.ok(reply.length < 300, `${interview.slug}: ${reply.length} characters are long to listen to`);
      }
    }
  });

  it("001 §2 company_name: an interview asserts nothing of the company but its name", () => {
    for (const interview of held) {
      const company = interview.interview.company ?? "";
      const naming = repliesOf(interview).filter((reply) => reply.includes(company));
      for (const reply of naming) {
        assert.match(reply, new RegExp(`${company}(?:에 |의 | |에서 |에)[^.?!]*(?:면접|지원|직무|입사)`, "u"), reply);
      }
    }
  });

  it("001 §2 job_name: no two interviews ask more than three of the same questions", () => {
    const questions = held.map(({ slug, interview, messages }) => {
      const index = library.setFor(interview)?.index;
      const asked = messages.flatMap(({ role, content }) =>
        role === "assistant" ? [index?.askedIn(content)?.question] : [],
      );
      return { slug, asked: new Set(asked.filter((question) => question !== undefined)) };
    });
    for (const [place, one] of questions.entries()) {
      assert.ok(one.asked.size >= 5, `${one.slug} asks ${one.asked.size} questions of its set`);
      for (const other of questions.slice(place + 1)) {
        const shared = [...one.asked].filter((question) => other.asked.has(question)).length;
        assert.ok(shared <= 3, `${one.slug} and ${other.slug} share ${shared}`);
      }
    }
  });
});
