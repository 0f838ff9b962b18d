import { z } from "zod";
import { PLACEHOLDER_NAMES, unknownPlaceholders } from "./placeholders.ts";

/** The fields of interviews, as the interview document has them. */
export const ORG_TYPES = ["일반기업", "병원"] as const;

export type OrgType = (typeof ORG_TYPES)[number];

/** Words a question's place in an interview: easy ones first, closing ones last. */
export const STAGES = ["warmup", "core", "deep", "closing"] as const;

export type Stage = (typeof STAGES)[number];

/** A text of the interviewer. `names` are the placeholders that it may have. */
function line(names: readonly string[]): z.ZodString {
  return z
    .string()
    .min(2)
    .max(400)
    .refine((text) => unknownPlaceholders(text, names).length === 0, {
      error: ({ input }) =>
        `has a placeholder that is not known: ${unknownPlaceholders(String(input), names).join(", ")}. ` +
        `Known: ${names.map((name) => `{${name}}`).join(", ")}, each also with particles, as {${names[0]}|을/를}`,
    });
}

const INTERVIEW = ["company", "job"] as const;

const followUpSchema = z.strictObject({
  when: z
    .array(z.string().trim().min(1))
    .min(1)
    .optional()
    .describe("Words or stems, one of which is in the answer. Absent: it fits any answer."),
  ask: line(PLACEHOLDER_NAMES).describe("`{word}` quotes a word of the answer, with particles as in `{word|을/를}`."),
});

const questionSchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, "is lower-case words and digits joined by hyphens"),
  topic: z.string().trim().min(1).max(60).describe("A few words, in the set's language."),
  stage: z.enum(STAGES).describe("Where in an interview it belongs."),
  question: line(INTERVIEW),
  keywords: z.array(z.string().trim().min(1)).describe("Words of an answer that make it the natural next question."),
  follow_ups: z.array(followUpSchema).describe("What may be asked about the answer to it."),
});

/** The questions of one job; `org_type` and `job_name` are null in the set for jobs that have none. */
export const questionSetSchema = z
  .strictObject({
    id: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, "is lower-case words and digits joined by hyphens"),
    org_type: z.enum(ORG_TYPES).nullable(),
    job_name: z.string().trim().min(1).nullable(),
    language: z.literal("ko"),
    questions: z.array(questionSchema).min(1),
  })
  .superRefine((set, context) => {
    const ids = new Set<string>();
    const texts = new Set<string>();
    set.questions.forEach(({ id, question }, index) => {
      const at = (message: string, field: string): void =>
        context.addIssue({ code: "custom", path: ["questions", index, field], message });
      if (!id.startsWith(`${set.id}-`)) at(`"${id}" must begin with "${set.id}-"`, "id");
      if (ids.has(id)) at(`"${id}" is there twice`, "id");
      if (texts.has(question)) at("is there twice", "question");
      ids.add(id);
      texts.add(question);
    });
  });

/** What an interviewer says besides the questions. */
export const phrasesSchema = z.strictObject({
  openings: z.array(line(INTERVIEW)).min(1).describe("The greeting."),
  self_introduction: z.array(line(INTERVIEW)).min(1).describe("Asks for a self-introduction, after the greeting."),
  acknowledgements: z.array(line(PLACEHOLDER_NAMES)).min(1).describe("Said of an answer, before the next question."),
  bridges: z.array(line(INTERVIEW)).min(1).describe("Leads over to another topic."),
  closings: z.array(line(INTERVIEW)).min(1).describe("Asks for questions and last words."),
  farewells: z.array(line(INTERVIEW)).min(1).describe("Thanks and says good-bye."),
});

const organisationSchema = z.strictObject({
  companies: z.record(
    z.string(),
    z.strictObject({ topics: z.array(z.string().trim().min(1)).describe("Common knowledge only.") }),
  ),
  jobs: z.array(z.string().trim().min(1)).min(1),
});

/** The companies and jobs of each field. */
export const organisationsSchema = z.strictObject({ 일반기업: organisationSchema, 병원: organisationSchema });

export type QuestionSet = z.infer<typeof questionSetSchema>;
export type Question = QuestionSet["questions"][number];
export type FollowUp = Question["follow_ups"][number];
export type Phrases = z.infer<typeof phrasesSchema>;
export type Organisations = z.infer<typeof organisationsSchema>;
