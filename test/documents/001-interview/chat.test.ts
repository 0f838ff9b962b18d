import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { OpenAiHost, saying } from "../../chat/openai-host.ts";
import { type Answer, localServer, type LocalServer } from "../../server/local-server.ts";

const ORG = { org_type: "일반기업", company_name: "삼성전자", job_name: "개발엔지니어링" };
const HISTORY = [
  { role: "user", content: "면접을 시작합니다." },
  { role: "assistant", content: "안녕하세요. 삼성전자 개발엔지니어링 직무 면접에 오신 것을 환영합니다." },
  { role: "user", content: "안녕하세요, 반갑습니다." },
  { role: "assistant", content: "네, 반갑습니다. 먼저 간단히 자기소개를 해주시겠어요?" },
];
const REPLY = "네, 좋습니다. 먼저 간단히 자기소개를 해주시겠어요?";

const plain = await localServer();

/** A server whose language models are on this machine. */
async function serverWith(
  llm: OpenAiHost | undefined,
  openAi?: OpenAiHost,
  env: Record<string, string> = {},
): Promise<LocalServer> {
  return localServer({
    env: {
      TALKBOX_LLM_TIMEOUT: "120",
      // The full URL, as the document has it.
      ...(llm ? { LLM_API_URL: `${await llm.listen()}/chat/completions`, LLM_MODEL: "vllm-qwen3-30b-a3b" } : {}),
      ...(openAi ? { TALKBOX_OPENAI_CHAT_URL: await openAi.listen(), OPENAI_API_KEY: "sk-of-openai" } : {}),
      ...env,
    },
  });
}

function chat(server: LocalServer, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  return server.call("/api/chat", { body, headers });
}

