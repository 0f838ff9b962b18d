import { join } from "node:path";
import { OpenAiChatEngine } from "../../src/engines/chat/openai/openai-engine.ts";
import { createQuestionSetEngine } from "../../src/engines/chat/question-set/question-set-engine.ts";
import { chatEngineSuite } from "../conformance/chat-engine.suite.ts";
import { engineOptions } from "./engine-options.ts";
import { OpenAiHost, saying } from "./openai-host.ts";

chatEngineSuite("question-set", createQuestionSetEngine({ modelsDir: join(import.meta.dirname, "../../models") }));

const host = new OpenAiHost(saying("안녕하세요. 면접에 오신 것을 환영합니다. 먼저 자기소개를 부탁드립니다."));
chatEngineSuite("openai", new OpenAiChatEngine(engineOptions(await host.listen())));
