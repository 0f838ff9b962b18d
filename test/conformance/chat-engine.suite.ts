import assert from "node:assert/strict";
import { test } from "node:test";
import type { ChatEngine, ChatMessage, ChatOptions } from "../../src/engines/chat/chat-engine.ts";

/** What every chat engine must do. */
export function chatEngineSuite(name: string, engine: ChatEngine): void {
  const options: ChatOptions = {
    maxTokens: 200,
    temperature: 0.7,
    interview: { orgType: "일반기업", company: "삼성전자", job: "개발엔지니어링" },
  };
  const messages: readonly ChatMessage[] = [
    { role: "system", content: "당신은 면접관입니다." },
    { role: "user", content: "면접을 시작합니다." },
  ];

  async function reply(to = messages, signal = new AbortController().signal): Promise<string[]> {
    const tokens: string[] = [];
    for await (const token of engine.reply(to, options, signal)) tokens.push(token);
    return tokens;
  }

  test(`${name} declares itself, its model and how answers name it`, async () => {
    const { id, kind, license, languages, description } = engine.info;
    assert.equal(kind, "chat");
    for (const field of [id, license, description, engine.model]) assert.ok(field.length > 0);
    assert.ok(languages.length > 0);
    assert.match(engine.source, /^(?:LLM API|OpenAI|Embedded) \(.+\)$/);
    const state = await engine.availability();
    assert.ok(state.available || (state.reason && state.remedy));
  });

  test(`${name} says whether its model answers`, async () => {
    const health = await engine.health(new AbortController().signal);
    assert.ok(health.online || health.reason.length > 0);
  });

  test(`${name} replies in pieces, none of them empty, that are a text when joined`, async () => {
    const tokens = await reply();
    assert.ok(tokens.length >= 2, "more than one piece");
    assert.ok(tokens.every((token) => token !== ""));
    assert.ok(tokens.join("").trim().length > 10);
  });

  test(`${name} keeps nothing of one conversation for another`, async () => {
    const first = (await reply()).join("");
    await reply([...messages, { role: "assistant", content: first }, { role: "user", content: "저는 홍길동입니다." }]);
    assert.equal((await reply()).join(""), first);
  });

  test(`${name} stops when it is told to, and replies again`, async () => {
    await assert.rejects(reply(messages, AbortSignal.abort()), { code: "cancelled" });
    const abort = new AbortController();
    await assert.rejects(
      async () => {
        for await (const _ of engine.reply(messages, options, abort.signal)) abort.abort();
      },
      { code: "cancelled" },
    );
    assert.ok((await reply()).length >= 2);
  });

  test(`${name} can be left in the middle of a reply, and serves several at once`, async () => {
    for await (const _ of engine.reply(messages, options, new AbortController().signal)) break;
    const replies = await Promise.all([reply(), reply(), reply()]);
    assert.equal(new Set(replies.map((tokens) => tokens.join(""))).size, 1);
  });
}