/** The events of a stream, read as the document's browser client does: each network chunk is split by lines. */
async function eventsOf(server: LocalServer, path: string, body: unknown): Promise<Record<string, unknown>[]> {
  const response = await fetch(server.url + path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  assert.equal(response.status, 200);
  assert.match(response.headers.get("content-type") ?? "", /^text\/event-stream/);
  const events: Record<string, unknown>[] = [];
  const decoder = new TextDecoder();
  for await (const value of response.body as unknown as AsyncIterable<Uint8Array>) {
    for (const line of decoder.decode(value).split("\n")) {
      if (line.startsWith("data: ")) events.push(JSON.parse(line.slice(6)) as Record<string, unknown>);
    }
  }
  return events;
}

describe("001 chat", () => {
  it("001 §2 POST /api/chat: the answer has response, llm_source and every field of llm_params", async () => {
    const llm = new OpenAiHost(saying(REPLY));
    const server = await serverWith(llm);
    const { status, body } = await chat(server, { message: "지원 동기를 말씀해주세요", history: HISTORY, ...ORG });
    assert.equal(status, 200);
    assert.equal(body["response"], REPLY);
    assert.equal(body["llm_source"], "LLM API (vllm-qwen3-30b-a3b)");
    const params = body["llm_params"] as Record<string, unknown>;
    const { system_prompt: prompt, ...rest } = params;
    assert.deepEqual(rest, {
      model: "vllm-qwen3-30b-a3b",
      max_tokens: 200,
      temperature: 0.7,
      history_count: 4,
      org_type: "일반기업",
      job_name: "개발엔지니어링",
      company_name: "삼성전자",
      question_set_rag_enabled: true,
    });
    assert.match(String(prompt), /^당신은 면접관입니다\./);
  });

  it("001 §2 POST /api/chat: the model gets the prompt with questions of the job, the history and the message", async () => {
    const llm = new OpenAiHost(saying(REPLY));
    const server = await serverWith(llm);
    const message = "캐시를 두어서 쿼리의 응답 시간을 줄였습니다.";
    const { body } = await chat(server, { message, history: HISTORY, ...ORG });
    const { messages = [] } = llm.requests[0]?.body ?? {};
    const prompt = String((body["llm_params"] as Record<string, unknown>)["system_prompt"]);
    assert.equal(messages[0]?.role, "system");
    assert.ok(messages[0]?.content.startsWith(prompt), "the prompt that the answer tells");
    assert.deepEqual(messages.slice(1), [...HISTORY, { role: "user", content: message }]);
    assert.match(prompt, /삼성전자/);
    assert.match(prompt, /참고 질문/);
    assert.match(prompt, /성능을 숫자로/, "the question that goes with the answer");
    assert.match(prompt, /반도체/, "what is commonly known of the company");
    assert.equal(llm.requests[0]?.body["max_tokens"], 200);
    assert.equal(llm.requests[0]?.body["temperature"], 0.7);
  });

  it("001 §2 POST /api/chat: a missing, empty or blank message is 400 with the document's error", async () => {
    for (const body of [{}, { message: "" }, { message: null }, { message: "   " }, { history: [] }]) {
      const answer = await chat(plain, body);
      assert.deepEqual([answer.status, answer.body], [400, { error: "메시지가 필요합니다" }], JSON.stringify(body));
    }
  });

  it("001 §2 POST /api/chat: bad fields are 400 that names them, and another org_type is one", async () => {
    for (const [field, value] of [
      ["org_type", "공공기관"],
      ["message", 5],
      ["history", "안녕"],
      ["history", [{ role: "robot", content: "안녕" }]],
      ["history", [{ role: "user" }]],
    ] as const) {
      const { status, body } = await chat(plain, { message: "안녕하세요", [field]: value });
      assert.equal(status, 400, field);
      assert.deepEqual(Object.keys(body), ["error"]);
      assert.match(String(body["error"]), new RegExp(field === "message" ? "message" : field));
    }
  });

  it("001 §2 POST /api/chat: unknown fields are ignored", async () => {
    assert.equal((await chat(plain, { message: "안녕하세요", history: [], session: 5 })).status, 200);
  });

  it("001 §2 POST /api/chat: empty company_name and job_name are as absent, and org_type is 일반기업 by default", async () => {
    const { body } = await chat(plain, { message: "면접을 시작합니다.", history: [], company_name: "", job_name: "" });
    const { org_type, company_name, job_name, history_count, question_set_rag_enabled } = body["llm_params"] as Record<
      string,
      unknown
    >;
    assert.deepEqual(
      [org_type, company_name, job_name, history_count, question_set_rag_enabled],
      ["일반기업", null, null, 0, false],
    );
  });

  it("001 §2 POST /api/chat: a company and a job outside the lists are free text, without the question set", async () => {
    const { status, body } = await chat(plain, {
      message: "면접을 시작합니다.",
      history: [],
      company_name: "달빛우주공방",
      job_name: "별사탕조리",
    });
    assert.equal(status, 200);
    const params = body["llm_params"] as Record<string, unknown>;
    assert.deepEqual(
      [params["company_name"], params["job_name"], params["question_set_rag_enabled"]],
      ["달빛우주공방", "별사탕조리", false],
    );
  });

  it("001 §2 org_type: a hospital's job has its questions in 병원 and none in 일반기업", async () => {
    for (const [org_type, enabled] of [
      ["병원", true],
      ["일반기업", false],
    ] as const) {
      const { body } = await chat(plain, { message: "면접을 시작합니다.", history: [], org_type, job_name: "간호사" });
      assert.equal((body["llm_params"] as Record<string, unknown>)["question_set_rag_enabled"], enabled, org_type);
    }
  });

  it("001 §2 history: the last 50 turns are used, and history_count says how many messages", async () => {
    const llm = new OpenAiHost(saying(REPLY));
    const server = await serverWith(llm);
    const history = Array.from({ length: 130 }, (_, place) => ({
      role: place % 2 === 0 ? "user" : "assistant",
      content: `말 ${place}`,
    }));
    const { body } = await chat(server, { message: "계속할까요", history });
    assert.equal((body["llm_params"] as Record<string, unknown>)["history_count"], 100);
    const { messages = [] } = llm.requests[0]?.body ?? {};
    assert.deepEqual([messages.length, messages[1]?.content, messages[100]?.content], [102, "말 30", "말 129"]);
  });

  it("001 §9 stateless mode: an interview goes on by its history, though company and job are named only once", async () => {
    const history: { role: string; content: string }[] = [];
    const say = async (message: string, interview: object): Promise<Record<string, unknown>> => {
      const { body } = await chat(plain, { message, history, ...interview });
      history.push({ role: "user", content: message }, { role: "assistant", content: String(body["response"]) });
      return body;
    };
    const first = await say("면접을 시작합니다.", ORG);
    assert.match(String(first["response"]), /자기소개/);
    const empty = { org_type: "일반기업", company_name: "", job_name: "" };
    const second = await say("안녕하세요. 저는 컴퓨터공학을 전공한 홍길동입니다.", empty);
    const third = await say("네, 제가 지원한 이유는 반도체 기술에 관심이 많기 때문입니다.", empty);
    const replies = [first, second, third].map((body) => String(body["response"]));
    assert.equal(new Set(replies).size, 3);
    assert.equal((third["llm_params"] as Record<string, unknown>)["history_count"], 4);
  });

  it("001 §2 legacy mode: without a history the server remembers the caller by a cookie, and nobody else", async () => {
    const first = await chat(plain, { message: "면접을 시작합니다.", ...ORG });
    const cookie = (first.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
    assert.match(first.headers.get("set-cookie") ?? "", /HttpOnly.*SameSite=Lax/i);
    const count = (answer: Answer): unknown => (answer.body["llm_params"] as Record<string, unknown>)["history_count"];
    assert.equal(count(first), 0);
    const second = await chat(plain, { message: "저는 컴퓨터공학을 전공한 홍길동입니다." }, { cookie });
    assert.equal(count(second), 2);
    const params = second.body["llm_params"] as Record<string, unknown>;
    assert.deepEqual([params["company_name"], params["job_name"]], ["삼성전자", "개발엔지니어링"], "named once");
    assert.equal(count(await chat(plain, { message: "저는 누구인가요" })), 0, "no cookie, no memory");
    const forged = await chat(plain, { message: "저는 누구인가요" }, { cookie: "talkbox_chat=somebody-else" });
    assert.equal(count(forged), 0);
    assert.ok(!(forged.headers.get("set-cookie") ?? "").includes("somebody-else"), "an id that we did not set");
    assert.equal(count(await chat(plain, { message: "안녕하세요", history: [] }, { cookie })), 0, "a history rules");

    const cleared = await plain.call("/api/clear_history", { method: "POST", headers: { cookie } });
    assert.deepEqual([cleared.status, cleared.body], [200, { status: "cleared" }]);
    assert.equal(count(await chat(plain, { message: "면접을 시작합니다." }, { cookie })), 0);
  });

  it("001 §6 POST /api/clear_history: answers the same without a conversation, and with a JSON body", async () => {
    for (const init of [{ method: "POST" }, { body: {} }]) {
      const { status, body } = await plain.call("/api/clear_history", init);
      assert.deepEqual([status, body], [200, { status: "cleared" }]);
    }
  });

  it("001 §2 POST /api/chat/stream: tokens, then done with the whole reply, its source and params", async () => {
    const server = await serverWith(new OpenAiHost(saying(REPLY)));
    const events = await eventsOf(server, "/api/chat/stream", { message: "자기소개를 해주세요", history: [], ...ORG });
    const tokens = events.filter(({ type }) => type === "token");
    assert.ok(tokens.length > 3);
    assert.equal(tokens.map(({ content }) => content).join(""), REPLY);
    const done = events.at(-1);
    assert.deepEqual([done?.["type"], done?.["response"]], ["done", REPLY]);
    assert.equal(done?.["llm_source"], "LLM API (vllm-qwen3-30b-a3b)");
    assert.equal(Object.keys(done?.["llm_params"] as object).length, 9);
    assert.deepEqual([...new Set(events.map(({ type }) => type))], ["token", "done"]);
  });

  it("001 §2 POST /api/chat/stream: a fault before the first token is the next one's to mend, after it an error event", async () => {
    const openAi = new OpenAiHost(saying("반갑습니다. 시작하겠습니다."));
    const down = await serverWith(new OpenAiHost({ status: 500, error: { message: "down" } }), openAi);
    const mended = await eventsOf(down, "/api/chat/stream", { message: "안녕하세요", history: [] });
    assert.equal(mended.at(-1)?.["llm_source"], "OpenAI (gpt-4o-mini)");
    assert.equal(openAi.requests[0]?.authorization, "Bearer sk-of-openai");
    assert.equal(openAi.requests[0]?.body["model"], "gpt-4o-mini");

    const cut = await serverWith(new OpenAiHost({ steps: [{ say: "안녕" }, { say: "하세요" }, "cut"] }), openAi);
    const events = await eventsOf(cut, "/api/chat/stream", { message: "안녕하세요", history: [] });
    assert.deepEqual(
      events.slice(0, 2).map(({ content }) => content),
      ["안녕", "하세요"],
    );
    assert.equal(events.at(-1)?.["type"], "error");
    assert.match(String(events.at(-1)?.["message"]), /broke off/);
  });

  it("001 §2 POST /api/chat/stream: a missing message is 400 before the stream", async () => {
    const { status, body } = await plain.call("/api/chat/stream", { body: {} });
    assert.deepEqual([status, body], [400, { error: "메시지가 필요합니다" }]);
  });

  it("001 §2 llm_source: OpenAI where the first model breaks off, the embedded interviewer where neither answers", async () => {
    const cut: OpenAiHost = new OpenAiHost({ steps: [{ say: "안녕" }, "cut"] });
    const server = await serverWith(cut, new OpenAiHost(saying("네, 반갑습니다.")));
    const { body } = await chat(server, { message: "안녕하세요", history: [] });
    assert.deepEqual([body["response"], body["llm_source"]], ["네, 반갑습니다.", "OpenAI (gpt-4o-mini)"]);

    const quota = { status: 429, error: { message: "quota", code: "insufficient_quota" } };
    const neither = await serverWith(new OpenAiHost({ steps: [{ raw: "data: {\n\n" }] }), new OpenAiHost(quota));
    const embedded = await chat(neither, { message: "면접을 시작합니다.", history: [], ...ORG });
    assert.equal(embedded.body["llm_source"], "Embedded (question-set)");
    const params = embedded.body["llm_params"] as Record<string, unknown>;
    assert.deepEqual([params["model"], params["question_set_rag_enabled"]], ["question-set", true]);
    assert.match(String(embedded.body["response"]), /자기소개/);
    assert.doesNotMatch(JSON.stringify(embedded.body), /sk-of-openai/);
  });

  it("001 §6 GET /api/llm_status: online with its model and fallback, or offline", async () => {
    assert.deepEqual((await plain.call("/api/llm_status")).body, {
      status: "offline",
      model: null,
      fallback: "Embedded (question-set)",
    });
    const both = await serverWith(new OpenAiHost(saying(".")), new OpenAiHost(saying(".")));
    assert.deepEqual((await both.call("/api/llm_status")).body, {
      status: "online",
      model: "vllm-qwen3-30b-a3b",
      fallback: "OpenAI (gpt-4o-mini)",
    });
    const gone = new OpenAiHost(saying("."));
    const lonely = await serverWith(gone);
    await gone.close();
    const { body } = await lonely.call("/api/llm_status");
    assert.deepEqual(
      [body["status"], body["model"], body["fallback"]],
      ["offline", "vllm-qwen3-30b-a3b", "Embedded (question-set)"],
    );
  });

  it("001 §2 POST /api/chat/stream: a caller who goes away ends the request at the model's host", async () => {
    const llm = new OpenAiHost({ steps: [{ say: "안녕" }, "stall"] });
    const server = await serverWith(llm);
    const leaving = new AbortController();
    const response = await fetch(`${server.url}/api/chat/stream`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ message: "안녕하세요", history: [] }),
      signal: leaving.signal,
    });
    await (response.body as ReadableStream<Uint8Array>).getReader().read();
    leaving.abort();
    const deadline = Date.now() + 60_000;
    while (llm.left === 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(llm.left, 1);
  });
});
