import { join } from "node:path";
import { AppError } from "../../../errors.ts";
import type { Availability, EngineInfo } from "../../engine.ts";
import type { ChatEngine, ChatHealth, ChatMessage, ChatOptions, Token } from "../chat-engine.ts";
import { sayMove } from "./interviewer.ts";
import { readMoment } from "./next-move.ts";
import { type QuestionLibrary, questionLibrary } from "./question-library.ts";

const INFO: EngineInfo = {
  id: "question-set",
  kind: "chat",
  description: "A structured interviewer over the question sets that ship with Talkbox. Korean, no language model.",
  embedded: true,
  license: "Apache-2.0",
  languages: ["ko"],
};

/** The embedded interviewer. It keeps nothing of a conversation: each reply is read from the messages alone. */
export class QuestionSetEngine implements ChatEngine {
  readonly info = INFO;
  readonly model = "question-set";
  readonly source = "Embedded (question-set)";
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async availability(): Promise<Availability> {
    try {
      await this.library();
      return { available: true };
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return { available: false, reason: error.message, remedy: "Put back the files of models/questions." };
    }
  }

  async health(): Promise<ChatHealth> {
    return { online: true };
  }

  /** @throws AppError `engine_unavailable` for questions that cannot be used */
  library(): Promise<QuestionLibrary> {
    return questionLibrary(this.#folder);
  }

  async *reply(
    messages: readonly ChatMessage[],
    { interview }: ChatOptions,
    signal: AbortSignal,
  ): AsyncGenerator<Token, void> {
    if (messages.at(-1)?.role !== "user") {
      throw new AppError("invalid_input", "The last message must be the user's.");
    }
    const library = await this.library();
    const text = sayMove(readMoment(messages, interview, library), library.phrases);
    for (const token of text.match(/\s*\S+/gu) ?? []) {
      if (signal.aborted) throw new AppError("cancelled", "The job was cancelled.", { cause: signal.reason });
      yield token;
    }
  }
}

/** The interviewer over the questions in `modelsDir/questions`. */
export function createQuestionSetEngine({ modelsDir }: { readonly modelsDir: string }): QuestionSetEngine {
  return new QuestionSetEngine(join(modelsDir, "questions"));
}
