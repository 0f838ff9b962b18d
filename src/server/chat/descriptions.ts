import { z } from "zod";
import { chatAndLipsync } from "../../operations/chat-and-lipsync.ts";
import { interviewAnswer } from "../../operations/interview-params.ts";
import {
  errorEvent,
  lastEventId,
  requestId,
  shownAnswer,
  stageEvents,
  videoAnswer,
  warnings,
} from "../avatar/descriptions.ts";
import { FAILURES, type RouteDescription } from "../openapi/description.ts";
import { chatAndLipsyncFields, chatOnlyFields } from "./chat-fields.ts";

const { response, llm_source, llm_params } = interviewAnswer;
const reply = { response, llm_source, llm_params, warnings };
const INTERVIEW = { history: [], org_type: "일반기업", company_name: "삼성전자", job_name: "개발엔지니어링" };

const chatBody = {
  schema: chatOnlyFields,
  operation: "chat",
  example: { message: "지원 동기를 말씀해주세요", ...INTERVIEW },
} as const;
const spokenBody = {
  schema: chatAndLipsyncFields,
  operation: "chat_and_lipsync",
  example: { message: "안녕하세요", ...INTERVIEW, avatar: "talk_short", quality: "low" },
} as const;

const SESSIONS = [
  "With a `history` the server remembers nothing. Without one it remembers the caller's conversation by a cookie, for half",
  "an hour after its last turn.",
].join(" ");

const token = z.object({ type: z.literal("token"), content: z.string() });
const { elapsed, elapsed_stages: stages } = chatAndLipsync.result.shape;

export const CHAT_ROUTES = {
  chat: {
    api: "interview",
    summary: "The interviewer's reply.",
    details: SESSIONS,
    body: chatBody,
    answers: [{ what: "The reply, and who wrote it.", schema: z.object({ ...reply, request_id: requestId }) }],
    errors: "plain",
    fails: FAILURES.job,
  },
  chatStream: {
    api: "interview",
    summary: "The interviewer's reply, token by token, as server-sent events.",
    details: SESSIONS,
    headers: lastEventId,
    body: chatBody,
    answers: [
      {
        what: "Events, each on one `data: ` line.",
        type: "text/event-stream",
        events: {
          token,
          done: z.object({ type: z.literal("done"), ...reply, request_id: requestId }),
          error: errorEvent,
        },
      },
    ],
    errors: "plain",
    fails: FAILURES.job,
  },
  spoken: {
    api: "interview",
    summary: "The interviewer's reply, as a video of an avatar who says it.",
    details: SESSIONS,
    body: spokenBody,
    answers: [
      {
        what: "The reply, and the video.",
        schema: z.object({
          success: z.literal(true),
          ...reply,
          ...videoAnswer,
          ...shownAnswer,
          elapsed,
          request_id: requestId,
        }),
      },
    ],
    errors: "success",
    fails: FAILURES.job,
  },
  spokenStream: {
    api: "interview",
    summary: "The same as server-sent events: tokens as they are written, stages, and the video.",
    details: SESSIONS,
    headers: lastEventId,
    body: spokenBody,
    answers: [
      {
        what: "Events, each on one `data: ` line. The avatar begins while tokens still arrive.",
        type: "text/event-stream",
        events: {
          "status, llm": z.object({ type: z.literal("status"), stage: z.literal("llm"), message: z.string() }),
          token,
          llm_done: z.object({
            type: z.literal("llm_done"),
            response,
            llm_source,
            elapsed: z.number().describe("Seconds until the reply was written."),
          }),
          ...stageEvents,
          done: z.object({
            type: z.literal("done"),
            ...reply,
            video_url: videoAnswer.video_url,
            ...shownAnswer,
            elapsed: stages,
            request_id: requestId,
          }),
          error: errorEvent,
        },
      },
    ],
    errors: "success",
    fails: FAILURES.job,
  },
  llm: {
    api: "interview",
    summary: "The state of the language model.",
    answers: [
      {
        what: "Whether it answers, and who replies where it does not.",
        schema: z.object({
          status: z.enum(["online", "offline"]),
          model: z.string().nullable(),
          fallback: z.string().nullable(),
          reason: z.string().optional(),
        }),
      },
    ],
    errors: "own",
  },
  clear: {
    api: "interview",
    summary: "Forgets the conversation that the server remembers for the caller.",
    body: { schema: z.object({}), example: {}, optional: true },
    answers: [{ what: "It is forgotten, or there was none.", schema: z.object({ status: z.literal("cleared") }) }],
    errors: "plain",
  },
} as const satisfies Record<string, RouteDescription>;
