import { z } from "zod";
import { ORG_TYPES } from "../engines/chat/question-set/question-schema.ts";
import { MAX_INTERVIEW_NAME, MAX_TEXT_CODE_POINTS } from "../limits/inputs.ts";
import { CHAT_HISTORY } from "../limits/speech.ts";
import type { InterviewReply, InterviewTurn, PreparedTurn } from "../pipelines/interview.ts";

const words = z
  .string()
  .refine((text) => text.length <= MAX_TEXT_CODE_POINTS || Array.from(text).length <= MAX_TEXT_CODE_POINTS, {
    error: `at most ${MAX_TEXT_CODE_POINTS} code points`,
  });

/** A company or a job: one line, as it goes into a prompt and into what is said. */
const name = z
  .string()
  .max(MAX_INTERVIEW_NAME)
  .transform((text) =>
    text
      .normalize("NFC")
      .replaceAll(/[\s\p{Cc}\p{Cf}]+/gu, " ")
      .trim(),
  )
  .nullish();

/** A message of a conversation, as clients keep it. */
export const historyMessage = z.strictObject({ role: z.enum(["user", "assistant"]), content: words });

/** Params of a turn of an interview, shared by the operations that reply. */
export const interviewParams = {
  message: words.refine((text) => text.trim() !== "", { error: "must not be blank" }).describe("What the user says."),
  history: z
    .array(historyMessage)
    .max(CHAT_HISTORY.most)
    .default([])
    .describe("What was said before, oldest first. The last 100 messages (50 turns) are used."),
  org_type: z.enum(ORG_TYPES).default("일반기업").describe("The field: companies or hospitals."),
  company_name: name.describe("Who holds the interview; any name."),
  job_name: name.describe("The job. One that has a question set is interviewed by it; any other is free text."),
  llm_engine: z.string().default("auto").describe("A chat engine that `list_engines` names."),
  max_tokens: z.int().min(1).max(4096).default(200).describe("Longest reply of a language model."),
  temperature: z.number().min(0).max(2).default(0.7).describe("Randomness of a language model."),
};

type Params = z.output<z.ZodObject<typeof interviewParams>>;

/** What went to the language model, as the interview document has it. */
export const llmParams = z.strictObject({
  model: z.string(),
  max_tokens: z.int(),
  temperature: z.number(),
  system_prompt: z.string(),
  history_count: z.int().describe("Messages of the history that were used."),
  org_type: z.string(),
  job_name: z.string().nullable(),
  company_name: z.string().nullable(),
  question_set_rag_enabled: z.boolean(),
});

/** What every operation that replies answers. */
export const interviewAnswer = {
  response: z.string(),
  llm_source: z.string().describe("`LLM API (model)`, `OpenAI (gpt-4o-mini)` or `Embedded (question-set)`."),
  llm_params: llmParams,
  llm_engine: z.string(),
};

/** The turn that params stand for. */
export function turnOf(params: Params): InterviewTurn {
  return {
    message: params.message,
    history: params.history,
    interview: { orgType: params.org_type, company: params.company_name || null, job: params.job_name || null },
    maxTokens: params.max_tokens,
    temperature: params.temperature,
    engine: params.llm_engine,
  };
}

/** The fields of `interviewAnswer`. */
export function answerTurn({ text, engine }: InterviewReply, turn: InterviewTurn, prepared: PreparedTurn) {
  const { orgType, company, job } = turn.interview;
  return {
    response: text,
    llm_source: engine.source,
    llm_params: {
      model: engine.model,
      max_tokens: turn.maxTokens,
      temperature: turn.temperature,
      system_prompt: prepared.systemPrompt,
      history_count: prepared.historyCount,
      org_type: orgType,
      job_name: job,
      company_name: company,
      question_set_rag_enabled: prepared.questionSet,
    },
    llm_engine: engine.info.id,
  };
}
