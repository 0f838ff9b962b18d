import { join } from "node:path";
import type { ChatEngine, ChatMessage, Interview, Token } from "../engines/chat/chat-engine.ts";
import { readMoment } from "../engines/chat/question-set/next-move.ts";
import { type QuestionLibrary, questionLibrary } from "../engines/chat/question-set/question-library.ts";
import type { EngineCatalog } from "../engines/catalog.ts";
import { type AppError, toAppError } from "../errors.ts";
import { CHAT_HISTORY, CHAT_REST_MS } from "../limits/speech.ts";
import { interviewPrompt } from "./interview-prompt.ts";
import type { PipelineContext } from "./pipeline.ts";

/** A turn of an interview, as callers ask for it. */
export type InterviewTurn = {
  readonly message: string;
  /** What was said before, oldest first, without `message`. */
  readonly history: readonly ChatMessage[];
  readonly interview: Interview;
  readonly maxTokens: number;
  readonly temperature: number;
  /** A chat engine, or `auto` for the best one that answers. */
  readonly engine: string;
};

/** What goes to the engine. */
export type PreparedTurn = {
  /** With what the caller left to the history. */
  readonly interview: Interview;
  readonly messages: readonly ChatMessage[];
  readonly systemPrompt: string;
  /** Messages of the history that are used. */
  readonly historyCount: number;
  /** Whether the questions of the job lead the interview. */
  readonly questionSet: boolean;
};

/** A reply, and who gave it. */
export type InterviewReply = { readonly text: string; readonly engine: ChatEngine };

/** The last messages of a history, and the prompt over them with the questions that go with the last answer. */
export async function prepareTurn(turn: InterviewTurn, context: PipelineContext): Promise<PreparedTurn> {
  const history = turn.history.slice(-CHAT_HISTORY.used);
  const library = await questionLibrary(join(context.config.modelsWith("questions"), "questions"));
  const interview = { ...turn.interview, ...missingOf(turn.interview, history, library) };
  const spoken = [...history, { role: "user" as const, content: turn.message }];
  const prompt = interviewPrompt(interview, readMoment(spoken, interview, library), library.topicsOf(interview));
  return {
    interview,
    messages: [{ role: "system", content: prompt }, ...spoken],
    systemPrompt: prompt,
    historyCount: history.length,
    questionSet: library.setFor(interview) !== undefined,
  };
}

/**
 * Engines that did not answer lately, which others go before for a while: a caller should not wait for a dead host's
 * time to be over at every turn.
 */
const resting = new WeakMap<ChatEngine, number>();

/**
 * Replies with the best engine that answers. One that fails before its first token is followed by the next; after that
 * its error is the reply's, as what was said cannot be taken back, unless `held`.
 * @param onToken told each token; `held` replies are told whole, when they are whole
 * @throws AppError of the engine that was asked for by name, or of the last one
 */
export async function replyToTurn(
  turn: InterviewTurn,
  prepared: PreparedTurn,
  context: PipelineContext,
  onToken: (token: Token) => void,
  { held = false }: { readonly held?: boolean } = {},
): Promise<InterviewReply> {
  const { maxTokens, temperature } = turn;
  const engines =
    turn.engine === "auto" ? await inOrder(context.engines) : [await context.engines.choose("chat", turn.engine)];
  let failure: AppError | undefined;
  for (const engine of engines) {
    const tokens: Token[] = [];
    try {
      const reply = engine.reply(
        prepared.messages,
        { maxTokens, temperature, interview: prepared.interview },
        context.signal,
      );
      for await (const token of context.clock.timeEach("llm", reply)) {
        tokens.push(token);
        if (!held) onToken(token);
      }
      if (held) for (const token of tokens) onToken(token);
      resting.delete(engine);
      context.used({ kind: "chat", engine: engine.info.id, model: engine.model });
      return { text: tokens.join("").trim(), engine };
    } catch (error) {
      failure = toAppError(error);
      if (failure.code === "cancelled" || context.signal.aborted) throw failure;
      resting.set(engine, Date.now());
      context.log.warn({ engine: engine.info.id, code: failure.code, err: failure.cause }, "the chat engine failed");
      if ((tokens.length > 0 && !held) || engines.length === 1) throw failure;
      context.warn(`${engine.source} did not reply: ${failure.message}`);
    }
  }
  throw failure ?? (await noEngine(context.engines));
}

/** The engines that are set up, best first, those that failed a moment ago last. */
async function inOrder(engines: EngineCatalog): Promise<ChatEngine[]> {
  const available = await engines.available("chat");
  const rests = (engine: ChatEngine): number =>
    Date.now() - (resting.get(engine) ?? -Infinity) < CHAT_REST_MS ? 1 : 0;
  return available.toSorted((a, b) => rests(a) - rests(b));
}

/** Says why there is none. */
async function noEngine(engines: EngineCatalog): Promise<AppError> {
  try {
    await engines.choose("chat", "auto");
  } catch (error) {
    return toAppError(error);
  }
  return toAppError(new Error("no chat engine replied"));
}

/**
 * Company and job of an interview whose caller names them only once: the interviewer's greeting in the history has them,
 * and an interview does not change its subject.
 */
function missingOf(
  { company, job }: Interview,
  history: readonly ChatMessage[],
  { organisations }: QuestionLibrary,
): Partial<Interview> {
  const greeting = history.find(({ role }) => role === "assistant")?.content.normalize("NFC");
  if (job !== null || company !== null || greeting === undefined) return {};
  for (const [orgType, { companies, jobs }] of Object.entries(organisations)) {
    const found = longest(jobs, greeting);
    if (found !== undefined) return { orgType, job: found, company: longest(Object.keys(companies), greeting) ?? null };
  }
  return {};
}

/** The longest of some names that a text has: 강남세브란스병원 has 세브란스병원 in it. */
function longest(names: readonly string[], text: string): string | undefined {
  return names.filter((name) => text.includes(name)).toSorted((a, b) => b.length - a.length)[0];
}
