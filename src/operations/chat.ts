import { z } from "zod";
import { prepareTurn, replyToTurn } from "../pipelines/interview.ts";
import { answerTurn, interviewAnswer, interviewParams, turnOf } from "./interview-params.ts";
import { defineOperation } from "./operation.ts";

export const chat = defineOperation({
  name: "chat",
  summary: "An interviewer's reply to what a candidate says.",
  description: [
    "Nothing is kept from one request to the next: the caller sends the conversation as `history`. With a language model",
    "(`LLM_API_URL`, then `OPENAI_API_KEY`) the questions of the job go into its prompt; without one the embedded",
    "interviewer asks them itself, in Korean. It opens with a greeting, follows up on words of the answers, and closes",
    "after eleven replies or when the candidate wants to end.",
  ].join("\n"),
  params: z.strictObject({
    ...interviewParams,
    stream: z
      .boolean()
      .default(true)
      .describe("Tell the tokens as they come. Without it a reply that breaks off is begun anew by the next engine."),
  }),
  result: z.strictObject(interviewAnswer),
  limits: ["20,000 code points a message", "the last 100 messages of the history"],
  example: {
    message: "안녕하세요, 반갑습니다.",
    org_type: "일반기업",
    company_name: "삼성전자",
    job_name: "개발엔지니어링",
  },
  heavy: false,
  async run(params, context) {
    const turn = turnOf(params);
    const prepared = await prepareTurn(turn, context);
    const reply = await replyToTurn(turn, prepared, context, (content) => context.emit({ type: "token", content }), {
      held: !params.stream,
    });
    return answerTurn(reply, turn, prepared);
  },
});
