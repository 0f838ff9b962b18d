import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import type { ChatMessage, Interview } from "../../src/engines/chat/chat-engine.ts";
import { nounAt, searchTerms, tellingNouns } from "../../src/engines/chat/question-set/korean-words.ts";
import { createQuestionSetEngine } from "../../src/engines/chat/question-set/question-set-engine.ts";
import { readRequest } from "../../src/engines/chat/question-set/requests.ts";

const engine = createQuestionSetEngine({ modelsDir: join(import.meta.dirname, "../../models") });
const library = await engine.library();
const DEVELOPER: Interview = { orgType: "일반기업", company: "삼성전자", job: "개발엔지니어링" };

/** A conversation with the interviewer. */
class Talk {
  readonly messages: ChatMessage[] = [];
  readonly #interview: Interview;

  constructor(interview: Interview = DEVELOPER) {
    this.#interview = interview;
  }

  async say(content: string): Promise<string> {
    this.messages.push({ role: "user", content });
    let reply = "";
    const options = { maxTokens: 200, temperature: 0.7, interview: this.#interview };
    for await (const token of engine.reply(this.messages, options, new AbortController().signal)) reply += token;
    this.messages.push({ role: "assistant", content: reply });
    return reply;
  }
}

const INTRODUCTION =
  "안녕하세요. 저는 컴퓨터공학을 전공한 홍길동입니다. 대학에서 로봇 동아리를 하며 임베디드 개발에 흥미를 느꼈습니다.";
const ANSWERS = [
  "동아리에서 아두이노로 선로를 따라가는 로봇을 만든 것이 처음이었습니다. 모터 제어 코드를 제가 맡았습니다.",
  "센서 값을 읽는 부분을 맡았고 속도를 조절하는 알고리즘을 직접 짰습니다.",
  "파이썬을 가장 많이 씁니다. 데이터를 다루기 쉽고 라이브러리가 많기 때문입니다.",
];

test("an interview opens with a greeting that names company and job, and asks for a self-introduction", async () => {
  const reply = await new Talk().say("면접을 시작합니다.");
  assert.match(reply, /^(?:안녕하세요|반갑습니다)/);
  assert.match(reply, /자기소개/);
  assert.match(reply, /삼성전자|개발엔지니어링/);
  const plain = await new Talk({ orgType: "일반기업", company: null, job: null }).say("면접을 시작합니다.");
  assert.match(plain, /자기소개/);
  assert.doesNotMatch(plain, /[{}]|null|undefined/);
});

test("a candidate who introduces themselves at once is not asked to do so again", async () => {
  const reply = await new Talk().say(INTRODUCTION);
  assert.match(reply, /^(?:안녕하세요|반갑습니다)/);
  assert.doesNotMatch(reply, /자기소개(?:를|부터)/);
  assert.match(reply, /(?:\?|주세요|주십시오)[^?]*$/);
});

test("a greeting alone is greeted, and the self-introduction is asked for", async () => {
  const talk = new Talk();
  await talk.say("면접을 시작합니다.");
  const reply = await talk.say("안녕하세요, 반갑습니다.");
  assert.match(reply, /^네, 반갑습니다\..*자기소개/);
});

test("the document's own history goes on where it is: its greeting is not said again", async () => {
  const talk = new Talk();
  talk.messages.push(
    { role: "user", content: "면접을 시작합니다." },
    { role: "assistant", content: "안녕하세요. 삼성전자 개발엔지니어링 직무 면접에 오신 것을 환영합니다." },
  );
  const reply = await talk.say("안녕하세요, 반갑습니다.");
  assert.match(reply, /자기소개/);
  assert.doesNotMatch(reply, /환영합니다/);
});

test("a follow-up quotes a word of the answer that it follows", async () => {
  const talk = new Talk();
  await talk.say("면접을 시작합니다.");
  await talk.say(INTRODUCTION);
  const set = library.setFor(DEVELOPER)?.index;
  let quoting = 0;
  for (const answer of ANSWERS) {
    const reply = await talk.say(answer);
    const found = set?.followUpIn(reply);
    if (!found?.followUp.when) continue;
    quoting += 1;
    assert.ok(
      found.followUp.when.some((word) => answer.includes(word)),
      `${reply} — ${answer}`,
    );
  }
  assert.ok(quoting > 0, "one of the answers called for one");
});

test("the same conversation gets the same reply, and the reply needs nothing but the messages", async () => {
  const talk = new Talk();
  await talk.say("면접을 시작합니다.");
  const reply = await talk.say(INTRODUCTION);
  const again = new Talk();
  again.messages.push(...talk.messages.slice(0, 2));
  assert.equal(await again.say(INTRODUCTION), reply);
});

test("a question that an interviewer of another kind asked in other words is not asked again", async () => {
  const talk = new Talk();
  const [question] = library.setFor(DEVELOPER)?.set.questions ?? [];
  assert.ok(question);
  const reworded = question.question.replace("궁금합니다", "정말 궁금합니다");
  talk.messages.push(
    { role: "user", content: "면접을 시작합니다." },
    { role: "assistant", content: "안녕하세요. 자기소개를 부탁드립니다." },
    { role: "user", content: INTRODUCTION },
    { role: "assistant", content: reworded },
  );
  for (let turn = 0; turn < 8; turn += 1) {
    const reply = await talk.say("그 일을 하면서 많은 것을 배웠고 지금도 꾸준히 이어 가고 있습니다.");
    assert.ok(!reply.includes(question.question), reply);
  }
});

test("the question is said again for one who asks, and the interview stays where it is", async () => {
  const talk = new Talk();
  await talk.say("면접을 시작합니다.");
  const asked = await talk.say(INTRODUCTION);
  const question = asked.split(/(?<=[.!?])\s+/u).at(-1) ?? "";
  const reply = await talk.say("죄송하지만 질문을 다시 한 번 말씀해 주시겠어요?");
  assert.ok(reply.includes(question), `${reply} — ${question}`);
  assert.match(reply, /다시/);
  assert.match(await talk.say("잠시만 생각할 시간을 주세요."), /천천히|편하게/);
});

test("one who does not know is put at ease and asked something else", async () => {
  const talk = new Talk();
  await talk.say("면접을 시작합니다.");
  const first = await talk.say(INTRODUCTION);
  const reply = await talk.say("잘 모르겠습니다.");
  assert.match(reply, /괜찮습니다|고맙습니다/);
  assert.ok(!reply.includes(first.split(/(?<=[.!?])\s+/u).at(-1) ?? "-"));
  assert.match(reply, /\?|주세요|주십시오|싶습니다/);
});

test("an answer of a word is asked to be more, once", async () => {
  const talk = new Talk();
  await talk.say("면접을 시작합니다.");
  await talk.say(INTRODUCTION);
  const before = talk.messages.length;
  assert.match(await talk.say("네."), /구체적|까닭|실제로/);
  assert.doesNotMatch(await talk.say("네."), /구체적으로 들려|까닭을 조금|실제로 있었던/);
  assert.equal(talk.messages.length, before + 4);
});

test("one who wants to end is asked for last words, then thanked; after that the interview is over", async () => {
  const talk = new Talk();
  await talk.say("면접을 시작합니다.");
  await talk.say(INTRODUCTION);
  assert.match(await talk.say("면접을 여기까지 하겠습니다."), /마지막으로/);
  const farewell = await talk.say("저희 팀은 몇 명인가요?");
  assert.match(farewell, /담당자/, "a question is answered with who will answer it");
  assert.match(farewell, /마치|마무리|여기까지|수고/);
  assert.match(await talk.say("감사합니다."), /새 면접/);
});

test("an interview closes by itself after eleven replies and never asks twice", async () => {
  for (const { org_type: orgType, job_name: job } of library.sets) {
    const talk = new Talk({ orgType: orgType ?? "일반기업", company: null, job });
    const replies = [await talk.say("면접을 시작합니다.")];
    for (let turn = 1; turn <= 12; turn += 1) {
      replies.push(
        await talk.say(`${turn}번째로는 동료와 고객의 의견을 듣고 데이터를 확인해서 일정을 다시 세웠습니다.`),
      );
    }
    assert.match(replies[11] ?? "", /마지막으로/, `${job}: ${replies[11]}`);
    assert.match(replies[12] ?? "", /감사|고맙|수고/, `${job}: ${replies[12]}`);
    const sentences = replies.flatMap((reply) => reply.split(/(?<=[.!?])\s+/u)).filter((each) => each.length > 25);
    assert.equal(new Set(sentences).size, sentences.length, `${job}: ${sentences.join("\n")}`);
    for (const reply of replies) assert.doesNotMatch(reply, /[{}]|undefined|null|\s{2}/, reply);
  }
});

test("nouns are found in what is said, without their particles and not within verbs", () => {
  const noun = (text: string, word: string): string | undefined => nounAt(text, text.indexOf(word), word.length);
  assert.equal(noun("팀원들과 협업하면서 배웠습니다", "협업"), "협업");
  assert.equal(noun("팀장님께 먼저 보고드렸습니다", "팀장"), "팀장님");
  assert.equal(noun("데이터베이스를 설계했습니다", "데이터"), undefined, "another noun");
  assert.equal(noun("응답 시간이 줄었습니다", "응답 시간"), "응답 시간");
  assert.equal(noun("직원을 도왔습니다", "직원"), "직원");
  assert.equal(noun("비용보다는 안정성을 봤습니다", "비용"), undefined, "what it is not");
  assert.equal(noun("가격이 아니라 날짜 때문이었습니다", "가격"), undefined, "what it is not");
  assert.equal(noun("팀장님께 보고하겠습니다", "보고"), "보고");
  assert.equal(noun("자료를 살펴보고 정했습니다", "보고"), undefined, "a verb");
  assert.equal(noun("자료를 보고 정했습니다", "보고"), undefined, "a verb");
  assert.equal(noun("성과를 냈습니다", "성과"), "성과");
  assert.equal(noun("그때가 가장 어려웠던 순간입니다", "어려"), undefined, "a verb");
  assert.deepEqual(tellingNouns("인덱스를 추가하고 캐시를 두었습니다. 좋은 결과를 얻을 수 있었습니다.", new Set()), [
    "인덱스",
    "캐시",
  ]);
  assert.deepEqual(tellingNouns("생각을 많이 했고 경험을 쌓았습니다.", new Set()), [], "nothing telling");
  assert.ok(searchTerms("고객관리를 했습니다").includes("고객"), "a noun within a compound is found");
});

test("requests are told from answers", () => {
  const cases: readonly [message: string, request: string][] = [
    ["면접을 종료하겠습니다.", "end"],
    ["오늘은 여기까지 하겠습니다", "end"],
    ["프로젝트를 마무리하고 나서 동료들과 회고를 했고, 다음에는 일정을 넉넉히 잡자고 정했습니다.", "answer"],
    ["질문을 다시 한번 말씀해 주세요", "repeat"],
    ["잠시 생각할 시간을 주시겠어요?", "wait"],
    ["잘 모르겠습니다", "unsure"],
    [
      "모르는 것이 있으면 선배에게 먼저 묻고, 그래도 모르겠으면 문서를 찾아보면서 하나씩 배워 나가는 편입니다. 그렇게 익혔습니다.",
      "answer",
    ],
    ["안녕하세요, 반갑습니다.", "greeting"],
    ["지원 동기를 말씀해주세요", "instruction"],
    ["복지는 어떻게 되나요?", "question"],
    ["네", "short"],
    ["환자분께 다시 설명드리겠습니다.", "answer"],
    ["오늘 예산 질문은 집에 가서 다시 공부해 보겠습니다.", "answer"],
    ["그럴 때는 환자분께 잠시만 기다려 주시라고 하겠습니다.", "answer"],
    ["라마단 기간이면 낮에 음료를 못 마시니까요.", "answer"],
    ["고객의 불만을 듣고 원인을 찾아 해결했습니다.", "answer"],
  ];
  for (const [message, request] of cases) assert.equal(readRequest(message), request, message);
});
