import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";
import type { ChatMessage } from "../../src/engines/chat/chat-engine.ts";
import { baseOf, OpenAiChatEngine, type OpenAiChatOptions } from "../../src/engines/chat/openai/openai-engine.ts";
import { VisibleText } from "../../src/engines/chat/openai/visible-text.ts";
import { AppError } from "../../src/errors.ts";
import { engineOptions } from "./engine-options.ts";
import { type HostReply, type HostStep, OpenAiHost, saying } from "./openai-host.ts";

const MESSAGES: readonly ChatMessage[] = [
  { role: "system", content: "당신은 면접관입니다." },
  { role: "user", content: "안녕하세요" },
];
const OPTIONS = {
  maxTokens: 123,
  temperature: 0.4,
  interview: { orgType: "일반기업", company: null, job: null },
};

async function engineOn(host: OpenAiHost, own: Partial<OpenAiChatOptions> = {}): Promise<OpenAiChatEngine> {
  return new OpenAiChatEngine(engineOptions(await host.listen(), own));
}

async function replyOf(engine: OpenAiChatEngine, signal = new AbortController().signal): Promise<string[]> {
  const tokens: string[] = [];
  for await (const token of engine.reply(MESSAGES, OPTIONS, signal)) tokens.push(token);
  return tokens;
}

/** The error that a reply fails with, and what came before. */
async function failureOf(engine: OpenAiChatEngine): Promise<{ error: AppError; said: string }> {
  let said = "";
  try {
    for await (const token of engine.reply(MESSAGES, OPTIONS, new AbortController().signal)) said += token;
  } catch (error) {
    assert.ok(error instanceof AppError, String(error));
    return { error, said };
  }
  throw new assert.AssertionError({ message: `it replied: ${said}` });
}

test("the request has the messages, the params and the key; the reply comes in pieces as the host sends them", async () => {
  const host = new OpenAiHost(saying("네, 반갑습니다. 자기소개를 부탁드립니다."));
  const tokens = await replyOf(await engineOn(host));
  assert.equal(tokens.join(""), "네, 반갑습니다. 자기소개를 부탁드립니다.");
  assert.ok(tokens.length > 5);
  const [request] = host.requests;
  assert.equal(request?.path, "/v1/chat/completions");
  assert.equal(request?.authorization, "Bearer sk-secret-of-the-tests");
  assert.deepEqual(request?.body, {
    model: "test-model",
    messages: MESSAGES,
    max_tokens: 123,
    temperature: 0.4,
    stream: true,
  });
});

test("the base of a host is found from a base, a full URL, or the host alone", () => {
  assert.equal(baseOf("https://api.mindprep.co.kr/v1/chat/completions").baseURL, "https://api.mindprep.co.kr/v1");
  assert.equal(baseOf("http://127.0.0.1:8000/v1").baseURL, "http://127.0.0.1:8000/v1");
  assert.equal(baseOf("http://127.0.0.1:8000/v1/").baseURL, "http://127.0.0.1:8000/v1");
  assert.equal(baseOf("http://gpu:8000").baseURL, "http://gpu:8000/v1");
  assert.deepEqual(baseOf("https://h/openai/deployments/m/chat/completions?api-version=2024-10-21"), {
    baseURL: "https://h/openai/deployments/m",
    defaultQuery: { "api-version": "2024-10-21" },
  });
});

test("what a model thinks is not said, however it is cut into pieces", async () => {
  const thinking = "<think>\n지원자는 <b>긴장</b>했다.\n</think>\n\n네, 반갑습니다.";
  const host = new OpenAiHost(saying(thinking), {
    steps: [{ think: "음..." }, { say: "안녕하세요." }, "finish"],
  });
  const engine = await engineOn(host, { model: "vllm-qwen3-30b-a3b" });
  assert.equal((await replyOf(engine)).join(""), "네, 반갑습니다.");
  assert.equal((await replyOf(engine)).join(""), "안녕하세요.");
  assert.match(host.requests[0]?.body.messages?.[0]?.content ?? "", /\/no_think$/, "Qwen 3 is told not to think");

  for (const text of ["a <b> c", "1 < 2 <think>x</think>!", "<thin ice", "<think>never ends"]) {
    const expected = text.replace(/<think>.*?(?:<\/think>|$)/su, "");
    for (const size of [1, 2, 5, 100]) {
      const visible = new VisibleText();
      let shown = "";
      for (let at = 0; at < text.length; at += size) shown += visible.push(text.slice(at, at + size));
      assert.equal(shown + visible.end(), expected, `${text} in pieces of ${size}`);
    }
  }
});

test("key, quota, overload, model and breakdown are told apart, each with what to do", async () => {
  const secret = "sk-secret-of-the-tests";
  const cases: readonly [reply: HostReply, code: string, message: RegExp][] = [
    [
      { status: 401, error: { message: `Incorrect API key ${secret}`, code: "invalid_api_key" } },
      "engine_unavailable",
      /LLM_API_KEY/,
    ],
    [{ status: 403, error: { message: "no" } }, "engine_unavailable", /LLM_API_KEY/],
    [
      { status: 429, error: { message: "You exceeded", code: "insufficient_quota", type: "insufficient_quota" } },
      "engine_unavailable",
      /quota/,
    ],
    [{ status: 429, error: { message: "slow down", code: "rate_limit_exceeded" } }, "queue_full", /moment/],
    [
      { status: 404, error: { message: "The model does not exist", code: "model_not_found" } },
      "engine_unavailable",
      /LLM_MODEL/,
    ],
    [{ status: 500, error: { message: `stack trace ${secret}` } }, "engine_failed", /500/],
    [{ status: 503, error: { message: "loading" } }, "engine_failed", /503/],
  ];
  for (const [reply, code, message] of cases) {
    const { error } = await failureOf(await engineOn(new OpenAiHost(reply)));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    const cause = error.cause as Error | undefined;
    const everything = `${error.message} ${cause?.message ?? ""} ${cause?.stack ?? ""} ${JSON.stringify(cause ?? {})}`;
    assert.ok(!everything.includes(secret), "the key is nowhere in it");
  }
});

test("an answer that cannot be read, breaks off or is empty is a failure", async () => {
  const said = (await failureOf(await engineOn(new OpenAiHost({ steps: [{ say: "안녕" }, "cut"] })))).said;
  assert.equal(said, "안녕", "what came is passed on");
  const broken: readonly (readonly HostStep[])[] = [
    [{ say: "안녕" }, "cut"],
    [{ say: "안녕하" }],
    [{ raw: "data: {not json\n\n" }, "finish"],
    [{ raw: 'data: {"error":{"message":"out of memory","code":"server_error"}}\n\n' }, "finish"],
    ["finish"],
    [{ say: "<think>only thoughts" }, "finish"],
  ];
  for (const steps of broken) {
    const { error } = await failureOf(await engineOn(new OpenAiHost({ steps })));
    assert.equal(error.code, "engine_failed", JSON.stringify(steps));
  }
});

test("silence before the first token and between two is a timeout, and the host is let go", async () => {
  const silent = new OpenAiHost({ steps: ["stall"] });
  const first = await engineOn(silent, { timeouts: { firstMs: 300, nextMs: 60_000, wholeMs: 60_000, healthMs: 1 } });
  assert.equal((await failureOf(first)).error.code, "timeout");
  const halting = new OpenAiHost({ steps: [{ say: "안녕" }, "stall"] });
  const next = await engineOn(halting, { timeouts: { firstMs: 60_000, nextMs: 300, wholeMs: 60_000, healthMs: 1 } });
  const { error, said } = await failureOf(next);
  assert.deepEqual([error.code, said], ["timeout", "안녕"]);
  const endless = new OpenAiHost({ steps: [{ say: "안녕" }, "stall"] });
  const whole = await engineOn(endless, { timeouts: { firstMs: 60_000, nextMs: 60_000, wholeMs: 600, healthMs: 1 } });
  assert.equal((await failureOf(whole)).error.code, "timeout");
});

test("a cancel ends the request at the host", async () => {
  const host = new OpenAiHost({ steps: [{ say: "안녕" }, "stall"] });
  const engine = await engineOn(host);
  const abort = new AbortController();
  await assert.rejects(
    async () => {
      for await (const _ of engine.reply(MESSAGES, OPTIONS, abort.signal)) abort.abort();
    },
    { code: "cancelled" },
  );
  const deadline = Date.now() + 30_000;
  while (host.left === 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(host.left, 1);
});

test("a request that failed before its first token is sent again where that was asked for", async () => {
  const host = new OpenAiHost({ status: 500, error: { message: "hiccup" } }, saying("네, 반갑습니다."));
  assert.equal((await replyOf(await engineOn(host, { retries: 1 }))).join(""), "네, 반갑습니다.");
  assert.equal(host.requests.length, 2);
});

test("a host that is not there, and one that is not set up, say what to set", async () => {
  const listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as { port: number };
  await new Promise((resolve) => listener.close(resolve));
  const gone = new OpenAiChatEngine(engineOptions(`http://127.0.0.1:${port}/v1`));
  const { error } = await failureOf(gone);
  assert.equal(error.code, "engine_unavailable");
  assert.match(error.message, /cannot be reached.*LLM_API_URL/);
  const health = await gone.health(new AbortController().signal);
  assert.equal(health.online, false);

  const unset = new OpenAiChatEngine(
    engineOptions("", { availability: { available: false, reason: "None.", remedy: "Set LLM_API_URL." } }),
  );
  assert.match((await failureOf(unset)).error.message, /Set LLM_API_URL/);
});

test("health: a host that lists its models is online, one that routes nothing but chat too, one that refuses the key is not", async () => {
  const never = new AbortController().signal;
  const host = new OpenAiHost(saying("."));
  const engine = await engineOn(host);
  assert.deepEqual(await engine.health(never), { online: true });
  host.listsModels = false;
  assert.deepEqual(await engine.health(never), { online: true });
});
